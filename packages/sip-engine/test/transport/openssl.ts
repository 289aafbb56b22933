import { spawn } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";
import type { HostPort } from "../../src/transport/types.ts";

/** The reason why tests that need the openssl command are skipped here; false where it is installed. */
export function skipWithoutOpenssl(): string | false {
  return process.env["MSS_SKIP_OPENSSL"] ?? false;
}

export interface ClientOutcome {
  /** Everything that `openssl s_client` has written. */
  readonly output: string;
  /** 0 when it shook hands and ended by itself. */
  readonly status: number;
}

/** `openssl s_client` against that address, with `input` as what is typed; ended with the input. */
export async function opensslClient(
  t: TestContext,
  to: HostPort,
  { options, input = "" }: { readonly options: readonly string[]; readonly input?: string },
): Promise<ClientOutcome> {
  const child = spawn("openssl", ["s_client", "-connect", `${to.host}:${to.port}`, ...options]);
  t.after(() => child.kill("SIGKILL"));
  let output = "";
  const take = (bytes: Buffer): void => {
    output += bytes.toString("latin1");
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  child.stdin.on("error", () => undefined); // it may be gone before it reads
  child.stdin.end(input);
  const exit: readonly unknown[] = await once(child, "close");
  return { output, status: Number(exit[0]) };
}
