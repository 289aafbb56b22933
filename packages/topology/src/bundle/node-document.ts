import { stringify } from "yaml";
import { TopologyError } from "../errors.ts";
import type { PlainDocument } from "../load.ts";
import type { Topology } from "../topology.ts";
import { branchPart } from "./branch-part.ts";
import { hubPart } from "./hub-part.ts";
import type { Mapping } from "./mapping.ts";
import { SecretNames } from "./secret-names.ts";
import type { NodeSecret } from "./secret-names.ts";

export type { NodeSecret } from "./secret-names.ts";

export interface NodeDocumentOptions {
  readonly topology: Topology;
  /** The files that the topology was read from. */
  readonly documents: readonly PlainDocument[];
  /** Id of a hub or branch. */
  readonly node: string;
  /** Where the node keeps what must outlive a restart, on its machine; left to the format's default when absent. */
  readonly dataDirectory?: string;
}

/** The topology file of one node. */
export interface NodeDocument {
  readonly role: "hub" | "branch";
  /** YAML. Every password is named as an environment variable. */
  readonly text: string;
  /** The passwords it names, in the order in which they stand there. */
  readonly secrets: readonly NodeSecret[];
}

/**
 * What one node must know of a federation, as a topology file of its own, which gives this node the very settings that the
 * whole gives it. A branch learns where its hubs are, which numbers among its own belong elsewhere, and what is blocked for
 * its phones: no other branch. A hub learns all but the phones. Throws UNKNOWN_NODE.
 */
export function nodeDocument({ topology, documents, node, dataDirectory }: NodeDocumentOptions): NodeDocument {
  const names = new SecretNames();
  const part = { topology, documents, names };
  const hub = topology.hubs.find(({ id }) => id === node);
  const branch = topology.branches.find(({ id }) => id === node);
  if (hub !== undefined) {
    const text = textOf(
      topology,
      `The file of hub ${node}, made from the whole topology`,
      hubPart(hub, { ...part, dataDirectory }),
    );
    return { role: "hub", text, secrets: names.all() };
  }
  if (branch !== undefined) {
    const heading = `What branch ${node} knows of its federation, made from the whole topology`;
    const text = textOf(topology, heading, branchPart(branch, { ...part, dataDirectory }));
    return { role: "branch", text, secrets: names.all() };
  }
  throw new TopologyError("UNKNOWN_NODE", { role: "any", id: node });
}

function textOf({ federation, signingKeys }: Topology, heading: string, part: Mapping): string {
  const signing = signingKeys.length === 0 ? {} : { signing: { keys: signingKeys } };
  const document = { federation, ...signing, ...part };
  // Aliases would tie together what only happens to be one object here.
  return `# ${heading}: change that one, and make this anew.\n\n${stringify(document, { aliasDuplicateObjects: false, lineWidth: 120 })}`;
}
