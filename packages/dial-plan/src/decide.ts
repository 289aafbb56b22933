import type { DialPlan } from "./dial-plan.ts";
import type { NumberPattern } from "./number-pattern.ts";

/** What a hub does with a call. */
export type HubDecision<Branch> =
  | { readonly kind: "route"; readonly branch: Branch; readonly pattern: NumberPattern }
  /** Nobody owns the number, or it is not digits only. */
  | { readonly kind: "unknown" }
  /** The owner is who sent the call: it would come back for ever. */
  | { readonly kind: "backToOrigin"; readonly branch: Branch; readonly pattern: NumberPattern };

export interface HubQuestion<Branch> {
  readonly plan: DialPlan<Branch>;
  /** As `normalizeNumber` returns it. */
  readonly number: string;
  /** The branch that sent the call; compared by `===`. */
  readonly cameFrom: Branch;
}

export function decideAtHub<Branch>({ plan, number, cameFrom }: HubQuestion<Branch>): HubDecision<Branch> {
  const match = plan.lookup(number);
  if (match === undefined) {
    return { kind: "unknown" };
  }
  const kind = match.target === cameFrom ? "backToOrigin" : "route";
  return { kind, branch: match.target, pattern: match.pattern };
}

/** Whose a number is, as a branch sees it: its own, or carved out of its own for another branch. */
export type BranchTarget = "own" | "elsewhere";

/** What a branch does with a call. */
export type BranchDecision =
  | { readonly kind: "local"; readonly pattern: NumberPattern }
  | { readonly kind: "uplink" }
  /** The call came down the uplink for a number that is not this branch's: it would go up and come down again. */
  | { readonly kind: "backToOrigin" };

export interface BranchQuestion {
  /** The branch's own numbers, and those inside them that are `elsewhere`. */
  readonly plan: DialPlan<BranchTarget>;
  /** As `normalizeNumber` returns it. */
  readonly number: string;
  readonly cameFrom: "extension" | "hub";
}

/** Own numbers first, everything else to the hub: a branch knows nothing of other branches. */
export function decideAtBranch({ plan, number, cameFrom }: BranchQuestion): BranchDecision {
  const match = plan.lookup(number);
  if (match?.target === "own") {
    return { kind: "local", pattern: match.pattern };
  }
  return cameFrom === "hub" ? { kind: "backToOrigin" } : { kind: "uplink" };
}
