import type { NumberRewrite, RuleName } from "./federation-rules.ts";
import type { CallOrigin } from "./rule-conditions.ts";
import type { ConsideredRule } from "./rule-verdict.ts";

export interface HubQuestion<Branch extends string> extends CallOrigin<Branch> {
  /** What was dialled, as `normalizeNumber` returns it. */
  readonly number: string;
  /** The calling number as the branch sent it, digits only; absent when it is no number. */
  readonly caller?: string | undefined;
  /** The calling number is another branch's, as in a call that was transferred: it has its site code already. */
  readonly foreignCaller?: boolean | undefined;
  /** Chance for targets of the same priority, 0 to below 1. The same call must bring the same draw, so that a second hub chooses alike. */
  readonly draw: number;
}

/** A number that becomes another one on the way, and by which rule. */
export interface NumberChange {
  readonly what: "called" | "caller";
  readonly from: string;
  readonly to: string;
  readonly by: RuleName;
}

/** A branch that may take the call. */
export interface HubTarget<Branch extends string> {
  readonly branch: Branch;
  /** The number to call there, as the branch's own phones have it. */
  readonly called: string;
  /** What the callee sees and can call back; absent when the caller has no number. */
  readonly caller: string | undefined;
  /** In the order in which they are made. */
  readonly changes: readonly NumberChange[];
}

/** What a hub does with a call. */
export type HubDecision<Branch extends string> =
  /** In the order in which they are to be tried; never empty. */
  | { readonly kind: "route"; readonly targets: readonly HubTarget<Branch>[] }
  /** Nobody owns the number, or it is not digits only. */
  | { readonly kind: "unknown" }
  | { readonly kind: "blocked"; readonly rule: string }
  /** An emergency number of the branch: it must connect the call itself. */
  | { readonly kind: "emergency" }
  /** The owner is who sent the call: it would come back for ever. */
  | { readonly kind: "backToOrigin"; readonly branch: Branch };

/** What a route made of a number. */
export interface ExplainedTarget {
  readonly rewrite: NumberRewrite;
  /** Undefined when nothing is left of it. */
  readonly number: string | undefined;
  readonly priority: number;
  /** Part of the calls that tries it before the others of its priority, 0 to 1. */
  readonly share: number;
}

/** One look-up: the dialled number first, then what routes made of it. */
export interface ExplainedLookup {
  readonly number: string;
  /** Every rule that has the number or nearly does, the most exact first. */
  readonly considered: readonly ConsideredRule[];
  /** Set when a route applies: where it leads, in the order of this call. */
  readonly targets?: readonly ExplainedTarget[];
}

/** The same decision, with everything that led to it. */
export interface HubExplanation<Branch extends string> {
  readonly decision: HubDecision<Branch>;
  /** The rules that could have forbidden the call. */
  readonly barring: readonly ConsideredRule[];
  readonly lookups: readonly ExplainedLookup[];
}
