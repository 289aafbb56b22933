import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { formatPattern, parsePattern, patternContains } from "@mss/dial-plan";
import { number, pattern, patternOf } from "./arbitraries.ts";
import { contains } from "./oracle.ts";

describe("patterns", () => {
  const valid: readonly [text: string, formatted: string][] = [
    ["1xxx", "1xxx"],
    ["1000-1999", "1xxx"],
    ["1000-1049", "1000-1049"],
    ["1000-1000", "1000"],
    ["0-9", "x"],
    ["0000-9999", "xxxx"],
    ["0100-0199", "01xx"],
    ["1000", "1000"],
    ["852*", "852*"],
    ["xxxx", "xxxx"],
    ["123456789012345", "123456789012345"],
  ];
  for (const [text, formatted] of valid) {
    test(`${text} is ${formatted}`, () => {
      assert.equal(formatPattern(patternOf(text)), formatted);
    });
  }

  const invalid: readonly [text: string, reason: RegExp, suggestion: string | undefined][] = [
    ["", /empty/, undefined],
    [" ", /empty/, undefined],
    ["12x4x", /only at the end/, undefined],
    ["x000", /only at the end/, undefined],
    ["*", /every number/, undefined],
    ["xx*", /every number/, undefined],
    ["1x*", /cannot be mixed/, undefined],
    ["8*52", /not a number pattern/, undefined],
    ["1XXX", /not a number pattern/, "1xxx"],
    ["_1XXX", /not a number pattern/, "1xxx"],
    ["1...", /not a number pattern/, "1xxx"],
    ["1???", /not a number pattern/, "1xxx"],
    [" 1xxx", /not a number pattern/, "1xxx"],
    ["+852*", /not a number pattern/, "852*"],
    ["852**", /not a number pattern/, "852*"],
    ["852%", /not a number pattern/, "852*"],
    ["1000 - 1999", /not a number pattern/, "1000-1999"],
    ["1000–1999", /not a number pattern/, "1000-1999"],
    ["1000..1999", /not a number pattern/, "1000-1999"],
    ["1000to1999", /not a number pattern/, "1000-1999"],
    ["1999-1000", /ends before it begins/, "1000-1999"],
    ["1000-49", /same number of digits/, "1000-1049"],
    ["1000-19999", /same number of digits/, undefined],
    ["1050-49", /same number of digits/, undefined],
    ["1234567890123456", /longer than 15/, undefined],
    ["1234567890123456*", /longer than 15/, undefined],
    ["x".repeat(100_000), /longer than 15/, undefined],
    ["london", /not a number pattern/, undefined],
    ["１xxx", /not a number pattern/, undefined],
    ["__proto__", /not a number pattern/, undefined],
  ];
  for (const [text, reason, suggestion] of invalid) {
    test(`${text.slice(0, 20)} is refused${suggestion === undefined ? "" : ` and ${suggestion} suggested`}`, () => {
      const parsed = parsePattern(text);
      assert.equal(parsed.kind, "invalid");
      assert.match(parsed.reason, reason);
      assert.equal(parsed.suggestion, suggestion);
    });
  }

  test("no text makes it throw, and every suggestion is valid", () => {
    const unit = fc.constantFrom(...Array.from("0123456789xX*-–. +_?to\u0000é"));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit, maxLength: 20 }), fc.string()), (text) => {
        const parsed = parsePattern(text);
        const suggestion = parsed.kind === "invalid" ? parsed.suggestion : undefined;
        assert.ok(suggestion === undefined || parsePattern(suggestion).kind === "pattern");
      }),
      { numRuns: 500 },
    );
  });

  test("what is formatted is parsed back to the same numbers", () => {
    fc.assert(
      fc.property(pattern, (own) => {
        assert.deepEqual(patternOf(formatPattern(own)), own);
      }),
    );
  });

  test("contains agrees with the oracle", () => {
    fc.assert(
      fc.property(pattern, number, (own, dialled) => {
        assert.equal(patternContains(own, dialled), contains(own, dialled));
      }),
      { numRuns: 500 },
    );
  });
});
