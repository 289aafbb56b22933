import { compileOwnership, formatConflict } from "@mss/dial-plan";
import type { DialPlan } from "@mss/dial-plan";
import type { BranchId, Snapshot } from "@mss/model";
import { HubError } from "./errors.ts";

/** One revision of the topology, ready to route by. Immutable; a new revision makes a new one. */
export interface RoutingPlan {
  readonly revision: number;
  readonly hash: string;
  readonly numbers: DialPlan<BranchId>;
  /** Calls at once on a branch's trunk; undefined: no limit. */
  maxCalls(branch: BranchId): number | undefined;
}

/** Throws `PLAN_REFUSED` for a pattern that is none and for numbers that two branches own alike. */
export function compileRoutingPlan({
  revision,
  snapshot,
}: {
  readonly revision: number;
  readonly snapshot: Snapshot;
}): RoutingPlan {
  const compiled = compileOwnership(snapshot.branches.map(({ id, numbers }) => ({ numbers, target: id })));
  if (compiled.kind === "invalid") {
    const { target: branch, text: pattern, reason } = compiled;
    throw new HubError("PLAN_REFUSED", { branch, pattern, reason });
  }
  if (compiled.kind === "conflicting") {
    const conflicts = compiled.conflicts.map((conflict) => formatConflict(conflict, (branch) => branch));
    throw new HubError("PLAN_REFUSED", { conflicts });
  }
  const limits = new Map(snapshot.branches.map(({ id, maxCalls }) => [id, maxCalls]));
  return { revision, hash: snapshot.hash, numbers: compiled.plan, maxCalls: (branch) => limits.get(branch) };
}
