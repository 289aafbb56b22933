import { MAX_NEAR_MISSES, nearMiss } from "../explain-lookup.ts";
import type { PlanCandidate } from "../explain-lookup.ts";
import { patternContains } from "../number-pattern.ts";
import type { RouteTarget } from "./federation-rules.ts";
import type { ExplainedLookup } from "./hub-decision.ts";
import { isMoreExact } from "./exactness.ts";
import type { Exactness } from "./exactness.ts";
import type { CompiledRoute, HubPlanParts } from "./hub-plan-parts.ts";
import { rewriteNumber } from "./number-rewrite.ts";
import { shareOf } from "./order-targets.ts";
import type { TableMatch } from "./prefix-table.ts";
import type { CallOrigin, ConditionVerdict } from "./rule-conditions.ts";
import { verdictOfCondition } from "./rule-verdict.ts";
import type { ConsideredRule, RuleVerdict } from "./rule-verdict.ts";

type RouteMatch<Branch> = TableMatch<CompiledRoute<Branch>>;

/** Writes down what a decision looks at while it is taken, and adds the rules that it did not need to look at. */
export class HubTrace<Branch extends string> {
  readonly barring: ConsideredRule[] = [];
  readonly lookups: ExplainedLookup[] = [];
  readonly #parts: HubPlanParts<Branch>;
  /** Of the look-up that is going on. */
  #passedOver = new Map<string, RuleVerdict>();

  readonly #origin: CallOrigin<Branch>;

  constructor(parts: HubPlanParts<Branch>, origin: CallOrigin<Branch>) {
    this.#parts = parts;
    this.#origin = origin;
  }

  emergency(number: string, branch: Branch): void {
    const pattern = { kind: "closed", low: number, high: number } as const;
    const verdict = { kind: "applies", fixedDigits: number.length } as const;
    this.barring.push({ rule: { kind: "emergency", branch }, pattern, verdict });
  }

  /** A route that has the number and may not be taken. */
  passedOver({ value: { id } }: RouteMatch<Branch>, verdict: ConditionVerdict): void {
    const why: RuleVerdict = verdict.kind === "holds" ? { kind: "alreadyApplied" } : verdictOfCondition(verdict);
    this.#passedOver.set(id, why);
  }

  /** The look-up ends at an owner, or at nobody. */
  owned(number: string, owner: Branch | undefined): void {
    const winner = owner === undefined ? undefined : this.#parts.numbers.match(number);
    this.#end({ number, considered: this.#considered(number, { owner: winner }) });
  }

  /** The look-up ends at a route. */
  routed(number: string, match: RouteMatch<Branch>, targets: readonly RouteTarget[]): void {
    this.#end({
      number,
      considered: this.#considered(number, { route: match }),
      targets: targets.map((target) => {
        const { priority = 1, weight: _weight, ...rewrite } = target;
        return { rewrite, number: rewriteNumber(number, rewrite), priority, share: shareOf(target, targets) };
      }),
    });
  }

  #end(lookup: ExplainedLookup): void {
    this.lookups.push(lookup);
    this.#passedOver = new Map();
  }

  #considered(
    number: string,
    winner: { readonly owner?: Exactness | undefined; readonly route?: RouteMatch<Branch> },
  ): readonly ConsideredRule[] {
    const best = winner.route ?? winner.owner;
    const routes = [...this.#parts.routes.matches(number)].map((match) => ({
      rank: match,
      isRoute: true,
      considered: {
        rule: { kind: "route", id: match.value.id },
        pattern: match.pattern,
        verdict: this.#routeVerdict(match, { best, winner: winner.route }),
      } satisfies ConsideredRule,
    }));
    const candidates = this.#parts.numbers.explain(number);
    const owners = candidates.flatMap((candidate) => {
      const { verdict, pattern, target: branch } = candidate;
      if (verdict.kind === "noMatch") {
        return [];
      }
      const rank = { fixedDigits: verdict.fixedDigits, isOpen: pattern.kind === "open" };
      const considered: ConsideredRule = {
        rule: { kind: "numbers", branch },
        pattern,
        verdict: ownerVerdict(candidate, rank, winner.route),
      };
      return [{ rank, isRoute: false, considered }];
    });
    const matching = [...routes, ...owners].toSorted(
      (one, other) =>
        other.rank.fixedDigits - one.rank.fixedDigits ||
        Number(one.rank.isOpen) - Number(other.rank.isOpen) ||
        Number(other.isRoute) - Number(one.isRoute),
    );
    return [...matching.map(({ considered }) => considered), ...this.#nearMisses(number, candidates)];
  }

  #routeVerdict(
    match: RouteMatch<Branch>,
    { best, winner }: { readonly best: Exactness | undefined; readonly winner: RouteMatch<Branch> | undefined },
  ): RuleVerdict {
    const { fixedDigits } = match;
    const isWinner = winner?.value.id === match.value.id && winner.fixedDigits === fixedDigits;
    if (isWinner && winner.isOpen === match.isOpen) {
      return { kind: "applies", fixedDigits };
    }
    const passedOver = this.#passedOver.get(match.value.id);
    if (passedOver !== undefined) {
      return passedOver;
    }
    const advantage = advantageOf(best, match);
    const condition = this.#parts.calendars.verdict(match.value.conditions, this.#origin);
    return advantage === undefined && condition.kind !== "holds"
      ? verdictOfCondition(condition)
      : { kind: "lost", fixedDigits, to: advantage ?? "moreConditions" };
  }

  #nearMisses(number: string, candidates: readonly PlanCandidate<Branch>[]): readonly ConsideredRule[] {
    const routes = [...this.#parts.routes.entries()].flatMap(({ pattern, value: { id } }) => {
      const why = patternContains(pattern, number) ? undefined : nearMiss(pattern, number);
      return why === undefined ? [] : [{ rule: { kind: "route", id } as const, pattern, why }];
    });
    const owners = candidates.flatMap(({ pattern, target: branch, verdict }) =>
      verdict.kind === "noMatch" ? [{ rule: { kind: "numbers", branch } as const, pattern, why: verdict.why }] : [],
    );
    return [...routes, ...owners]
      .slice(0, MAX_NEAR_MISSES)
      .map(({ why, ...rest }) => ({ ...rest, verdict: { kind: "noMatch", why } }));
  }
}

function ownerVerdict<Branch extends string>(
  { verdict }: PlanCandidate<Branch>,
  rank: Exactness,
  route: Exactness | undefined,
): RuleVerdict {
  if (verdict.kind === "noMatch") {
    return verdict;
  }
  const { fixedDigits } = verdict;
  if (route !== undefined) {
    return { kind: "lost", fixedDigits, to: advantageOf(route, rank) ?? "route" };
  }
  if (verdict.kind === "chosen") {
    return { kind: "applies", fixedDigits };
  }
  return { kind: "lost", fixedDigits, to: verdict.by === "closedBeatsOpen" ? "closedPattern" : verdict.by };
}

/** What the digits of the winner have over those of another; undefined when they are as exact. */
function advantageOf(winner: Exactness | undefined, other: Exactness): "longerPrefix" | "closedPattern" | undefined {
  if (winner === undefined || !isMoreExact(winner, other)) {
    return undefined;
  }
  return winner.fixedDigits > other.fixedDigits ? "longerPrefix" : "closedPattern";
}
