import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { compileHubPlan, formatPattern, rewriteNumber } from "@mss/dial-plan";
import type {
  FederationRules,
  HubDecision,
  HubPlan,
  HubQuestion,
  RouteRules,
  RouteTarget,
  RuleConditions,
} from "@mss/dial-plan";
import { orderTargets } from "../../src/routing/order-targets.ts";
import { digits, pattern, patternOf } from "../arbitraries.ts";
import { allNumbers, contains, ranksOf } from "../oracle.ts";

/** The rules of routing said as plainly as can be, with no regard for cost. */
function decideNaively(rules: FederationRules<string>, question: HubQuestion<string>): HubDecision<string> {
  const { number, cameFrom } = question;
  const branch = rules.branches.find(({ id }) => id === cameFrom);
  if (branch?.emergency?.includes(number) === true) {
    return { kind: "emergency" };
  }
  const has = (texts: readonly string[] = []): boolean => texts.some((text) => contains(patternOf(text), number));
  const blocked = rules.blocked?.some((rule) => has(rule.numbers) && !has(rule.except) && holds(rule, question));
  if (blocked === true) {
    return { kind: "blocked", rule: "any" };
  }
  const caller = question.caller === undefined ? undefined : (branch?.siteCode ?? "") + question.caller;
  const ends = follow(rules, question, { number, caller, routes: rules.routes ?? [] });
  const targets = ends.filter((end) => end.branch.id !== cameFrom || end.number !== number);
  if (targets.length === 0) {
    return ends.length > 0 ? { kind: "backToOrigin", branch: cameFrom } : { kind: "unknown" };
  }
  return {
    kind: "route",
    targets: targets.slice(0, 16).map((end) => ({
      branch: end.branch.id,
      called: end.number.slice(end.branch.siteCode?.length ?? 0),
      caller: end.caller,
      changes: [],
    })),
  };
}

interface End {
  readonly branch: FederationRules<string>["branches"][number];
  readonly number: string;
  readonly caller: string | undefined;
}

type Candidate = { readonly score: number } & (
  { readonly branch: End["branch"] } | { readonly route: RouteRules<string> }
);

function follow(
  rules: FederationRules<string>,
  question: HubQuestion<string>,
  call: { number: string; caller: string | undefined; routes: readonly RouteRules<string>[] },
): readonly End[] {
  const owners = rules.branches.flatMap((branch) =>
    branch.numbers.map((text) => ({ pattern: patternOf(text), target: { branch, score: 0 } })),
  );
  const routes = call.routes
    .filter((route) => holds(route, question))
    .flatMap((route) =>
      route.numbers.map((text) => {
        const score = 1 + Number(route.from !== undefined) + Number(route.when !== undefined);
        return { pattern: patternOf(text), target: { route, score } };
      }),
    );
  const ranks = ranksOf<Candidate>([...owners, ...routes], call.number);
  const [best] = ranks.toSorted(
    (one, other) =>
      other.fixedDigits - one.fixedDigits ||
      Number(other.closed) - Number(one.closed) ||
      other.entry.target.score - one.entry.target.score,
  );
  if (best === undefined) {
    return [];
  }
  if ("branch" in best.entry.target) {
    return [{ branch: best.entry.target.branch, number: call.number, caller: call.caller }];
  }
  const { route } = best.entry.target;
  const shown = call.caller === undefined ? undefined : rewriteNumber(call.caller, route.caller ?? {});
  return orderTargets(route.to, question.draw).flatMap((target) => {
    const number = rewriteNumber(call.number, target);
    const left = call.routes.filter(({ id }) => id !== route.id);
    return number === undefined ? [] : follow(rules, question, { number, caller: shown ?? call.caller, routes: left });
  });
}

function holds({ from, when }: RuleConditions<string>, { cameFrom, atMs }: HubQuestion<string>): boolean {
  const isDay = atMs === DAY;
  return (from === undefined || from.includes(cameFrom)) && (when === undefined || (when === "day") === isDay);
}

const DAY = Date.parse("2026-11-27T12:00:00Z");
const NIGHT = Date.parse("2026-11-27T00:00:00Z");

const text = pattern.map(formatPattern);
const texts = fc.array(text, { minLength: 1, maxLength: 2 });
const origin = fc.constantFrom("hk", "london", "paris");
const conditions = fc.record(
  { from: fc.uniqueArray(origin, { minLength: 1, maxLength: 2 }), when: fc.constantFrom("day", "not day") },
  { requiredKeys: [] },
);
const rewrite = fc.oneof(
  fc.record({ strip: fc.nat(2), prepend: digits(0, 2) }),
  digits(2, 4).map((number) => ({ number })),
);
const routeTarget: fc.Arbitrary<RouteTarget> = fc
  .tuple(rewrite, fc.record({ priority: fc.constantFrom(1, 2), weight: fc.constantFrom(1, 5) }))
  .map(([change, rank]) => ({ ...change, ...rank }));
const route = fc.tuple(
  conditions,
  fc.record({ numbers: texts, to: fc.array(routeTarget, { minLength: 1, maxLength: 2 }) }),
  fc.option(rewrite, { nil: undefined }),
);
const block = fc.tuple(conditions, fc.record({ numbers: texts, except: fc.array(text, { maxLength: 1 }) }));
const branch = fc.tuple(texts, fc.constantFrom(undefined, "2"), fc.array(digits(2, 3), { maxLength: 1 }));

const rulesArbitrary: fc.Arbitrary<FederationRules<string>> = fc
  .record({
    branches: fc.tuple(branch, branch, branch),
    routes: fc.array(route, { maxLength: 4 }),
    blocked: fc.array(block, { maxLength: 2 }),
  })
  .map(({ branches, routes, blocked }) => ({
    branches: branches.map(([numbers, siteCode, emergency], position) => ({
      id: ["hk", "london", "paris"][position] ?? "",
      numbers:
        siteCode === undefined
          ? numbers
          : numbers.map((each) =>
              each
                .split("-")
                .map((side) => siteCode + side)
                .join("-"),
            ),
      siteCode,
      emergency,
    })),
    calendars: [{ id: "day", open: ["daily 06:00-18:00"] }],
    routes: routes.map(([when, rest, caller], position) => ({ ...when, ...rest, caller, id: `r${position}` })),
    blocked: blocked.map(([when, rest], position) => ({ ...when, ...rest, id: `b${position}` })),
  }));

/** How a number became another is told by other tests. */
function withoutDetail(decision: HubDecision<string>): unknown {
  if (decision.kind === "route") {
    return { ...decision, targets: decision.targets.map(({ changes: _changes, ...target }) => target) };
  }
  return decision.kind === "blocked" ? { ...decision, rule: "any" } : decision;
}

/** Any of the rules that forbid a number may be named. */
function agree(plan: HubPlan<string>, rules: FederationRules<string>, question: HubQuestion<string>): string {
  const decision = plan.decide(question);
  assert.deepEqual(withoutDetail(decision), withoutDetail(decideNaively(rules, question)), question.number);
  return decision.kind;
}

test("a hub decides as the naive oracle does", () => {
  const numbers = allNumbers("0129", 4);
  const kinds = new Map<string, number>();
  let compiledCount = 0;
  fc.assert(
    fc.property(rulesArbitrary, fc.double({ min: 0, max: 0.999, noNaN: true }), (rules, draw) => {
      const compiled = compileHubPlan(rules);
      assert.notEqual(compiled.kind, "invalid", JSON.stringify(compiled));
      if (compiled.kind !== "compiled") {
        return;
      }
      compiledCount += 1;
      for (const [step, number] of numbers.entries()) {
        const cameFrom = ["hk", "london", "paris"][step % 3] ?? "";
        const question = { number, cameFrom, caller: "12", atMs: step % 2 === 0 ? DAY : NIGHT, draw };
        const kind = agree(compiled.plan, rules, question);
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
    }),
    { numRuns: 150 },
  );
  assert.ok(compiledCount > 30, String(compiledCount));
  for (const kind of ["route", "unknown", "blocked", "emergency", "backToOrigin"]) {
    assert.ok((kinds.get(kind) ?? 0) > 10, `${kind}: ${kinds.get(kind) ?? 0}`);
  }
});
