import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Logger, Part } from "@mss/runtime";

const OWNER_ONLY = 0o600;
const TOKEN_BYTES = 32;

/**
 * Who may read the data directory of the hub may ask it about its plan: the token is in a file there, for its owner alone,
 * another one after each start. Without it nobody is let in, and calls do not wait for it.
 */
export class OperatorToken implements Part {
  readonly #file: string;
  readonly #log: Logger;
  #digest: Buffer | undefined;

  constructor(options: { readonly directory: string; readonly hub: string; readonly log: Logger }) {
    this.#file = path.join(options.directory, `${options.hub}.token`);
    this.#log = options.log;
  }

  /** Of the `Authorization` header (RFC 6750 §2.1); compared in constant time. */
  admits(authorization: string | undefined): boolean {
    const given = /^Bearer ([\w-]{1,128})$/i.exec(authorization ?? "")?.[1] ?? "";
    return this.#digest !== undefined && timingSafeEqual(digestOf(given), this.#digest);
  }

  async start(): Promise<void> {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    try {
      await mkdir(path.dirname(this.#file), { recursive: true });
      await writeFile(`${this.#file}.new`, `${token}\n`, { mode: OWNER_ONLY });
      await rename(`${this.#file}.new`, this.#file);
      this.#digest = digestOf(token);
    } catch (error) {
      this.#log.warn({ err: error, file: this.#file }, "nobody can ask this hub to explain calls");
    }
  }

  async stop(): Promise<void> {
    if (this.#digest !== undefined) {
      this.#digest = undefined;
      await rm(this.#file, { force: true });
    }
  }
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
