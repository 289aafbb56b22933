import { compileHubPlan, formatRuleConflict, formatRuleName } from "@mss/dial-plan";
import type { HubPlan } from "@mss/dial-plan";
import type { BranchId, Snapshot } from "@mss/model";
import { HubError } from "./errors.ts";

/** One revision of the topology, ready to route by. Immutable; a new revision makes a new one. */
export interface RoutingPlan {
  readonly revision: number;
  readonly hash: string;
  readonly calls: HubPlan<BranchId>;
  /** Calls at once on a branch's trunk; undefined: no limit. */
  maxCalls(branch: BranchId): number | undefined;
}

/** Throws `PLAN_REFUSED` for a text that is no pattern, calendar or condition, and for rules that are equally exact. */
export function compileRoutingPlan({
  revision,
  snapshot,
}: {
  readonly revision: number;
  readonly snapshot: Snapshot;
}): RoutingPlan {
  const compiled = compileHubPlan<BranchId>(snapshot);
  if (compiled.kind === "invalid") {
    const { rule, text, reason } = compiled;
    throw new HubError("PLAN_REFUSED", { rule: formatRuleName(rule), text, reason });
  }
  if (compiled.kind === "conflicting") {
    throw new HubError("PLAN_REFUSED", { conflicts: compiled.conflicts.map(formatRuleConflict) });
  }
  const limits = new Map(snapshot.branches.map(({ id, maxCalls }) => [id, maxCalls]));
  return { revision, hash: snapshot.hash, calls: compiled.plan, maxCalls: (branch) => limits.get(branch) };
}
