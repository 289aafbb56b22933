import { compileHubPlan, compileNumbers, formatRuleConflict, formatRuleName, shareColumns } from "@mss/dial-plan";
import type { CompiledHubPlan, DialPlanColumns, HubPlan } from "@mss/dial-plan";
import type { BranchId, HubId, RateSettings, Snapshot } from "@mss/model";
import { HubError } from "./errors.ts";

/** One revision of the topology, ready to route by. Immutable; a new revision makes a new one. */
export interface RoutingPlan {
  readonly revision: number;
  readonly hash: string;
  readonly calls: HubPlan<BranchId>;
  /** Whose the numbers are, for another thread; the plan is made of the same memory. */
  readonly owners: DialPlanColumns<BranchId>;
  /** All hubs of the federation. */
  readonly hubs: readonly HubId[];
  /** Calls at once on a branch's trunk; undefined: no limit. */
  maxCalls(branch: BranchId): number | undefined;
  /** New calls a second on it; undefined: no limit. */
  callRate(branch: BranchId): RateSettings | undefined;
}

/** The owners of all numbers, the large part of a plan, as data that threads share. Throws as `compileRoutingPlan`. */
export function compileOwners(snapshot: Snapshot): DialPlanColumns<BranchId> {
  const compiled = compileNumbers<BranchId>(snapshot);
  if (compiled.kind !== "compiled") {
    throw refusalOf(compiled);
  }
  return shareColumns(compiled.columns);
}

/**
 * Throws `PLAN_REFUSED` for a text that is no pattern, calendar or condition, and for rules that are equally exact. With
 * `owners`, which were compiled before, the snapshot may be without the numbers of its branches.
 */
export function compileRoutingPlan({
  revision,
  snapshot,
  owners = compileOwners(snapshot),
}: {
  readonly revision: number;
  readonly snapshot: Snapshot;
  readonly owners?: DialPlanColumns<BranchId>;
}): RoutingPlan {
  const compiled = compileHubPlan<BranchId>(snapshot, owners);
  if (compiled.kind !== "compiled") {
    throw refusalOf(compiled);
  }
  const limits = new Map(snapshot.branches.map(({ id, maxCalls }) => [id, maxCalls]));
  const rates = new Map(snapshot.branches.map(({ id, callRate }) => [id, callRate]));
  return {
    revision,
    hash: snapshot.hash,
    calls: compiled.plan,
    owners,
    hubs: snapshot.hubs.map(({ id }) => id),
    maxCalls: (branch) => limits.get(branch),
    callRate: (branch) => rates.get(branch),
  };
}

function refusalOf(compiled: Exclude<CompiledHubPlan<BranchId>, { kind: "compiled" }>): HubError {
  if (compiled.kind === "invalid") {
    const { rule, text, reason } = compiled;
    return new HubError("PLAN_REFUSED", { rule: formatRuleName(rule), text, reason });
  }
  return new HubError("PLAN_REFUSED", { conflicts: compiled.conflicts.map(formatRuleConflict) });
}
