import type { SealedRevision, TopologyStore } from "@mss/model";
import { forksFrom, revisionDigest } from "@mss/topology";

/** Further back nobody looks: a hub that was away for so many changes takes the newest. */
const MAX_STEPS = 200;

/**
 * Whether a revision was made on top of the one that is known. `forks` is proven: both come after some older one, so that
 * what the known one changed is missing, as when a failover lost it and somebody published anew. `unknown`: the store
 * lacks what lies between. Rejects when the store cannot be reached.
 */
export async function lineageOf(
  candidate: SealedRevision,
  known: SealedRevision,
  store: Pick<TopologyStore, "read">,
): Promise<"follows" | "forks" | "unknown"> {
  let at = candidate;
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const { previous } = at.header;
    if (previous === undefined) {
      return "unknown";
    }
    if (previous.revision <= known.header.revision) {
      return forksFrom(at.header, known.header) ? "forks" : "follows";
    }
    const before = await store.read(previous.revision);
    if (before === undefined || revisionDigest(before.texts.header) !== previous.digest) {
      return "unknown";
    }
    at = before;
  }
  return "unknown";
}
