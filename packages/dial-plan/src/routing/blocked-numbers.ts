import { parsePattern, patternContains } from "../number-pattern.ts";
import type { NumberPattern } from "../number-pattern.ts";
import type { BlockRules, RuleName } from "./federation-rules.ts";
import { PrefixTable } from "./prefix-table.ts";
import type { Calendars, CallOrigin, CompiledConditions } from "./rule-conditions.ts";
import { verdictOfCondition } from "./rule-verdict.ts";
import type { ConsideredRule, RuleVerdict } from "./rule-verdict.ts";

interface BlockRule<Branch> {
  readonly id: string;
  readonly conditions: CompiledConditions<Branch>;
  readonly except: readonly NumberPattern[];
}

/** A text of a rule that makes no sense: which, and why. */
export interface InvalidRule {
  readonly kind: "invalid";
  readonly rule: RuleName;
  readonly text: string;
  readonly reason: string;
}

export type CompiledBlockedNumbers<Branch extends string> =
  { readonly kind: "blocked"; readonly blocked: BlockedNumbers<Branch> } | InvalidRule;

/** Numbers that must not be called. Any rule that holds is enough, however exact others are. */
export class BlockedNumbers<Branch extends string> {
  readonly #table = new PrefixTable<BlockRule<Branch>>();
  readonly #calendars: Calendars<Branch>;

  private constructor(calendars: Calendars<Branch>) {
    this.#calendars = calendars;
  }

  static compile<Branch extends string>(
    rules: readonly BlockRules<Branch>[],
    calendars: Calendars<Branch>,
  ): CompiledBlockedNumbers<Branch> {
    const blocked = new BlockedNumbers(calendars);
    for (const { id, numbers, except = [], ...rest } of rules) {
      const rule: RuleName = { kind: "blocked", id };
      const conditions = calendars.conditions(rest);
      if (conditions === undefined) {
        return { kind: "invalid", rule, text: rest.when ?? "", reason: "names no calendar" };
      }
      const included = parsePatterns(numbers, rule);
      const excluded = parsePatterns(except, rule);
      if (included.kind === "invalid") {
        return included;
      }
      if (excluded.kind === "invalid") {
        return excluded;
      }
      for (const pattern of included.patterns) {
        blocked.#table.add(pattern, { id, conditions, except: excluded.patterns });
      }
    }
    return { kind: "blocked", blocked };
  }

  /** Id of the rule that forbids the number. `considered` is told every rule that has it, up to that one. */
  find(number: string, origin: CallOrigin<Branch>, considered?: ConsideredRule[]): string | undefined {
    if (this.#table.size === 0) {
      return undefined;
    }
    for (const { value: rule, pattern, fixedDigits } of this.#table.matches(number)) {
      const verdict = this.#verdict(rule, { number, fixedDigits }, origin);
      considered?.push({ rule: { kind: "blocked", id: rule.id }, pattern, verdict });
      if (verdict.kind === "applies") {
        return rule.id;
      }
    }
    return undefined;
  }

  /** Id of a rule that forbids the number to that branch at every hour. */
  alwaysFor(number: string, branch: Branch): string | undefined {
    for (const { value: rule } of this.#table.matches(number)) {
      const { from, when } = rule.conditions;
      const isExcepted = rule.except.some((pattern) => patternContains(pattern, number));
      if (!isExcepted && when === undefined && (from === undefined || from.has(branch))) {
        return rule.id;
      }
    }
    return undefined;
  }

  /** Whether any rule has the number. */
  has(number: string): boolean {
    return this.#table.matches(number).next().done !== true;
  }

  #verdict(
    { conditions, except }: BlockRule<Branch>,
    { number, fixedDigits }: { readonly number: string; readonly fixedDigits: number },
    origin: CallOrigin<Branch>,
  ): RuleVerdict {
    if (except.some((pattern) => patternContains(pattern, number))) {
      return { kind: "excepted" };
    }
    const condition = this.#calendars.verdict(conditions, origin);
    return condition.kind === "holds" ? { kind: "applies", fixedDigits } : verdictOfCondition(condition);
  }
}

/** All patterns of a rule, or the first that is none. */
export function parsePatterns(
  texts: readonly string[],
  rule: RuleName,
): { readonly kind: "patterns"; readonly patterns: readonly NumberPattern[] } | InvalidRule {
  const patterns: NumberPattern[] = [];
  for (const text of texts) {
    const parsed = parsePattern(text);
    if (parsed.kind === "invalid") {
      return { kind: "invalid", rule, text, reason: parsed.reason };
    }
    patterns.push(parsed.pattern);
  }
  return { kind: "patterns", patterns };
}
