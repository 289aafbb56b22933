import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { normalizeNumber } from "@mss/dial-plan";

describe("dialled numbers", () => {
  const cases: readonly [dialled: string, result: string][] = [
    ["4000", "4000"],
    ["+852 2123-4567", "85221234567"],
    [" (020) 7946.0018 ", "02079460018"],
    ["", "empty"],
    ["+", "empty"],
    [" - ", "empty"],
    ["4000+", "notADigit"],
    ["++4000", "notADigit"],
    ["*21*4000#", "notADigit"],
    ["#31#4000", "notADigit"],
    ["alice", "notADigit"],
    ["４０００", "notADigit"],
    ["4000\r\nVia: x", "notADigit"],
    ["1".repeat(32), "1".repeat(32)],
    ["1".repeat(33), "tooLong"],
    ["1".repeat(100_000), "tooLong"],
  ];
  for (const [dialled, result] of cases) {
    test(`${JSON.stringify(dialled.slice(0, 40))} is ${result.slice(0, 40)}`, () => {
      const normalized = normalizeNumber(dialled);
      assert.equal(normalized.kind === "number" ? normalized.number : normalized.reason, result);
    });
  }
});
