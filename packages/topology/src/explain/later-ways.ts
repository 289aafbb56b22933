import { PublicNumbers } from "@mss/dial-plan";
import type { HubPlan, HubTarget } from "@mss/dial-plan";
import type { BranchId, SnapshotBranch } from "@mss/model";
import type { CallQuestion } from "./call-question.ts";

export interface LaterWays {
  /** Branches that are called straight. */
  readonly straight: readonly HubTarget<BranchId>[];
  /** Absent: no carrier line carries it. `number`: E.164, with `+`. */
  readonly overflow?: { readonly number: string; readonly lines: readonly string[] };
}

export interface LaterWaysOptions {
  readonly question: CallQuestion;
  readonly hubPlan: HubPlan<BranchId>;
  readonly origin: SnapshotBranch;
  readonly caller: string;
  readonly number: string;
}

/** By which ways a branch tries a call that no hub could connect, in this order. */
export function laterWays({ question, hubPlan, origin, caller, number }: LaterWaysOptions): LaterWays {
  const { snapshot, atMs, draw = 0 } = question;
  const others = snapshot.branches.filter(({ id }) => id !== origin.id);
  const decision = hubPlan.decide({ number, caller, cameFrom: origin.id, atMs, draw });
  const targets = decision.kind === "route" && origin.direct === true ? decision.targets : [];
  const straight = targets.filter(({ branch }) => others.some(({ id, direct }) => id === branch && direct === true));
  const numbers = new PublicNumbers(others.flatMap(({ publicNumbers = [] }) => publicNumbers));
  const { overflow: lines = [] } = origin;
  const known = lines.length === 0 ? undefined : numbers.publicOf(number);
  return { straight, ...(known === undefined ? {} : { overflow: { number: `+${known}`, lines } }) };
}
