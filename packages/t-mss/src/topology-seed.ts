import type { BranchPartBody, SealedRevision, Snapshot, TopologyStore } from "@mss/model";
import type { Logger } from "@mss/runtime";
import { applyTopology } from "@mss/topology";

export interface SeedOptions {
  readonly store: TopologyStore;
  /** Of the hub's own file. */
  readonly snapshot: Snapshot;
  /** What each branch gets of it. */
  readonly parts: readonly BranchPartBody[];
  /** Author of the revision. */
  readonly hub: string;
  readonly log: Logger;
}

/**
 * Publishes the snapshot of the hub's file as the first revision of a store that has none. Of hubs that start at the
 * same moment the first to publish counts: the others get undefined, and follow. Rejects when the store cannot be
 * reached.
 */
export async function seedTopology({
  store,
  snapshot,
  parts,
  hub,
  log,
}: SeedOptions): Promise<SealedRevision | undefined> {
  const outcome = await applyTopology({
    store,
    snapshot,
    parts,
    signingKeys: [],
    author: hub,
    message: "first topology, from the file of this hub",
    force: false,
    expectedRevision: 0,
    now: new Date(),
  });
  if (outcome.kind !== "published") {
    return undefined;
  }
  log.info({ revision: outcome.sealed.header.revision, hash: snapshot.hash }, "topology published");
  return outcome.sealed;
}
