import type { Snapshot, TopologyStore } from "@mss/model";
import type { Logger } from "@mss/runtime";

/** What became of the snapshot of a hub's own file. */
export type SeedOutcome =
  | { readonly kind: "published" | "unchanged"; readonly revision: number }
  /** Another hub published at the same moment; its revision stays. */
  | { readonly kind: "yielded"; readonly revision: number };

/**
 * Publishes the snapshot of the hub's file unless it is the current one. The file of the hub that started last counts;
 * of hubs that start at the same moment the first to publish does, and the others yield. Rejects when the store cannot
 * be reached.
 */
export async function seedTopology(store: TopologyStore, snapshot: Snapshot, log: Logger): Promise<SeedOutcome> {
  const current = await store.current();
  const outcome = await store.publish(snapshot, current?.revision ?? 0);
  if (outcome.kind === "conflict") {
    log.warn({ revision: outcome.revision }, "another hub published a topology first, and it stays");
    return { kind: "yielded", revision: outcome.revision };
  }
  if (outcome.kind === "published") {
    log.info({ revision: outcome.revision, hash: snapshot.hash }, "topology published");
  }
  return outcome;
}
