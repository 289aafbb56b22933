import type { Command } from "commander";
import { bundle } from "../commands/bundle.ts";
import type { ExitStatus } from "../output.ts";
import type { ProgramOptions } from "../program-options.ts";

interface BundleFlags {
  readonly file: string[];
  readonly out?: string;
  readonly archive: boolean;
  readonly software?: string;
  readonly data?: string;
  readonly secrets: boolean;
  readonly force: boolean;
  readonly json: boolean;
}

/** Adds `mss bundle` to the program. */
export function addBundleCommand(
  program: Command,
  options: ProgramOptions,
  set: (result: Promise<ExitStatus>) => Promise<void>,
): void {
  program
    .command("bundle")
    .description("all that the machine of one branch or hub needs, and nothing of the others")
    .argument("<node>", "id of a branch or hub")
    .requiredOption("--file <files...>", "topology files")
    .option("--out <path>", "where to: a directory, or a file that ends in .tar.gz; default: mss-NODE here")
    .option("--archive", "a .tar.gz instead of a directory", false)
    .option("--software <file>", "put this archive of the software in, as npm run package makes it")
    .option(
      "--data <directory>",
      "where the node keeps its database or copy on its machine; default: /var/lib/mss/NODE",
    )
    .option("--no-secrets", "leave the passwords out: they are put in on the machine")
    .option("--force", "replace an older bundle of this node", false)
    .option("--json", "what was written, as JSON", false)
    .action((node: string, { file, ...flags }: BundleFlags) =>
      set(bundle({ ...options, ...flags, node, files: file })),
    );
}
