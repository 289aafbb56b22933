import { parsePattern, patternContains } from "../number-pattern.ts";
import type { NumberPattern } from "../number-pattern.ts";
import { overlapOf } from "../overlap.ts";
import type { RuleEntry } from "./compile-hub-plan.ts";
import type { FederationRules, RouteRules, RuleName } from "./federation-rules.ts";
import type { HubPlan } from "./hub-plan.ts";
import { findGaps } from "./number-gaps.ts";
import { isUnchanged, rewritePattern } from "./number-rewrite.ts";
import { PatternCutter, sampleOf } from "./possible-rules.ts";
import { findHiddenCallers, findOneWays } from "./prove-callbacks.ts";
import type { PossibleRule } from "./possible-rules.ts";

/** Something that follows from all rules together. `rule` and `pattern` say where it is written. */
export interface RuleFinding extends RuleEntry {
  readonly kind: "neverMatches" | "leadsNowhere" | "circular" | "onlyAtTimes" | "noEffect" | "cannotCallBack" | "gap";
  /** The numbers that it is about. */
  readonly numbers: readonly NumberPattern[];
  /** The other sides. */
  readonly others: readonly RuleEntry[];
  /** `cannotCallBack`: the branches that cannot; absent: nobody can. */
  readonly branches?: readonly string[];
  /** False: it may be meant. */
  readonly isFault: boolean;
}

/** Beyond this the numbers of branches are not proven to match: routes and blocked numbers are. */
const MAX_PROVEN_PATTERNS = 5_000;

/**
 * Proves what a single rule does not show: patterns that can never match, routes that lead nowhere or round in a circle,
 * numbers that are reached at some hours only, exceptions without effect, callers that cannot be called back, holes in the
 * numbers of a branch. Conditions are taken as what they may be: a route with one holds for some call, and does not for another.
 */
export function proveRules<Branch extends string>(
  rules: FederationRules<Branch>,
  plan: HubPlan<Branch>,
): readonly RuleFinding[] {
  const prover = new Prover(rules, plan);
  const routes = rules.routes ?? [];
  const patterns = rules.branches.reduce((sum, { numbers }) => sum + numbers.length, 0);
  const branches = patterns > MAX_PROVEN_PATTERNS ? [] : rules.branches;
  return [
    ...branches.flatMap(({ id, numbers }) => prover.unmatched({ kind: "numbers", branch: id }, numbers)),
    ...routes.flatMap((route) => prover.unmatched({ kind: "route", id: route.id }, route.numbers)),
    ...routes.flatMap((route) => prover.nowhere(route)),
    ...routes.flatMap((route) => prover.circles(route)),
    ...routes.flatMap((route) => prover.timeGaps(route)),
    ...routes.flatMap((route) => prover.callbacks(route)),
    ...routes.flatMap((route) => prover.hiddenCallers(route)),
    ...(branches.length === 0 ? [] : prover.oneWays()),
    ...prover.exceptions(),
    ...(branches.length === 0 ? [] : prover.gaps()),
  ];
}

class Prover<Branch extends string> {
  readonly #rules: FederationRules<Branch>;
  readonly #plan: HubPlan<Branch>;
  readonly #cutter: PatternCutter;

  constructor(rules: FederationRules<Branch>, plan: HubPlan<Branch>) {
    this.#rules = rules;
    this.#plan = plan;
    this.#cutter = new PatternCutter(rules);
  }

  unmatched(rule: RuleName, texts: readonly string[]): readonly RuleFinding[] {
    return patternsOf(texts).flatMap((pattern): readonly RuleFinding[] => {
      const pieces = this.#cutter.cut(pattern);
      if (pieces === undefined) {
        return [];
      }
      const winners = new Map<string, RuleEntry>();
      for (const piece of pieces) {
        for (const { rule: possible } of this.#possible(piece)) {
          if (isSame(possible, rule)) {
            return [];
          }
          winners.set(JSON.stringify(possible), { rule: possible, pattern: this.#patternAt(possible, piece) });
        }
      }
      const others = [...winners.values()];
      return [{ kind: "neverMatches", rule, pattern, numbers: [pattern], others, isFault: true }];
    });
  }

  /** Targets whose numbers nobody has, none of them. */
  nowhere(route: RouteRules<Branch>): readonly RuleFinding[] {
    const rule = { kind: "route", id: route.id } as const;
    return patternsOf(route.numbers).flatMap((pattern) =>
      route.to.flatMap((target): readonly RuleFinding[] => {
        const images = rewritePattern(pattern, target);
        const reachesSomebody = images.some((image) => this.#isOwnedSomewhere(image, route.id));
        return reachesSomebody
          ? []
          : [{ kind: "leadsNowhere", rule, pattern, numbers: images, others: [], isFault: true }];
      }),
    );
  }

  circles(route: RouteRules<Branch>): readonly RuleFinding[] {
    const rule = { kind: "route", id: route.id } as const;
    // what takes digits off an open prefix comes to an end by itself
    const closed = patternsOf(route.numbers).filter(({ kind }) => kind === "closed");
    return closed.flatMap((pattern): readonly RuleFinding[] => {
      const way = this.#wayBack(route, { route, pattern }, [route.id]);
      if (way === undefined) {
        return [];
      }
      const others = way.map((id): RuleEntry => ({ rule: { kind: "route", id }, pattern: this.#firstPattern(id) }));
      return [{ kind: "circular", rule, pattern, numbers: [pattern], others, isFault: true }];
    });
  }

  timeGaps(route: RouteRules<Branch>): readonly RuleFinding[] {
    if (route.when === undefined) {
      return [];
    }
    const rule = { kind: "route", id: route.id } as const;
    return patternsOf(route.numbers).flatMap((pattern): readonly RuleFinding[] => {
      const gaps = (this.#cutter.cut(pattern) ?? []).filter((piece) => {
        const possible = this.#possible(piece);
        return possible[0] !== undefined && isSame(possible[0].rule, rule) && possible.every(({ isSure }) => !isSure);
      });
      return gaps.length === 0
        ? []
        : [{ kind: "onlyAtTimes", rule, pattern, numbers: gaps, others: [], isFault: false }];
    });
  }

  /** A calling number that a route changes must be somebody's. */
  callbacks({ id, numbers, from, caller }: RouteRules<Branch>): readonly RuleFinding[] {
    const [pattern] = patternsOf(numbers);
    if (caller === undefined || pattern === undefined) {
      return [];
    }
    const callers = this.#rules.branches.filter((branch) => from === undefined || from.includes(branch.id));
    const shown = callers.flatMap((branch) => patternsOf(branch.numbers)).flatMap((own) => rewritePattern(own, caller));
    const lost = shown.flatMap((image) => this.#unowned(image, undefined));
    const unique = [...new Map(lost.map((each) => [JSON.stringify(each), each])).values()];
    const rule = { kind: "route", id } as const;
    return unique.length === 0
      ? []
      : [{ kind: "cannotCallBack", rule, pattern, numbers: unique, others: [], isFault: false }];
  }

  /** A calling number that a route changes, and that those who are called by the route cannot call. */
  hiddenCallers(route: RouteRules<Branch>): readonly RuleFinding[] {
    const [pattern] = patternsOf(route.numbers);
    if (pattern === undefined) {
      return [];
    }
    const rule = { kind: "route", id: route.id } as const;
    return findHiddenCallers(route, { rules: this.#rules, plan: this.#plan, cutter: this.#cutter }).map(
      ({ ended, numbers, branches }): RuleFinding => {
        return { kind: "cannotCallBack", rule, pattern, numbers, branches, others: [ended], isFault: false };
      },
    );
  }

  /** Numbers from which branches are called that cannot call them. */
  oneWays(): readonly RuleFinding[] {
    return findOneWays({ rules: this.#rules, plan: this.#plan, cutter: this.#cutter }).map(
      ({ ended, caller, numbers, branches }): RuleFinding => {
        return { kind: "cannotCallBack", ...ended, numbers, branches, others: [caller], isFault: false };
      },
    );
  }

  gaps(): readonly RuleFinding[] {
    return findGaps(this.#rules, this.#plan, this.#cutter).map(({ branch, before, after, numbers }): RuleFinding => {
      const rule = { kind: "numbers", branch } as const;
      return { kind: "gap", rule, pattern: after, numbers, others: [{ rule, pattern: before }], isFault: false };
    });
  }

  exceptions(): readonly RuleFinding[] {
    return (this.#rules.blocked ?? []).flatMap(({ id, numbers, except = [] }) => {
      const included = patternsOf(numbers);
      return patternsOf(except)
        .filter((pattern) => included.every((each) => overlapOf(each, pattern) === undefined))
        .map((pattern): RuleFinding => ({
          kind: "noEffect",
          rule: { kind: "blocked", id },
          pattern,
          numbers: [pattern],
          others: [],
          isFault: true,
        }));
    });
  }

  #possible(piece: NumberPattern): readonly PossibleRule[] {
    return this.#plan.possibleRules(sampleOf(piece));
  }

  #isOwnedSomewhere(pattern: NumberPattern, route: string): boolean {
    const pieces = this.#cutter.cut(pattern);
    return pieces?.some((piece) => this.#plan.possibleRules(sampleOf(piece), route).length > 0) ?? true;
  }

  /** Pieces about which no rule decides, but that one. */
  #unowned(pattern: NumberPattern, route: string | undefined): readonly NumberPattern[] {
    return (this.#cutter.cut(pattern) ?? []).filter((piece) =>
      this.#plan.possibleRules(sampleOf(piece), route).every(({ rule }) => rule.kind === "route" && rule.id === route),
    );
  }

  /** The routes after the first one by which a number comes back to it; undefined when it does not. */
  #wayBack(
    start: RouteRules<Branch>,
    { route, pattern }: { readonly route: RouteRules<Branch>; readonly pattern: NumberPattern },
    seen: readonly string[],
  ): readonly string[] | undefined {
    for (const target of route.to.filter((each) => !isUnchanged(each))) {
      for (const piece of rewritePattern(pattern, target).flatMap((image) => this.#cutter.cut(image) ?? [])) {
        for (const { rule } of this.#possible(piece)) {
          if (rule.kind !== "route") {
            continue;
          }
          if (rule.id === start.id) {
            if (seen.length > 1) {
              return seen.slice(1);
            }
            continue; // by itself it is not applied twice
          }
          const next = seen.includes(rule.id) ? undefined : this.#route(rule.id);
          const way = next && this.#wayBack(start, { route: next, pattern: piece }, [...seen, rule.id]);
          if (way !== undefined) {
            return way;
          }
        }
      }
    }
    return undefined;
  }

  #route(id: string): RouteRules<Branch> | undefined {
    return this.#rules.routes?.find((each) => each.id === id);
  }

  #firstPattern(id: string): NumberPattern {
    return patternsOf(this.#route(id)?.numbers ?? [])[0] ?? NO_PATTERN;
  }

  #patternAt(rule: RuleName, piece: NumberPattern): NumberPattern {
    const texts =
      rule.kind === "route"
        ? this.#route(rule.id)?.numbers
        : this.#rules.branches.find(({ id }) => rule.kind === "numbers" && id === rule.branch)?.numbers;
    const sample = sampleOf(piece);
    return patternsOf(texts ?? []).find((pattern) => patternContains(pattern, sample)) ?? piece;
  }
}

const NO_PATTERN: NumberPattern = { kind: "open", prefix: "0" };

function patternsOf(texts: readonly string[]): readonly NumberPattern[] {
  return texts.flatMap((text) => {
    const parsed = parsePattern(text);
    return parsed.kind === "pattern" ? [parsed.pattern] : [];
  });
}

function isSame(one: RuleName, other: RuleName): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
