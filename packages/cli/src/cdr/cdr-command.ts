import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { cdr } from "../commands/cdr.ts";
import type { CdrFlags } from "../commands/cdr.ts";
import type { ExitStatus } from "../output.ts";
import type { ProgramOptions } from "../program-options.ts";
import { timeOf } from "./record-filter.ts";
import { RECORD_FORMATS } from "./record-format.ts";

function time(text: string): number {
  const found = timeOf(text, Date.now());
  if (found === undefined) {
    throw new InvalidArgumentError("such as 24h, 7d, 2026-11-28 or 2026-11-28T09:00:00Z");
  }
  return found;
}

function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new InvalidArgumentError("a whole number above 0 is needed");
  }
  return Number(text);
}

function session(text: string): string {
  if (!/^[0-9a-f]{4,32}$/.test(text)) {
    throw new InvalidArgumentError("a Session-ID, or at least its first four digits");
  }
  return text;
}

/** `mss cdr …`. `set` takes the exit status. */
export function addCdrCommand(
  program: Command,
  options: ProgramOptions,
  set: (status: Promise<ExitStatus>) => Promise<void>,
): void {
  program
    .command("cdr")
    .description("call records of all nodes from the Redis of the hubs, or of one node from its own file")
    .argument("[files...]", "topology files, for the name of the federation")
    .option("--federation <name>", "name of the federation, without files")
    .option("--journal <file>", "the SQLite file of a branch or a hub, instead of Redis")
    .option("--since <time>", "calls that began since: 24h, 7d, 2026-11-28, 2026-11-28T09:00:00Z", time, time("24h"))
    .option("--until <time>", "calls that began before", time)
    .option("--branch <id>", "of that branch, and of hubs about its calls")
    .option("--node <id>", "written by that node")
    .option("--call <id>", "of one call: its Session-ID, or the beginning of it", session)
    .option("--number <number>", "from or to that number")
    .option("--joined", "one line for each call, with what all nodes say of it", false)
    .option("--limit <n>", "how many lines at most", count)
    .option("--follow", "go on with what comes, until interrupted", false)
    .addOption(new Option("--format <format>", "how it is written").choices(RECORD_FORMATS).default("table"))
    .action((files: string[], flags: CdrFlags) => set(cdr({ ...options, files, ...flags })));
}
