import { loadTopology } from "@mss/topology";
import { faultText } from "../fault-text.ts";
import type { Output } from "../output.ts";

export interface FederationFlags {
  /** Topology files, of which only the federation's name counts here. */
  readonly files: readonly string[];
  readonly federation?: string;
}

/** Which federation a command is about: by name, or as its files say. Undefined when neither says it; that has been told. */
export async function findFederation(
  { files, federation }: FederationFlags,
  output: Output,
): Promise<string | undefined> {
  if (federation !== undefined) {
    return federation;
  }
  if (files.length === 0) {
    output.err("error: name the federation: a topology file, or --federation NAME\n");
    return undefined;
  }
  const loaded = await loadTopology(files);
  if (loaded.kind === "faulty") {
    output.err(faultText(loaded.faults));
    return undefined;
  }
  return loaded.topology.federation;
}
