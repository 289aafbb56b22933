import type { TopologyStore } from "@mss/model";
import type { PublicationOptions, SigningKey } from "@mss/topology";
import type { Config } from "../config.ts";
import type { Output } from "../output.ts";
import { readKeyFile } from "../signing/key-file.ts";
import type { OpenStore } from "./federation-store.ts";

/** What `apply` and `rollback` have in common on the command line. */
export interface PublicationFlags {
  readonly message?: string;
  readonly author?: string;
  readonly force: boolean;
  /** The revision that was current when the change was decided. */
  readonly expect?: number;
  readonly above?: number;
  /** File of the private key that signs it. */
  readonly key?: string;
  readonly json: boolean;
}

export interface PublicationCommand extends PublicationFlags {
  /** Who runs the command; author unless another is named. */
  readonly user: string;
  readonly config: Config;
  readonly openStore: OpenStore;
  readonly output: Output;
}

/** The key of `--key`. `kind: "unusable"` has been told. */
export async function signingKeyOf({
  key,
  config,
  output,
}: Pick<PublicationCommand, "key" | "config" | "output">): Promise<
  { readonly kind: "signer"; readonly signer?: SigningKey } | { readonly kind: "unusable" }
> {
  if (key === undefined) {
    return { kind: "signer" };
  }
  const read = await readKeyFile(key, config.keyPassphrase);
  if (read.kind === "unusable") {
    output.err(`${read.text}\n`);
    return { kind: "unusable" };
  }
  return { kind: "signer", signer: read.key };
}

export function publicationOf(
  command: PublicationCommand,
  { store, signer }: { readonly store: TopologyStore; readonly signer?: SigningKey | undefined },
): PublicationOptions {
  const { author, user, message, force, expect, above } = command;
  return {
    store,
    author: author ?? user,
    message: message ?? "",
    force,
    ...(expect === undefined ? {} : { expectedRevision: expect }),
    ...(above === undefined ? {} : { above }),
    ...(signer === undefined ? {} : { key: signer }),
    now: new Date(),
  };
}
