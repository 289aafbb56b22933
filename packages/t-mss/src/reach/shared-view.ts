import { branchReachSchema } from "@mss/model";
import type { BranchId, BranchReach } from "@mss/model";
import { fieldsOf } from "@mss/runtime";
import type { WorkerGroup } from "@mss/runtime";

const TOPIC = "reach";
/** Views are told once a second: a worker that has told nothing for so long has ended. */
const BELIEVED_MS = 3_500;

/**
 * What all processes of a hub reach together: each call tells the others what this one reaches. A branch that one reaches is
 * reached, whatever another one has found before the branch came to that one.
 */
export function sharedView(
  group: WorkerGroup | undefined,
  view: () => readonly BranchReach[],
): () => readonly BranchReach[] {
  if (group === undefined) {
    return view;
  }
  const others = new Map<number, { readonly branches: readonly BranchReach[]; readonly at: number }>();
  group.onTold(TOPIC, (value) => {
    const { worker, branches } = fieldsOf(value);
    others.set(Number(worker), { branches: branchReachSchema.array().parse(branches), at: performance.now() });
  });
  return () => {
    const own = view();
    group.tell(TOPIC, { worker: group.worker, branches: own });
    const since = performance.now() - BELIEVED_MS;
    const all = [own, ...[...others.values()].filter(({ at }) => at > since).map(({ branches }) => branches)].flat();
    const byBranch = new Map<BranchId, BranchReach>();
    for (const reach of all) {
      if (byBranch.get(reach.branch)?.state !== "up") {
        byBranch.set(reach.branch, reach);
      }
    }
    return [...byBranch.values()];
  };
}
