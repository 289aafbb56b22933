import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import {
  compileColumns,
  compileDialPlan,
  compileOwnership,
  dialPlanOf,
  shareColumns,
  formatConflict,
  formatPattern,
} from "@mss/dial-plan";
import type { DialPlan, DialPlanEntry } from "@mss/dial-plan";
import { number, pattern, patternOf } from "./arbitraries.ts";
import { allNumbers, ranksOf } from "./oracle.ts";

function planOf(rows: Readonly<Record<string, string>>): DialPlan<string> {
  const compiled = compileDialPlan(
    Object.entries(rows).map(([text, target]) => ({ pattern: patternOf(text), target })),
  );
  assert.equal(compiled.kind, "compiled");
  return compiled.plan;
}

describe("look-up", () => {
  const cases: readonly [rows: Record<string, string>, number: string, target: string | undefined][] = [
    [{ "1xxx": "hk", "4xxx": "london" }, "1000", "hk"],
    [{ "1xxx": "hk", "4xxx": "london" }, "4999", "london"],
    [{ "1xxx": "hk", "4xxx": "london" }, "5000", undefined],
    [{ "1xxx": "hk" }, "100", undefined],
    [{ "1xxx": "hk" }, "10000", undefined],
    [{ "12*": "a", "123*": "b" }, "1234", "b"],
    [{ "12*": "a", "123*": "b" }, "1244", "a"],
    [{ "12*": "a", "1200*": "b" }, "12", "a"],
    [{ "12*": "a", "1200*": "b" }, "120", "a"],
    [{ "4xxx": "a", "40xx": "b" }, "4012", "b"],
    [{ "4xxx": "a", "40xx": "b" }, "4112", "a"],
    [{ "40*": "a", "4xxx": "b" }, "4012", "a"],
    [{ "4*": "a", "4xxx": "b" }, "4012", "b"],
    [{ "4*": "a", "4xxx": "b" }, "40123", "a"],
    [{ "1000-1049": "a", "1xxx": "b" }, "1049", "a"],
    [{ "1000-1049": "a", "1xxx": "b" }, "1050", "b"],
    [{ "0xx": "a", xxx: "b" }, "012", "a"],
    [{ "00*": "carrier" }, "0085212345678901234567", "carrier"],
    [{ "00*": "carrier" }, "0".repeat(33), undefined],
    [{ "999999999999999": "a", xxxxxxxxxxxxxxx: "b" }, "999999999999999", "a"],
    [{ "999999999999999": "a", xxxxxxxxxxxxxxx: "b" }, "999999999999998", "b"],
    [{ "1xxx": "hk" }, "1x00", undefined],
    [{ "1xxx": "hk" }, "", undefined],
    [{ "1xxx": "hk" }, "１000", undefined],
  ];
  for (const [rows, dialled, target] of cases) {
    test(`${dialled} in ${JSON.stringify(rows)} is ${target ?? "nobody's"}`, () => {
      const plan = planOf(rows);
      assert.equal(plan.targetOf(dialled), target);
      assert.equal(plan.lookup(dialled)?.target, target);
    });
  }

  test("an empty plan owns nothing", () => {
    assert.equal(planOf({}).lookup("1000"), undefined);
  });

  test("agrees with the naive oracle: same winner, or refused exactly when there is a tie", () => {
    const entry = fc.record({ pattern, target: fc.constantFrom("hk", "london", "paris") });
    const numbers = allNumbers("0129", 5);
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.array(number, { maxLength: 20 }), (entries, more) => {
        const compiled = compileDialPlan(entries);
        if (compiled.kind === "conflicting") {
          for (const { first, second, tied } of compiled.conflicts) {
            assert.notEqual(first.target, second.target);
            assert.ok(tied.length > 0);
          }
          assert.ok(tiedSomewhere(entries), "refused without a tie");
          return;
        }
        for (const dialled of [...numbers, ...more]) {
          assert.equal(compiled.plan.targetOf(dialled), ranksOf(entries, dialled)[0]?.entry.target, dialled);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("what is compiled has no tie for any number", () => {
    const entry = fc.record({ pattern, target: fc.constantFrom("hk", "london") });
    fc.assert(
      fc.property(fc.array(entry, { minLength: 2, maxLength: 4 }), (entries) => {
        assert.equal(compileDialPlan(entries).kind === "conflicting", tiedSomewhere(entries));
      }),
      { numRuns: 100 },
    );
  });
});

/** By trying all short numbers. A tie may be under a better entry: it is refused all the same. */
function tiedSomewhere(entries: readonly DialPlanEntry<string>[]): boolean {
  return ALL_SHORT_NUMBERS.some((dialled) => {
    const ranks = ranksOf(entries, dialled);
    return ranks.some((one, position) =>
      ranks
        .slice(position + 1)
        .some(
          (other) =>
            one.fixedDigits === other.fixedDigits &&
            one.closed === other.closed &&
            one.entry.target !== other.entry.target,
        ),
    );
  });
}
const ALL_SHORT_NUMBERS = [...allNumbers("0123456789", 3), ...allNumbers("01239", 6)];

describe("columns", () => {
  test("a plan that threads share is the same plan in each", () => {
    const entry = fc.record({ pattern, target: fc.constantFrom("hk", "london") });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.array(number, { maxLength: 20 }), (entries, dialled) => {
        const compiled = compileColumns(entries);
        const here = compileDialPlan(entries);
        assert.equal(compiled.kind, here.kind);
        if (compiled.kind === "conflicting" || here.kind === "conflicting") {
          return;
        }
        const { columns } = compiled;
        const shared = shareColumns(columns);
        const there = dialPlanOf(structuredClone(shared));
        assert.equal(structuredClone(shared).entries.low.buffer.byteLength, columns.entries.low.byteLength);
        assert.deepEqual([...there.entries()], [...here.plan.entries()]);
        assert.deepEqual(there.closedBorders(), here.plan.closedBorders());
        for (const each of dialled) {
          assert.deepEqual(there.explain(each), here.plan.explain(each));
        }
      }),
      { numRuns: 100 },
    );
  });

  test("a million numbers in one range cost one interval, and ranges that cross are cut", () => {
    const alone = compileColumns([{ pattern: patternOf("1000001-1999998"), target: "hk" }]);
    assert.ok(alone.kind === "compiled");
    assert.equal(alone.columns.closed[7]?.intervals.length, 3);
    const crossing = planOf({ "1000-1024": "a", "1020-1039": "b" });
    assert.deepEqual(
      ["1019", "1020", "1024", "1025", "1040"].map((each) => crossing.targetOf(each)),
      ["a", "a", "a", "b", undefined],
    );
  });
});

describe("conflicts", () => {
  test("two targets for the same numbers are refused, and both are named", () => {
    const compiled = compileOwnership([
      { numbers: ["1xxx"], target: "hk" },
      { numbers: ["4xxx", "1000-1999"], target: "london" },
    ]);
    assert.equal(compiled.kind, "conflicting");
    assert.deepEqual(
      compiled.conflicts.map((conflict) => formatConflict(conflict, (target) => target)),
      ["1xxx of hk and 1xxx of london are equally exact for 1xxx"],
    );
  });

  test("a nested range that is cut as its surroundings are is a tie", () => {
    const compiled = compileOwnership([
      { numbers: ["1000-1014"], target: "hk" },
      { numbers: ["1010-1012"], target: "london" },
    ]);
    assert.equal(compiled.kind, "conflicting");
    assert.deepEqual(compiled.conflicts[0]?.tied.map(formatPattern), ["1010", "1011", "1012"]);
  });

  test("open prefixes tie too", () => {
    const compiled = compileOwnership([
      { numbers: ["0852*"], target: "hk" },
      { numbers: ["0852*"], target: "london" },
    ]);
    assert.equal(compiled.kind, "conflicting");
    assert.deepEqual(compiled.conflicts[0]?.tied.map(formatPattern), ["0852*"]);
  });

  test("the same target twice is no conflict", () => {
    const compiled = compileOwnership([{ numbers: ["1xxx", "1xxx", "10*", "10*"], target: "hk" }]);
    assert.equal(compiled.kind, "compiled");
    assert.equal(compiled.plan.targetOf("1000"), "hk");
  });

  test("a wrong pattern is named with its owner", () => {
    const compiled = compileOwnership([{ numbers: ["1xxx", "12x4"], target: "hk" }]);
    assert.equal(compiled.kind, "invalid");
    assert.deepEqual([compiled.text, compiled.target], ["12x4", "hk"]);
  });
});

describe("explain", () => {
  test("names the winner, who lost to it and why, and who nearly matched", () => {
    const plan = planOf({
      "4xxx": "london",
      "40*": "paris",
      "40xx": "oslo",
      "4000-4011": "rome",
      "4xxxx": "bern",
      "1xxx": "hk",
    });
    const lines = plan
      .explain("4012")
      .map(({ pattern: own, target, verdict }) => [formatPattern(own), target, verdict]);
    assert.deepEqual(lines, [
      ["40xx", "oslo", { kind: "chosen", fixedDigits: 2 }],
      ["40*", "paris", { kind: "outranked", fixedDigits: 2, by: "closedBeatsOpen" }],
      ["4xxx", "london", { kind: "outranked", fixedDigits: 1, by: "longerPrefix" }],
      ["4000-4011", "rome", { kind: "noMatch", why: "outsideRange" }],
      ["4xxxx", "bern", { kind: "noMatch", why: "tooShort" }],
    ]);
  });

  test("the chosen candidate is the look-up's answer, always", () => {
    const entry = fc.record({ pattern, target: fc.constantFrom("hk", "london") });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), number, (entries, dialled) => {
        const compiled = compileDialPlan(entries);
        if (compiled.kind === "conflicting") {
          return;
        }
        const candidates = compiled.plan.explain(dialled);
        const chosen = candidates.filter(({ verdict }) => verdict.kind === "chosen");
        const answer = compiled.plan.lookup(dialled);
        assert.deepEqual(
          chosen.map(({ pattern: own, target }) => ({ pattern: own, target })),
          answer ? [answer] : [],
        );
        assert.ok(answer === undefined || candidates[0]?.verdict.kind === "chosen");
        const matching = candidates.filter(({ verdict }) => verdict.kind !== "noMatch");
        assert.equal(matching.length, ranksOf(entries, dialled).length);
      }),
    );
  });
});
