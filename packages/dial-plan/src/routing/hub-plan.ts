import type { DialPlan, PlanMatch } from "../dial-plan.ts";
import { isMoreExact } from "./exactness.ts";
import { deadEndOf } from "./dead-ends.ts";
import type { DeadEnd } from "./dead-ends.ts";
import type { RuleName } from "./federation-rules.ts";
import type { HubDecision, HubExplanation, HubQuestion, HubTarget, NumberChange } from "./hub-decision.ts";
import type { CompiledRoute, HubPlanParts } from "./hub-plan-parts.ts";
import { HubTrace } from "./hub-trace.ts";
import { rewriteNumber } from "./number-rewrite.ts";
import { orderTargets } from "./order-targets.ts";
import { possibleRules } from "./possible-rules.ts";
import type { PossibleRule } from "./possible-rules.ts";
import type { TableMatch } from "./prefix-table.ts";

/** So that routes that lead to routes end in a list that a call can go through. */
const MAX_TARGETS = 16;

/** A number on its way through the routes. */
interface Passage {
  /** As the federation has it. */
  readonly number: string;
  readonly caller: string | undefined;
  readonly applied: readonly string[];
  readonly changes: readonly NumberChange[];
}

/** A passage that has ended at the owner of its number. */
interface Arrival<Branch> extends Passage {
  readonly branch: Branch;
}

/**
 * Where a hub sends calls. Immutable. The most exact rule that holds decides: the longest fixed prefix, then a closed
 * pattern before an open one, then a route with more conditions, then a route before the owner of the number. What a
 * route makes of a number is looked up again, without that route.
 */
export class HubPlan<Branch extends string> {
  readonly #parts: HubPlanParts<Branch>;

  constructor(parts: HubPlanParts<Branch>) {
    this.#parts = parts;
  }

  /** Whose each number is. */
  get numbers(): DialPlan<Branch> {
    return this.#parts.numbers;
  }

  /** A number of a branch as the other branches dial it. */
  federationNumber(branch: Branch, number: string): string {
    return (this.#parts.siteCodes.get(branch) ?? "") + number;
  }

  /** A number of a branch as its own phones have it. */
  ownNumber(branch: Branch, number: string): string {
    const siteCode = this.#parts.siteCodes.get(branch) ?? "";
    return number.startsWith(siteCode) ? number.slice(siteCode.length) : number;
  }

  /** Every rule that decides about a number for some call, for proofs; see `possibleRules`. */
  possibleRules(number: string, withoutRoute?: string): readonly PossibleRule[] {
    return possibleRules(this.#parts, number, withoutRoute);
  }

  /** Why calls of a branch to a number reach no other branch at any hour, for proofs; see `deadEndOf`. */
  deadEnd(number: string, from: Branch): DeadEnd | undefined {
    return deadEndOf(this.#parts, number, from);
  }

  /** Whether there is any rule about the number but that somebody has it. */
  isRuled(number: string): boolean {
    const { routes, blocked } = this.#parts;
    return blocked.has(number) || routes.matches(number).next().done !== true;
  }

  decide(question: HubQuestion<Branch>): HubDecision<Branch> {
    return this.#run(question, undefined);
  }

  /** The decision again, by the same steps, with every rule that was considered. Goes through the whole plan. */
  explain(question: HubQuestion<Branch>): HubExplanation<Branch> {
    const trace = new HubTrace(this.#parts, question);
    const decision = this.#run(question, trace);
    return { decision, barring: trace.barring, lookups: trace.lookups };
  }

  #run(question: HubQuestion<Branch>, trace: HubTrace<Branch> | undefined): HubDecision<Branch> {
    const { emergency, blocked } = this.#parts;
    const { number, cameFrom } = question;
    if (emergency.get(cameFrom)?.has(number) === true) {
      trace?.emergency(number, cameFrom);
      return { kind: "emergency" };
    }
    const rule = blocked.find(number, question, trace?.barring);
    if (rule !== undefined) {
      return { kind: "blocked", rule };
    }
    const arrivals = this.#follow(this.#passageOf(question), question, trace);
    // what a route has made of the number is the branch's own: it will not send it here again
    const targets = arrivals.filter((arrival) => arrival.branch !== cameFrom || arrival.number !== number);
    if (targets.length > 0) {
      return { kind: "route", targets: targets.slice(0, MAX_TARGETS).map((arrival) => this.#target(arrival)) };
    }
    return arrivals.length > 0 ? { kind: "backToOrigin", branch: cameFrom } : { kind: "unknown" };
  }

  #passageOf({ number, caller, foreignCaller, cameFrom }: HubQuestion<Branch>): Passage {
    if (caller === undefined || foreignCaller === true) {
      return { number, caller, applied: [], changes: [] };
    }
    const shown = this.federationNumber(cameFrom, caller);
    const by = { kind: "siteCode", branch: cameFrom } as const;
    return { number, caller: shown, applied: [], changes: changed("caller", [caller, shown], by) };
  }

  #follow(
    passage: Passage,
    question: HubQuestion<Branch>,
    trace: HubTrace<Branch> | undefined,
  ): readonly Arrival<Branch>[] {
    const { number, caller } = passage;
    const owner = this.#parts.numbers.match(number);
    const match = this.#routeOf(passage, { question, owner, trace });
    if (match === undefined) {
      trace?.owned(number, owner?.target);
      return owner === undefined ? [] : [{ ...passage, branch: owner.target }];
    }
    const route = match.value;
    const targets = orderTargets(route.targets, question.draw);
    trace?.routed(number, match, targets);
    const by = { kind: "route", id: route.id } as const;
    const shown = caller && ((route.caller && rewriteNumber(caller, route.caller)) ?? caller);
    const applied = [...passage.applied, route.id];
    const callerChange = changed("caller", [caller, shown], by);
    return targets.flatMap((target) => {
      const rewritten = rewriteNumber(number, target);
      if (rewritten === undefined) {
        return [];
      }
      const changes = [...passage.changes, ...changed("called", [number, rewritten], by), ...callerChange];
      return this.#follow({ number: rewritten, caller: shown, applied, changes }, question, trace);
    });
  }

  /** The most exact route that holds, unless the owner of the number is more exact. */
  #routeOf(
    { number, applied }: Passage,
    {
      question,
      owner,
      trace,
    }: {
      readonly question: HubQuestion<Branch>;
      readonly owner: PlanMatch<Branch> | undefined;
      readonly trace: HubTrace<Branch> | undefined;
    },
  ): TableMatch<CompiledRoute<Branch>> | undefined {
    const { routes, calendars } = this.#parts;
    if (routes.size === 0) {
      return undefined;
    }
    for (const match of routes.matches(number)) {
      if (owner !== undefined && isMoreExact(owner, match)) {
        return undefined;
      }
      const { id, conditions } = match.value;
      const verdict = calendars.verdict(conditions, question);
      if (verdict.kind === "holds" && !applied.includes(id)) {
        return match;
      }
      trace?.passedOver(match, verdict);
    }
    return undefined;
  }

  #target({ branch, number, caller, changes }: Arrival<Branch>): HubTarget<Branch> {
    const called = this.ownNumber(branch, number);
    return {
      branch,
      called,
      caller,
      changes: [...changes, ...changed("called", [number, called], { kind: "siteCode", branch })],
    };
  }
}

/** Nothing when the number stays as it is. */
function changed(
  what: NumberChange["what"],
  [from, to]: readonly [from: string | undefined, to: string | undefined],
  by: RuleName,
): readonly NumberChange[] {
  return from === undefined || to === undefined || from === to ? [] : [{ what, from, to, by }];
}
