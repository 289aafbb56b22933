import path from "node:path";
import { silentLog } from "@mss/runtime";
import { connectRedis, readCallJournal } from "@mss/store";
import { createProgram } from "../../src/program.ts";

export interface ProgramResult {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** The command line in this process: a process for each of many commands would take most of a test's time. */
export async function runProgram(
  args: readonly string[],
  redisUrl?: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<ProgramResult> {
  const written = { out: "", err: "" };
  const never = new Promise<string>(() => undefined);
  const program = createProgram({
    config: redisUrl === undefined ? {} : { redisUrl },
    environment,
    demoFile: "",
    deployFolder: path.join(import.meta.dirname, "../../../../deploy"),
    user: "tester@here",
    openStore: (federation) =>
      redisUrl === undefined ? undefined : connectRedis({ url: redisUrl, federation, log: silentLog() }),
    openJournal: (file) => readCallJournal({ file, log: silentLog() }),
    output: {
      out: (text) => void (written.out += text),
      err: (text) => void (written.err += text),
    },
    forkWorker: () => {
      throw new Error("no test of this kind starts a worker");
    },
    stopSignal: { first: never, second: never },
    reloadSignal: () => undefined,
  });
  const status = await program(args);
  return { status, ...written };
}
