import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { KEY_TYPES } from "@mss/certificates";
import type { KeyType } from "@mss/certificates";
import type { ExitStatus } from "../output.ts";
import type { ProgramOptions } from "../program-options.ts";

const DAYS = 730;
const MAX_DAYS = 3_650;

interface CertFlags {
  readonly node: string[];
  readonly days: number;
  readonly keyType: KeyType;
  readonly force: boolean;
  readonly renew: boolean;
  readonly newAuthority: boolean;
  readonly check: boolean;
  readonly json: boolean;
}

function days(text: string): number {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > MAX_DAYS) {
    throw new InvalidArgumentError(`a number of days from 1 to ${MAX_DAYS} is needed`);
  }
  return number;
}

/** Adds `mss cert` to the program. */
export function addCertCommand(
  program: Command,
  options: ProgramOptions,
  set: (result: Promise<ExitStatus>) => Promise<void>,
): void {
  program
    .command("cert")
    .description("certificates for TLS: makes an authority and one certificate for each node; makes none twice")
    .argument("<files...>", "topology files")
    .option("--node <id>", "this hub or branch only; may be repeated", (id: string, ids: string[]) => [...ids, id], [])
    .option("--days <n>", "how long new node certificates are valid", days, DAYS)
    .addOption(new Option("--key-type <type>", "rsa is for old phones").choices(KEY_TYPES).default("ec"))
    .option("--renew", "make again what expires within 30 days, or does not fit the topology any more", false)
    .option("--force", "make again what is there, whatever it is", false)
    .option("--new-authority", "begin a new authority beside the old one; node certificates stay as they are", false)
    .option(
      "--check",
      "only say what is there and how many days are left; exit status 1 when something must be done",
      false,
    )
    .option("--json", "the same as JSON", false)
    .action(async (files: string[], { node, ...flags }: CertFlags) => {
      // What issues certificates is loaded for those who ask for it, and for no call.
      const { cert } = await import("../commands/cert.ts");
      await set(cert({ ...options, ...flags, files, nodes: node }));
    });
}
