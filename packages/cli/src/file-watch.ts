import { stat } from "node:fs/promises";
import type { Part } from "@mss/runtime";

/** A change is told within this time: as soon as certificates are. */
const INTERVAL_MS = 1_000;

/** Tells when one of some files has changed. They are looked at by size and time, since they may be links into a mount. */
export class FileWatch implements Part {
  readonly #files: () => readonly string[];
  readonly #onChange: () => void;
  #seen: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(files: () => readonly string[], onChange: () => void) {
    this.#files = files;
    this.#onChange = onChange;
  }

  async start(): Promise<void> {
    this.#seen = await this.#state();
    this.#timer = setInterval(() => void this.#look(), INTERVAL_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const state = await this.#state();
    if (state !== this.#seen) {
      this.#seen = state;
      this.#onChange();
    }
  }

  async #state(): Promise<string> {
    const parts = await Promise.all(
      this.#files().map((file) =>
        stat(file).then(
          ({ mtimeMs, size, ino }) => `${file} ${mtimeMs} ${size} ${ino}`,
          () => `${file} none`,
        ),
      ),
    );
    return parts.join("\n");
  }
}
