import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { compareOwnership, compileDialPlan, formatRange, lostShareOf, patternContains } from "@mss/dial-plan";
import type { DialPlan, OwnershipComparison } from "@mss/dial-plan";
import { pattern, patternOf } from "./arbitraries.ts";
import { allNumbers } from "./oracle.ts";

type Rows = Readonly<Record<string, string>>;

function planOf(rows: Rows): DialPlan<string> {
  const compiled = compileDialPlan(
    Object.entries(rows).map(([text, target]) => ({ pattern: patternOf(text), target })),
  );
  assert.equal(compiled.kind, "compiled");
  return compiled.plan;
}

function compare(before: Rows, after: Rows): { lines: string[]; lostShare: number } {
  const { changes, lostShare } = compareOwnership(planOf(before), planOf(after));
  const lines = changes.map(({ pattern: numbers, from, to, except }) => {
    const without = except.length === 0 ? "" : ` without ${except.map(formatRange).join(", ")}`;
    return `${formatRange(numbers)}: ${from ?? "nobody"} → ${to ?? "nobody"}${without}`;
  });
  return { lines, lostShare };
}

describe("what changes between two plans", () => {
  const cases: readonly [name: string, before: Rows, after: Rows, lines: string[]][] = [
    ["nothing", { "1xxx": "hk" }, { "1000-1999": "hk" }, []],
    ["a range moves", { "4xxx": "london" }, { "4xxx": "london", "40xx": "paris" }, ["4000–4099: london → paris"]],
    ["a branch comes", { "1xxx": "hk" }, { "1xxx": "hk", "6xxx": "oslo" }, ["6000–6999: nobody → oslo"]],
    ["a branch goes", { "1xxx": "hk", "4xxx": "london" }, { "1xxx": "hk" }, ["4000–4999: london → nobody"]],
    [
      "neighbours are told together",
      { "10xx": "hk", "11xx": "hk", "12xx": "oslo" },
      { "10xx": "rome", "1100-1149": "rome", "1150-1199": "rome", "12xx": "rome" },
      ["1000–1199: hk → rome", "1200–1299: oslo → rome"],
    ],
    [
      "one number in the middle",
      { "1xxx": "hk" },
      { "1000-1499": "hk", "1500": "rome", "1501-1999": "hk" },
      ["1500: hk → rome"],
    ],
    ["an open prefix", { "852*": "hk" }, { "852*": "oslo" }, ["852*: hk → oslo"]],
    [
      "an open prefix is told once, not for each length",
      { "8*": "hk", "9xxx": "a" },
      { "8*": "oslo", "9xxx": "a" },
      ["8*: hk → oslo"],
    ],
    [
      "what stays inside an open prefix is left out by name",
      { "8*": "hk", "852*": "rome", "83xx": "bern" },
      { "8*": "oslo", "852*": "rome", "83xx": "bern" },
      ["8*: hk → oslo without 852*, 8300–8399"],
    ],
    [
      "a longer prefix that goes elsewhere",
      { "8*": "hk" },
      { "8*": "oslo", "852*": "rome" },
      ["8*: hk → oslo", "852*: hk → rome"],
    ],
    ["the first plan", {}, { "1xxx": "hk", "00*": "oslo" }, ["1000–1999: nobody → hk", "00*: nobody → oslo"]],
    ["leading zeros", { "00xx": "hk" }, { "00xx": "rome" }, ["0000–0099: hk → rome"]],
  ];
  for (const [name, before, after, lines] of cases) {
    test(name, () => assert.deepEqual(compare(before, after).lines, lines));
  }
});

describe("the lost share", () => {
  const cases: readonly [name: string, before: Rows, after: Rows, share: number][] = [
    ["nothing", { "1xxx": "hk", "8*": "hk" }, { "1xxx": "rome", "8*": "rome" }, 0],
    ["nothing to lose", {}, { "1xxx": "hk" }, 0],
    ["half of the closed numbers", { "1xxx": "hk", "2xxx": "hk" }, { "1xxx": "hk" }, 0.5],
    ["a small branch", { "1xxx": "hk", "20xx": "hk" }, { "1xxx": "hk" }, 100 / 1100],
    ["a tenth of a prefix", { "8*": "hk" }, { "80*": "hk", "81*": "hk", "82*": "hk" }, 0.7],
    ["everything", { "1xxx": "hk", "8*": "hk" }, {}, 1],
  ];
  for (const [name, before, after, share] of cases) {
    test(name, () => assert.ok(Math.abs(compare(before, after).lostShare - share) < 1e-9));
  }
});

/** What a comparison says of one number: the longest of its changes that has the number, unless it is left out there. */
function saidOf({ changes }: OwnershipComparison<string>, number: string): readonly [unknown, unknown] | undefined {
  const having = changes.filter(({ pattern: numbers }) => patternContains(numbers, number));
  const closed = having.find(({ pattern: numbers }) => numbers.kind === "closed");
  const [longest] = having.toSorted((one, other) => prefixLength(other.pattern) - prefixLength(one.pattern));
  const told = closed ?? longest;
  const isLeftOut = told?.except.some((numbers) => patternContains(numbers, number)) === true;
  return told === undefined || isLeftOut ? undefined : [told.from, told.to];
}

/** The same, by looking the number up in both plans. */
function changeOf(
  before: DialPlan<string>,
  after: DialPlan<string>,
  number: string,
): readonly [unknown, unknown] | undefined {
  const [from, to] = [before.targetOf(number), after.targetOf(number)];
  return from === to ? undefined : [from, to];
}

function prefixLength(numbers: { kind: "open"; prefix: string } | { kind: "closed" }): number {
  return numbers.kind === "open" ? numbers.prefix.length : 0;
}

test("agrees with looking every number up in both plans", () => {
  const entry = fc.record({ pattern, target: fc.constantFrom("hk", "london", "paris") });
  const entries = fc.array(entry, { maxLength: 6 });
  const numbers = allNumbers("0129", 5);
  let compared = 0;
  fc.assert(
    fc.property(entries, entries, (rowsBefore, rowsAfter) => {
      const [before, after] = [compileDialPlan(rowsBefore), compileDialPlan(rowsAfter)];
      if (before.kind === "conflicting" || after.kind === "conflicting") {
        return;
      }
      compared += 1;
      const comparison = compareOwnership(before.plan, after.plan);
      for (const number of numbers) {
        assert.deepEqual(saidOf(comparison, number), changeOf(before.plan, after.plan, number), number);
      }
      assert.ok(comparison.changes.every(({ from, to }) => from !== to));
      assert.equal(lostShareOf(before.plan, after.plan), comparison.lostShare);
    }),
    { numRuns: 400 },
  );
  assert.ok(compared > 50, String(compared));
});
