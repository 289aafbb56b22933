import {
  branchParts,
  branchSettings,
  checkCertificates,
  hubSettings,
  loadTopology,
  secretFilesOf,
  toSnapshot,
} from "@mss/topology";
import type { Topology } from "@mss/topology";
import { faultText } from "./fault-text.ts";
import { findSecrets } from "./find-secrets.ts";
import type { NodeSet } from "./nodes.ts";

export interface LoadNodesOptions {
  readonly files: readonly string[];
  /** Id of the one node to run; all of them when absent. */
  readonly node?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A drachtio-server has TLS of its own configuration: our certificates are not looked at. */
  readonly withoutTls?: boolean;
}

export type LoadedNodes =
  | { readonly kind: "ok"; readonly nodes: NodeSet; readonly warnings: string }
  /** `text` is what a person is told: every fault with its place. */
  | { readonly kind: "faulty"; readonly text: string };

/** Topology files to the settings of the nodes to run, secrets resolved for these nodes alone. */
export async function loadNodes({
  files,
  node,
  environment,
  withoutTls = false,
}: LoadNodesOptions): Promise<LoadedNodes> {
  const loaded = await loadTopology(files);
  if (loaded.kind === "faulty") {
    return { kind: "faulty", text: faultText(loaded.faults) };
  }
  const { topology } = loaded;
  const chosen = chooseNodes(topology, node);
  if (chosen === undefined) {
    const ids = [...topology.hubs, ...topology.branches].map(({ id }) => id).join(", ");
    return { kind: "faulty", text: `${files.join(" ")}: there is no node ${node ?? ""}; the nodes are ${ids}\n` };
  }
  const resolved = await findSecrets(topology, { environment, ...(node === undefined ? {} : { node }) });
  if (resolved.kind === "faulty") {
    return { kind: "faulty", text: faultText(resolved.faults) };
  }
  const { faults, warnings } = await checkCertificates(topology, node === undefined ? {} : { node });
  if (faults.length > 0 && !withoutTls) {
    return { kind: "faulty", text: faultText(faults) };
  }
  const { secrets } = resolved;
  return {
    kind: "ok",
    nodes: {
      hubs: chosen.hubs.map((hub) => hubSettings(topology, hub.id, secrets)),
      branches: chosen.branches.map((branch) => branchSettings(topology, branch.id, secrets)),
      snapshot: toSnapshot(topology),
      parts: branchParts(topology),
      secretFiles: secretFilesOf(topology, node),
    },
    warnings: faultText([...loaded.warnings, ...resolved.warnings, ...(withoutTls ? [] : warnings)]),
  };
}

function chooseNodes(topology: Topology, node: string | undefined): Pick<Topology, "hubs" | "branches"> | undefined {
  if (node === undefined) {
    return topology;
  }
  const hubs = topology.hubs.filter(({ id }) => id === node);
  const branches = topology.branches.filter(({ id }) => id === node);
  return hubs.length + branches.length === 0 ? undefined : { hubs, branches };
}
