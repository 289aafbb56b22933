import type { RuleEntry } from "./compile-hub-plan.ts";
import type { FederationRules, RouteRules, RuleName } from "./federation-rules.ts";
import type { HubPlan } from "./hub-plan.ts";
import { parsePattern, patternContains } from "../number-pattern.ts";
import type { NumberPattern } from "../number-pattern.ts";
import { rewritePattern } from "./number-rewrite.ts";
import { sampleOf } from "./possible-rules.ts";
import type { PatternCutter } from "./possible-rules.ts";

/** Numbers that branches are called from and cannot call at any hour. */
export interface BarredCallback<Branch> {
  /** What ends the calls back; `pattern` is the one of it that has the first of the numbers. */
  readonly ended: RuleEntry;
  readonly numbers: readonly NumberPattern[];
  /** Who cannot call them. */
  readonly branches: readonly Branch[];
}

/** The same of the numbers that a branch has: `caller` is where they are written. */
export interface OneWay<Branch> extends BarredCallback<Branch> {
  readonly caller: RuleEntry;
}

export interface ProofOf<Branch extends string> {
  readonly rules: FederationRules<Branch>;
  readonly plan: HubPlan<Branch>;
  readonly cutter: PatternCutter;
}

/** Branches that may be called by another one and cannot call it, since a rule ends their calls to its numbers. */
export function findOneWays<Branch extends string>(proof: ProofOf<Branch>): readonly OneWay<Branch>[] {
  const { rules, plan, cutter } = proof;
  const mayCall = callableFrom(proof);
  return rules.branches.flatMap(({ id, numbers }) => {
    const barred = new BarredCallbacks(rules);
    for (const pattern of patternsOf(numbers)) {
      for (const piece of cutter.cut(pattern) ?? []) {
        const ends = plan.isRuled(sampleOf(piece)) ? rules.branches : [];
        for (const { id: branch } of ends) {
          const rule = branch === id ? undefined : plan.deadEnd(sampleOf(piece), branch)?.rule;
          if (rule !== undefined && mayCall(id, branch)) {
            barred.add(rule, piece, { branch, caller: pattern });
          }
        }
      }
    }
    return barred
      .all()
      .map((each) => ({ ...each, caller: { rule: { kind: "numbers", branch: id }, pattern: each.caller } }));
  });
}

/** Calling numbers that a route shows to those who are called by it, and that a rule keeps them from calling. */
export function findHiddenCallers<Branch extends string>(
  { numbers, from, to, caller }: RouteRules<Branch>,
  { rules, plan, cutter }: ProofOf<Branch>,
): readonly BarredCallback<Branch>[] {
  const barred = new BarredCallbacks(rules);
  const called = patternsOf(numbers).flatMap((pattern) => to.flatMap((target) => rewritePattern(pattern, target)));
  const callees = new Set(called.flatMap((image) => plan.numbers.targetOf(sampleOf(image)) ?? []));
  const callers = rules.branches.filter(({ id }) => from === undefined || from.includes(id));
  const own = caller === undefined ? [] : callers.flatMap((each) => patternsOf(each.numbers));
  for (const shown of own.flatMap((pattern) => (caller === undefined ? [] : rewritePattern(pattern, caller)))) {
    for (const piece of cutter.cut(shown) ?? []) {
      for (const branch of callees) {
        const rule = plan.deadEnd(sampleOf(piece), branch)?.rule;
        if (rule !== undefined) {
          barred.add(rule, piece, { branch, caller: shown });
        }
      }
    }
  }
  return barred.all();
}

/** Whether one branch may call some number of another. */
function callableFrom<Branch extends string>({
  rules,
  plan,
  cutter,
}: ProofOf<Branch>): (from: Branch, to: Branch) => boolean {
  const known = new Map<string, boolean>();
  const numbersOf = new Map(rules.branches.map(({ id, numbers }) => [id, numbers]));
  return (from, to) => {
    const key = `${from} ${to}`;
    const pieces = (): NumberPattern[] =>
      patternsOf(numbersOf.get(to) ?? []).flatMap((pattern) => cutter.cut(pattern) ?? [pattern]);
    const answer = known.get(key) ?? pieces().some((piece) => plan.deadEnd(sampleOf(piece), from) === undefined);
    known.set(key, answer);
    return answer;
  };
}

interface Barred<Branch> {
  readonly ended: RuleEntry;
  readonly caller: NumberPattern;
  readonly numbers: NumberPattern[];
  readonly branches: Set<Branch>;
}

/** Gathers pieces by the rule that ends the calls to them. */
class BarredCallbacks<Branch extends string> {
  readonly #rules: FederationRules<Branch>;
  readonly #byRule = new Map<string, Barred<Branch>>();

  constructor(rules: FederationRules<Branch>) {
    this.#rules = rules;
  }

  add(rule: RuleName, piece: NumberPattern, of: { readonly branch: Branch; readonly caller: NumberPattern }): void {
    const key = JSON.stringify(rule);
    const ended = { rule, pattern: this.#patternOf(rule, piece) };
    const known = this.#byRule.get(key) ?? { ended, caller: of.caller, numbers: [], branches: new Set() };
    this.#byRule.set(key, known);
    known.branches.add(of.branch);
    append(known.numbers, piece);
  }

  all(): readonly (BarredCallback<Branch> & { readonly caller: NumberPattern })[] {
    return [...this.#byRule.values()].map((each) => ({ ...each, branches: [...each.branches] }));
  }

  #patternOf(rule: RuleName, piece: NumberPattern): NumberPattern {
    const { blocked = [], routes = [] } = this.#rules;
    const list = rule.kind === "blocked" ? blocked : routes;
    const texts = list.find(({ id }) => "id" in rule && id === rule.id)?.numbers ?? [];
    const sample = sampleOf(piece);
    return patternsOf(texts).find((pattern) => patternContains(pattern, sample)) ?? piece;
  }
}

/** A piece that is there for another branch already is told once, and one that goes on where the last one ends, with it. */
function append(numbers: NumberPattern[], piece: NumberPattern): void {
  const last = numbers.at(-1);
  if (last?.kind === "open" || piece.kind === "open") {
    if (last?.kind !== "open" || piece.kind !== "open" || last.prefix !== piece.prefix) {
      numbers.push(piece);
    }
    return;
  }
  const isSameLength = last?.low.length === piece.low.length;
  if (last === undefined || !isSameLength || Number(last.high) + 1 < Number(piece.low) || piece.low < last.low) {
    numbers.push(piece);
  } else if (piece.high > last.high) {
    numbers[numbers.length - 1] = { ...last, high: piece.high };
  }
}

function patternsOf(texts: readonly string[]): readonly NumberPattern[] {
  return texts.flatMap((text) => {
    const parsed = parsePattern(text);
    return parsed.kind === "pattern" ? [parsed.pattern] : [];
  });
}
