import { readFile } from "node:fs/promises";
import { resolveSecrets } from "@mss/topology";
import type { ResolvedSecrets, Topology } from "@mss/topology";

export interface FindSecretsOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Only what this node needs; everything when absent. */
  readonly node?: string;
}

/** The passwords that a topology names, as this process can see them. */
export function findSecrets(topology: Topology, { environment, node }: FindSecretsOptions): Promise<ResolvedSecrets> {
  return resolveSecrets(topology, {
    env: environment,
    readFile: (file) => readFile(file, "utf8"),
    ...(node === undefined ? {} : { node }),
  });
}
