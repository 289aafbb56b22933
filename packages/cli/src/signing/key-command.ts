import type { Command } from "commander";
import { key } from "../commands/key.ts";
import type { ExitStatus } from "../output.ts";
import type { ProgramOptions } from "../program-options.ts";

/** Adds `mss key` to the program. */
export function addKeyCommand(
  program: Command,
  options: ProgramOptions,
  set: (result: Promise<ExitStatus>) => Promise<void>,
): void {
  const command = program.command("key").description("the key that signs topologies (Ed25519)");
  const actions = {
    create: "make a new private key, and print its public key; a file that is there is left as it is",
    show: "print the public key of a private key",
  } as const;
  for (const action of ["create", "show"] as const) {
    command
      .command(action)
      .description(actions[action])
      .argument("<file>", "file of the private key (PEM); MSS_KEY_PASSPHRASE encrypts it")
      .option("--json", "as JSON", false)
      .action((file: string, flags: { json: boolean }) => set(key({ ...options, ...flags, action, file })));
  }
}
