import { Command, CommanderError, InvalidArgumentError } from "commander";
import { addBundleCommand } from "./bundle/bundle-command.ts";
import { addCdrCommand } from "./cdr/cdr-command.ts";
import { addCertCommand } from "./cert/cert-command.ts";
import { demo } from "./commands/demo.ts";
import { explain } from "./commands/explain.ts";
import { run } from "./commands/run.ts";
import { EXIT } from "./output.ts";
import type { ExitStatus } from "./output.ts";
import type { ProgramOptions } from "./program-options.ts";
import { addKeyCommand } from "./signing/key-command.ts";
import { addTopologyCommands } from "./topology/topology-commands.ts";

const DRAIN_SECONDS = 60;

/** Of the listen port 5060 the workers have 5071, 5072 and so on: beside 5061, which is that of TLS. */
const WORKER_PORTS = 10;
const MAX_WORKERS = 64;

interface RunFlags {
  readonly node?: string;
  readonly drainSeconds: number;
  readonly workers?: number;
  readonly workerPorts: number;
}

function workerCount(text: string): number {
  if (!/^[1-9]\d?$/.test(text) || Number(text) > MAX_WORKERS) {
    throw new InvalidArgumentError(`a whole number from 1 to ${MAX_WORKERS} is needed`);
  }
  return Number(text);
}

function portOffset(text: string): number {
  if (!/^\d{1,5}$/.test(text)) {
    throw new InvalidArgumentError("a whole number is needed, such as 10");
  }
  return Number(text);
}

function seconds(text: string): number {
  if (!/^\d{1,5}$/.test(text)) {
    throw new InvalidArgumentError("a whole number of seconds is needed");
  }
  return Number(text);
}

/** The `mss` command line: takes the arguments after the command's name, resolves with the exit status. */
export function createProgram(options: ProgramOptions): (args: readonly string[]) => Promise<ExitStatus> {
  const { output } = options;
  let status: ExitStatus = EXIT.ok;
  const set = async (result: Promise<ExitStatus>): Promise<void> => {
    status = await result;
  };
  const program = new Command("mss")
    .description("Multi-branch SIP federation: a branch (L-MSS) in each office, a hub (T-MSS) between them.")
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.err });

  program
    .command("demo")
    .description("hub and two branches in this process, with real calls between them")
    .option("--once", "end after the calls; exit status 0 only if all were answered", false)
    .option("--json", "one JSON object per call: from, to, path, setupMs, result", false)
    .action((flags: { once: boolean; json: boolean }) => set(demo({ ...options, file: options.demoFile, ...flags })));

  program
    .command("run")
    .description("run every node of a topology, or one of them, until SIGTERM")
    .argument("<files...>", "topology files")
    .option("--node <id>", "run this hub or branch only")
    .option("--drain-seconds <n>", "how long calls may go on after SIGTERM", seconds, DRAIN_SECONDS)
    .option("--workers <n>", "run a hub in so many processes, one for each core", workerCount)
    .option(
      "--worker-ports <n>",
      "worker 1 is also reached at the listen ports plus n + 1, and so on",
      portOffset,
      WORKER_PORTS,
    )
    .action((files: string[], flags: RunFlags) =>
      set(run({ ...options, files, ...flags, workers: flags.workers ?? options.config.workers ?? 1 })),
    );

  addTopologyCommands(program, options, set);
  addCertCommand(program, options, set);
  addKeyCommand(program, options, set);
  addBundleCommand(program, options, set);
  addCdrCommand(program, options, set);

  program
    .command("explain")
    .description("say where a call would go, and why")
    .argument("<from>", "calling number")
    .argument("<to>", "dialled number")
    .requiredOption("--file <files...>", "topology files")
    .option("--at <time>", 'when, by the clock of the caller: "sat 23:00", "2026-11-28 23:00", or ISO 8601 with a zone')
    .option(
      "--hub <id>",
      "ask this hub as it runs, on its machine: by the plan in force, with its trunks and their calls",
    )
    .option("--branch <id>", "whose extension calls, where the number alone does not say it")
    .option("--json", "the same as JSON", false)
    .action(
      (
        from: string,
        to: string,
        flags: { file: string[]; at?: string; branch?: string; hub?: string; json: boolean },
      ) => set(explain({ ...options, from, to, files: flags.file, ...flags })),
    );

  return async (args) => {
    try {
      await program.parseAsync([...args], { from: "user" });
      return status;
    } catch (error) {
      if (error instanceof CommanderError) {
        return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      }
      throw error;
    }
  };
}
