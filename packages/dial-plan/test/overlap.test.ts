import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { findOverlaps, formatPattern, overlapOf, patternContains } from "@mss/dial-plan";
import { pattern, patternOf } from "./arbitraries.ts";
import { allNumbers, contains } from "./oracle.ts";

describe("overlap", () => {
  const cases: readonly [first: string, second: string, shared: string | undefined, relation: string | undefined][] = [
    ["1xxx", "4xxx", undefined, undefined],
    ["1xxx", "1xxxx", undefined, undefined],
    ["1xxx", "1000-1999", "1xxx", "equal"],
    ["1xxx", "15xx", "15xx", "secondInsideFirst"],
    ["1500-1520", "1xxx", "1500-1520", "firstInsideSecond"],
    ["1000-1499", "1400-1999", "14xx", "partial"],
    ["1*", "12*", "12*", "secondInsideFirst"],
    ["12*", "13*", undefined, undefined],
    ["852*", "852*", "852*", "equal"],
    ["1*", "1xxx", "1xxx", "secondInsideFirst"],
    ["1500-2500", "2*", "2000-2500", "partial"],
    ["1234*", "123", undefined, undefined],
    ["852*", "852", "852", "secondInsideFirst"],
  ];
  for (const [first, second, shared, relation] of cases) {
    test(`${first} and ${second} share ${shared ?? "nothing"}`, () => {
      const overlap = overlapOf(patternOf(first), patternOf(second));
      assert.equal(overlap && formatPattern(overlap.shared), shared);
      assert.equal(overlap?.relation, relation);
    });
  }

  const numbers = allNumbers("01239", 5);

  test("is exactly the numbers that both contain", () => {
    fc.assert(
      fc.property(pattern, pattern, (first, second) => {
        const overlap = overlapOf(first, second);
        for (const number of numbers) {
          const inBoth = contains(first, number) && contains(second, number);
          assert.equal(overlap !== undefined && patternContains(overlap.shared, number), inBoth, number);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("says which is inside which, and the same from both sides", () => {
    const mirrored = {
      equal: "equal",
      partial: "partial",
      firstInsideSecond: "secondInsideFirst",
      secondInsideFirst: "firstInsideSecond",
    };
    const all = allNumbers("0123456789", 5);
    fc.assert(
      fc.property(pattern, pattern, (first, second) => {
        const overlap = overlapOf(first, second);
        const mirror = overlapOf(second, first);
        assert.equal(mirror?.relation, overlap && mirrored[overlap.relation]);
        if (overlap === undefined) {
          return;
        }
        const firstInside = all.every((number) => !contains(first, number) || contains(second, number));
        const secondInside = all.every((number) => !contains(second, number) || contains(first, number));
        const expected = firstInside
          ? secondInside
            ? "equal"
            : "firstInsideSecond"
          : secondInside
            ? "secondInsideFirst"
            : "partial";
        assert.equal(overlap.relation, expected);
      }),
      { numRuns: 40 },
    );
  });

  test("all pairs of a list are found, each once", () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 12 }), (patterns) => {
        const found = [...findOverlaps(patterns)].map(({ first, second }) => `${first}:${second}`);
        const expected = patterns.flatMap((one, first) =>
          patterns.flatMap((other, second) => (first < second && overlapOf(one, other) ? [`${first}:${second}`] : [])),
        );
        assert.deepEqual(found.toSorted(), expected.toSorted());
      }),
    );
  });
});
