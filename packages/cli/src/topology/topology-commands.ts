import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { revisionHeaderSchema } from "@mss/model";
import { topologyApply } from "../commands/topology-apply.ts";
import { topologyCheck } from "../commands/topology-check.ts";
import { topologyHistory } from "../commands/topology-history.ts";
import { topologyPlan } from "../commands/topology-plan.ts";
import { topologyRollback } from "../commands/topology-rollback.ts";
import { topologySchema } from "../commands/topology-schema.ts";
import { topologyShow } from "../commands/topology-show.ts";
import type { ExitStatus } from "../output.ts";
import type { ProgramOptions } from "../program-options.ts";
import type { PublicationFlags } from "./publication-flags.ts";

type Set = (result: Promise<ExitStatus>) => Promise<void>;
type Named = { federation?: string; json: boolean };

const HISTORY_LIMIT = 20;

function count(text: string): number {
  if (!/^\d{1,15}$/.test(text)) {
    throw new InvalidArgumentError("a whole number is needed");
  }
  return Number(text);
}

/** Author or message: what the header of a revision takes. */
function headerText(field: "author" | "message"): (text: string) => string {
  return (text) => {
    const parsed = revisionHeaderSchema.unwrap().shape[field].safeParse(text);
    if (!parsed.success) {
      throw new InvalidArgumentError(parsed.error.issues.map(({ message }) => message).join("; "));
    }
    return text;
  };
}

function addCheck(topology: Command, options: ProgramOptions, set: Set): void {
  topology
    .command("check")
    .description("say everything that is wrong, with file, line and what to write instead")
    .argument("<files...>", "topology files, checked together")
    .option("--secrets", "also look up the secrets and certificates that the files name", false)
    .option("--json", "faults as JSON", false)
    .action((files: string[], flags: { secrets: boolean; json: boolean }) =>
      set(topologyCheck({ ...options, files, ...flags })),
    );
}

function addPlan(topology: Command, options: ProgramOptions, set: Set): void {
  topology
    .command("plan")
    .description("what apply would change, numbers range by range, with its risk")
    .argument("<files...>", "topology files")
    .option("--against <files...>", "compare with these files, and not with what is in force")
    .option("--replay <file>", "past calls, one record as JSON a line: which would go elsewhere")
    .option("--json", "the same as JSON", false)
    .action((files: string[], flags: { against?: string[]; replay?: string; json: boolean }) =>
      set(topologyPlan({ ...options, files, ...flags })),
    );
  topology
    .command("schema")
    .description("the JSON Schema of topology files, for editors")
    .action(() => set(topologySchema(options)));
}

function withPublicationFlags(command: Command): Command {
  return command
    .option("-m, --message <text>", "why, for the history", headerText("message"))
    .option("--author <name>", "who, for the history; the user of this machine when absent", headerText("author"))
    .option("--key <file>", "sign it with this private key (mss key); MSS_KEY_PASSPHRASE, if it is encrypted")
    .option(
      "--force",
      "also when it takes away more than a fifth of the numbers, or is signed by a key of these files that is not in force",
      false,
    )
    .option("--expect <revision>", "only if this revision is in force", count)
    .option("--above <revision>", "number it above this one, which branches have seen and the store has lost", count)
    .option("--json", "what became of it as JSON", false);
}

function addPublication(topology: Command, options: ProgramOptions, set: Set): void {
  withPublicationFlags(
    topology
      .command("apply")
      .description("make the topology of these files the one in force at every hub")
      .argument("<files...>", "topology files"),
  ).action((files: string[], flags: PublicationFlags) => set(topologyApply({ ...options, files, ...flags })));
  withPublicationFlags(
    topology
      .command("rollback")
      .description("publish an old revision again, as a new one")
      .argument("<revision>", "number of the old revision", count)
      .argument("[files...]", "topology files, for the name of the federation")
      .option("--federation <name>", "name of the federation, without files"),
  ).action((revision: number, files: string[], flags: PublicationFlags & { federation?: string }) =>
    set(topologyRollback({ ...options, revision, files, ...flags })),
  );
}

function addHistory(topology: Command, options: ProgramOptions, set: Set): void {
  topology
    .command("history")
    .description("who changed what when; the first line is in force")
    .argument("[files...]", "topology files, for the name of the federation")
    .option("--federation <name>", "name of the federation, without files")
    .option("--limit <n>", "how many revisions", count, HISTORY_LIMIT)
    .option("--json", "as JSON", false)
    .action((files: string[], flags: Named & { limit: number }) =>
      set(topologyHistory({ ...options, files, ...flags })),
    );
  topology
    .command("show")
    .description("one revision with its numbers, or `current`")
    .argument("<revision>", "number of the revision, or current", (text) =>
      text === "current" ? undefined : count(text),
    )
    .argument("[files...]", "topology files, for the name of the federation")
    .option("--federation <name>", "name of the federation, without files")
    .option("--json", "as JSON", false)
    .action((revision: number | undefined, files: string[], flags: Named) =>
      set(topologyShow({ ...options, revision, files, ...flags })),
    );
}

/** `mss topology …`. `set` takes the exit status of the command that was chosen. */
export function addTopologyCommands(program: Command, options: ProgramOptions, set: Set): void {
  const topology = program.command("topology").description("work on the topology: its files, and what is in force");
  addCheck(topology, options, set);
  addPlan(topology, options, set);
  addPublication(topology, options, set);
  addHistory(topology, options, set);
}
