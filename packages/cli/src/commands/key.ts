import { keyId } from "@mss/topology";
import type { Config } from "../config.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import { createKeyFile, readKeyFile } from "../signing/key-file.ts";

export interface KeyOptions {
  readonly action: "create" | "show";
  readonly file: string;
  readonly json: boolean;
  readonly config: Config;
  readonly output: Output;
}

/** `mss key create`, `mss key show`: the key that signs topologies. Prints its public half, and what to do with it. */
export async function key({ action, file, json, config, output }: KeyOptions): Promise<ExitStatus> {
  const passphrase = config.keyPassphrase;
  const outcome = await (action === "create" ? createKeyFile(file, passphrase) : readKeyFile(file, passphrase));
  if (outcome.kind === "unusable") {
    output.err(`${outcome.text}\n`);
    return EXIT.usage;
  }
  const { publicKey } = outcome.key;
  if (json) {
    output.out(`${JSON.stringify({ publicKey, keyId: keyId(publicKey), file }, undefined, 2)}\n`);
    return EXIT.ok;
  }
  output.out(`${publicKey}\n`);
  if (action === "create") {
    const protection = passphrase === undefined ? "nobody else may read it" : "it is encrypted with MSS_KEY_PASSPHRASE";
    output.err(
      `The private key is in ${file}; ${protection}. Keep it where topologies are published from, and on no node.\n` +
        "In the topology file of every node:\n" +
        `  signing: { keys: [${publicKey}] }\n` +
        `Then: mss topology apply FILE... --key ${file}\n`,
    );
  }
  return EXIT.ok;
}
