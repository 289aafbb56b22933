import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { formatPattern, patternContains, rewriteNumber, rewritePattern } from "@mss/dial-plan";
import type { NumberRewrite } from "@mss/dial-plan";
import { digits, pattern, patternOf } from "../arbitraries.ts";
import { allNumbers, contains } from "../oracle.ts";

describe("a rewritten number", () => {
  const cases: readonly [number: string, rewrite: NumberRewrite, result: string | undefined][] = [
    ["84012", { strip: 1 }, "4012"],
    ["5012", { strip: 1, prepend: "62" }, "62012"],
    ["4012", { prepend: "81" }, "814012"],
    ["8000", { number: "1500" }, "1500"],
    ["4012", {}, "4012"],
    ["4012", { strip: 4 }, undefined],
    ["4012", { strip: 9 }, undefined],
    ["4012", { strip: 9, prepend: "1" }, "1"],
    ["4".repeat(32), { prepend: "1" }, undefined],
  ];
  for (const [number, rewrite, result] of cases) {
    test(`${number} by ${JSON.stringify(rewrite)} is ${result ?? "nothing"}`, () => {
      assert.equal(rewriteNumber(number, rewrite), result);
    });
  }
});

describe("rewritten patterns", () => {
  const cases: readonly [text: string, rewrite: NumberRewrite, images: readonly string[]][] = [
    ["81xxx", { strip: 1 }, ["1xxx"]],
    ["5xxx", { strip: 1, prepend: "62" }, ["62xxx"]],
    ["1950-2049", { strip: 1 }, ["000-049", "950-999"]],
    ["1500-2499", { strip: 1 }, ["xxx"]],
    ["1300-3100", { strip: 1 }, ["xxx"]],
    ["852*", { strip: 3, prepend: "0" }, ["0*"]],
    ["0*", { strip: 1 }, ["0*", "1*", "2*", "3*", "4*", "5*", "6*", "7*", "8*", "9*"]],
    ["8xxx", { number: "1500" }, ["1500"]],
    ["4xxx", { strip: 4 }, []],
    ["4xxx", { prepend: "1".repeat(12) }, []],
  ];
  for (const [text, rewrite, images] of cases) {
    test(`${text} by ${JSON.stringify(rewrite)}`, () => {
      assert.deepEqual(rewritePattern(patternOf(text), rewrite).map(formatPattern), images);
    });
  }

  test("are exactly the rewritten numbers", () => {
    const rewrites = fc.record({ strip: fc.nat(3), prepend: digits(0, 2) });
    const numbers = allNumbers("0123456789", 4);
    const short = pattern.filter((each) => each.kind === "open" || each.low.length <= 4);
    fc.assert(
      fc.property(short, rewrites, (before, rewrite) => {
        const images = rewritePattern(before, rewrite);
        const expected = new Set(
          numbers.filter((number) => contains(before, number)).map((number) => rewriteNumber(number, rewrite)),
        );
        for (const number of expected) {
          assert.ok(number === undefined || images.some((image) => patternContains(image, number)), number);
        }
        // an open pattern has longer numbers than were tried
        const longest = before.kind === "open" ? 4 - rewrite.strip + rewrite.prepend.length : Infinity;
        const said = numbers.filter((number) => images.some((image) => patternContains(image, number)));
        for (const number of said.filter(({ length }) => length <= longest)) {
          assert.ok(expected.has(number), number);
        }
      }),
      { numRuns: 100 },
    );
  });
});
