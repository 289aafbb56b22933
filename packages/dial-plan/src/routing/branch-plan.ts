import { compileDialPlan } from "../dial-plan.ts";
import type { DialPlan } from "../dial-plan.ts";
import type { DialPlanEntry } from "../entry-columns.ts";
import type { NumberPattern } from "../number-pattern.ts";
import { BlockedNumbers, parsePatterns } from "./blocked-numbers.ts";
import type { InvalidRule } from "./blocked-numbers.ts";
import { withCode } from "./branch-rules.ts";
import type { BranchRules } from "./branch-rules.ts";
import type { RuleName } from "./federation-rules.ts";
import { Calendars } from "./rule-conditions.ts";
import type { ConsideredRule, RuleVerdict } from "./rule-verdict.ts";

/** What a branch does with a call. */
export type BranchDecision =
  /** Connect it here, whatever else is true. */
  | {
      readonly kind: "emergency";
      /** Without the outside prefix, if it was dialled. */
      readonly number: string;
    }
  | { readonly kind: "blocked"; readonly rule: string }
  /** Over a carrier line. `number`: without the outside prefix. */
  | { readonly kind: "outside"; readonly number: string }
  /** `number`: as the branch's own phones have it. */
  | { readonly kind: "local"; readonly number: string }
  | { readonly kind: "uplink" }
  /** The call came down the uplink for a number that is not this branch's: it would go up and come down again. */
  | { readonly kind: "backToOrigin" };

export interface BranchQuestion {
  /** As `normalizeNumber` returns it. */
  readonly number: string;
  readonly cameFrom: "extension" | "hub";
  /** Milliseconds since 1970 UTC. */
  readonly atMs: number;
}

export interface BranchExplanation {
  readonly decision: BranchDecision;
  readonly considered: readonly ConsideredRule[];
}

export type CompiledBranchPlan =
  | { readonly kind: "compiled"; readonly plan: BranchPlan }
  | InvalidRule
  | { readonly kind: "conflicting"; readonly tied: readonly NumberPattern[] };

/** `ownByCode`: the branch's own number, with the site code in front. */
type Whose = "own" | "ownByCode" | "elsewhere";

export function compileBranchPlan(rules: BranchRules): CompiledBranchPlan {
  const { id, timeZone, siteTimeZones = {} } = rules;
  const zones = Object.entries(siteTimeZones).map(([site, zone]) => ({ id: site, timeZone: zone }));
  const calendars = Calendars.compile({ ...rules, branches: [...zones, { id, timeZone }] });
  if (calendars.kind === "invalid") {
    return { ...calendars, rule: { kind: "calendar", id: calendars.calendar } };
  }
  const blocked = BlockedNumbers.compile(rules.blocked ?? [], calendars.calendars);
  if (blocked.kind === "invalid") {
    return blocked;
  }
  const numbers = compileOwn(rules);
  return numbers.kind === "compiled"
    ? { kind: "compiled", plan: new BranchPlan({ rules, numbers: numbers.plan, blocked: blocked.blocked }) }
    : numbers;
}

function compileOwn({
  id,
  numbers,
  numbersElsewhere,
  siteCode,
}: BranchRules):
  { readonly kind: "compiled"; readonly plan: DialPlan<Whose> } | Exclude<CompiledBranchPlan, { kind: "compiled" }> {
  const rule: RuleName = { kind: "numbers", branch: id };
  const own = parsePatterns(numbers, rule);
  const elsewhere = parsePatterns(numbersElsewhere, rule);
  const byCode = parsePatterns(siteCode === undefined ? [] : numbers.map((text) => withCode(text, siteCode)), rule);
  if (own.kind === "invalid") {
    return own;
  }
  if (elsewhere.kind === "invalid") {
    return elsewhere;
  }
  if (byCode.kind === "invalid") {
    return byCode;
  }
  const entries: readonly DialPlanEntry<Whose>[] = [
    ...own.patterns.map((pattern) => ({ pattern, target: "own" }) as const),
    ...byCode.patterns.map((pattern) => ({ pattern, target: "ownByCode" }) as const),
    ...elsewhere.patterns.map((pattern) => ({ pattern, target: "elsewhere" }) as const),
  ];
  const compiled = compileDialPlan(entries);
  return compiled.kind === "compiled"
    ? compiled
    : { kind: "conflicting", tied: compiled.conflicts.flatMap(({ tied }) => tied) };
}

interface BranchPlanParts {
  readonly rules: BranchRules;
  readonly numbers: DialPlan<Whose>;
  readonly blocked: BlockedNumbers<string>;
}

/**
 * Where a branch sends calls. Immutable. Emergency numbers first, then what is blocked, with the outside prefix or without
 * it, then what begins with that prefix, then its own numbers; everything else goes to the hub: a branch knows nothing of
 * other branches.
 */
export class BranchPlan {
  readonly #parts: BranchPlanParts;
  readonly #emergency: ReadonlySet<string>;

  constructor(parts: BranchPlanParts) {
    this.#parts = parts;
    this.#emergency = new Set(parts.rules.emergency);
  }

  decide(question: BranchQuestion): BranchDecision {
    return this.#run(question, undefined);
  }

  /** The decision again, by the same steps, with every rule that was considered. */
  explain(question: BranchQuestion): BranchExplanation {
    const considered: ConsideredRule[] = [];
    return { decision: this.#run(question, considered), considered };
  }

  #run(question: BranchQuestion, considered: ConsideredRule[] | undefined): BranchDecision {
    const { number, cameFrom, atMs } = question;
    if (cameFrom === "extension") {
      const outside = this.#outside(number);
      const emergency = [number, outside].find((each) => each !== undefined && this.#emergency.has(each));
      if (emergency !== undefined) {
        const rule = { kind: "emergency", branch: this.#parts.rules.id } as const;
        const verdict = { kind: "applies", fixedDigits: emergency.length } as const;
        considered?.push({ rule, pattern: { kind: "closed", low: emergency, high: emergency }, verdict });
        return { kind: "emergency", number: emergency };
      }
      const rule = this.#blockedBy(outside === undefined ? [number] : [number, outside], atMs, considered);
      if (rule !== undefined) {
        return { kind: "blocked", rule };
      }
      if (outside !== undefined) {
        return { kind: "outside", number: outside };
      }
    }
    considered?.push(...this.#ownRules(number));
    return this.#whose(number, cameFrom);
  }

  /** What is left of a number behind the outside prefix; undefined when it does not begin with it, or nothing is left. */
  #outside(number: string): string | undefined {
    const { outside } = this.#parts.rules;
    return outside !== undefined && number.length > outside.length && number.startsWith(outside)
      ? number.slice(outside.length)
      : undefined;
  }

  #blockedBy(numbers: readonly string[], atMs: number, considered: ConsideredRule[] | undefined): string | undefined {
    const { blocked, rules } = this.#parts;
    for (const number of numbers) {
      const rule = blocked.find(number, { cameFrom: rules.id, atMs }, considered);
      if (rule !== undefined) {
        return rule;
      }
    }
    return undefined;
  }

  #whose(number: string, cameFrom: BranchQuestion["cameFrom"]): BranchDecision {
    const whose = this.#parts.numbers.targetOf(number);
    if (whose === "own") {
      return { kind: "local", number };
    }
    if (whose === "ownByCode") {
      return { kind: "local", number: number.slice(this.#parts.rules.siteCode?.length ?? 0) };
    }
    return cameFrom === "hub" ? { kind: "backToOrigin" } : { kind: "uplink" };
  }

  #ownRules(number: string): readonly ConsideredRule[] {
    const rule = { kind: "numbers", branch: this.#parts.rules.id } as const;
    return this.#parts.numbers
      .explain(number)
      .filter(({ target }) => target !== "elsewhere")
      .map(({ pattern, verdict }): ConsideredRule => ({ rule, pattern, verdict: asRuleVerdict(verdict) }));
  }
}

function asRuleVerdict(verdict: ReturnType<DialPlan<Whose>["explain"]>[number]["verdict"]): RuleVerdict {
  switch (verdict.kind) {
    case "chosen": {
      return { kind: "applies", fixedDigits: verdict.fixedDigits };
    }
    case "outranked": {
      const { fixedDigits, by } = verdict;
      return { kind: "lost", fixedDigits, to: by === "closedBeatsOpen" ? "closedPattern" : by };
    }
    case "noMatch": {
      return verdict;
    }
  }
}
