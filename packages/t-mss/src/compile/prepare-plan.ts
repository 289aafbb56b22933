import { dialPlanOf } from "@mss/dial-plan";
import type { DialPlanColumns } from "@mss/dial-plan";
import type { BranchId, SealedRevision, Snapshot } from "@mss/model";
import { hasCode } from "@mss/runtime";
import { openRevision, takesManyNumbers } from "@mss/topology";
import { compileOwners, compileRoutingPlan } from "../routing-plan.ts";

/** A revision that is to be put in force, and what decides whether it may be. The parts of branches do not matter here. */
export interface PlanTask {
  readonly candidate: SealedRevision;
  /** Whose numbers it must not take away; absent: it may. */
  readonly owners?: DialPlanColumns<BranchId>;
  readonly federation: string;
  /** Who may sign; empty: signatures are not asked for. */
  readonly trustedKeys: readonly string[];
}

export type PreparedPlan =
  | {
      readonly kind: "prepared";
      /** The snapshot without the numbers of its branches, which are in `owners`. */
      readonly outline: Snapshot;
      readonly owners: DialPlanColumns<BranchId>;
    }
  | { readonly kind: "refused"; readonly reason: string; readonly details?: Readonly<Record<string, unknown>> };

/** All the work that grows with the plan: opens, checks, compares and compiles it. Plain data in and out, for any thread. */
export function preparePlan({ candidate, owners: before, ...trust }: PlanTask): PreparedPlan {
  const opened = openRevision(candidate, trust);
  if (opened.kind === "refused") {
    return { kind: "refused", reason: opened.reason };
  }
  const { snapshot } = opened.revision;
  const { revision } = candidate.header;
  try {
    const owners = compileOwners(snapshot);
    compileRoutingPlan({ revision, snapshot, owners }); // its routes and calendars, too
    return before !== undefined && takesManyNumbers(dialPlanOf(before), dialPlanOf(owners))
      ? { kind: "refused", reason: "it takes many numbers away without force" }
      : { kind: "prepared", outline: outlineOf(snapshot), owners };
  } catch (error) {
    if (!hasCode(error, "PLAN_REFUSED")) {
      throw error;
    }
    return { kind: "refused", reason: "it makes no dial plan", details: error.details };
  }
}

/** What a hub keeps of a snapshot beside the compiled owners. */
export function outlineOf(snapshot: Snapshot): Snapshot {
  return { ...snapshot, branches: snapshot.branches.map((branch) => ({ ...branch, numbers: [] })) };
}
