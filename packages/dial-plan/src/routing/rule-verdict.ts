import type { NumberPattern } from "../number-pattern.ts";
import type { RuleName } from "./federation-rules.ts";
import { formatLocalTime } from "./local-time.ts";
import type { ConditionVerdict } from "./rule-conditions.ts";

/** What became of one rule when a number was looked up. */
export type RuleVerdict =
  /** `fixedDigits`: leading digits that the number and the rule's block share. */
  | { readonly kind: "applies"; readonly fixedDigits: number }
  | {
      readonly kind: "lost";
      readonly fixedDigits: number;
      /** What the winner has. `earlierEntry`: the same numbers and the same owner, written twice. */
      readonly to: "longerPrefix" | "closedPattern" | "moreConditions" | "route" | "earlierEntry";
    }
  /** The call comes from a branch that the rule is not for. */
  | { readonly kind: "otherBranch" }
  /** `localTime`: what the clock of the calendar's site showed, such as `sat 23:00 (2026-11-28)`. */
  | { readonly kind: "otherTime"; readonly calendar: string; readonly localTime: string }
  /** A blocked number that its rule leaves out. */
  | { readonly kind: "excepted" }
  /** What a route makes of a number is not given to the same route again. */
  | { readonly kind: "alreadyApplied" }
  | { readonly kind: "noMatch"; readonly why: "tooShort" | "tooLong" | "outsideRange" };

export interface ConsideredRule {
  readonly rule: RuleName;
  readonly pattern: NumberPattern;
  readonly verdict: RuleVerdict;
}

/** Why a condition does not hold, for an explanation. */
export function verdictOfCondition(verdict: Exclude<ConditionVerdict, { kind: "holds" }>): RuleVerdict {
  return verdict.kind === "otherTime" ? { ...verdict, localTime: formatLocalTime(verdict.localTime) } : verdict;
}
