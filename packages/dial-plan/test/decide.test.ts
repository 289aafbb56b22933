import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileOwnership, decideAtBranch, decideAtHub, normalizeNumber } from "@mss/dial-plan";
import type { BranchTarget, DialPlan, NumberOwner } from "@mss/dial-plan";

function compile<Target>(...owners: NumberOwner<Target>[]): DialPlan<Target> {
  const compiled = compileOwnership(owners);
  assert.equal(compiled.kind, "compiled");
  return compiled.plan;
}

describe("decisions", () => {
  const plan = compile({ numbers: ["1xxx"], target: "hk" }, { numbers: ["4xxx", "15xx"], target: "london" });
  const hubCases = [
    ["4000", "hk", "route", "london"],
    ["1000", "london", "route", "hk"],
    ["1500", "hk", "route", "london"],
    ["1000", "hk", "backToOrigin", "hk"],
    ["9999", "hk", "unknown", undefined],
    ["", "hk", "unknown", undefined],
  ] as const;
  for (const [number, cameFrom, kind, branch] of hubCases) {
    test(`hub: ${number} from ${cameFrom} is ${kind}`, () => {
      const decision = decideAtHub({ plan, number, cameFrom });
      assert.equal(decision.kind, kind);
      assert.equal("branch" in decision ? decision.branch : undefined, branch);
    });
  }

  const own = compile<BranchTarget>({ numbers: ["1xxx"], target: "own" }, { numbers: ["15xx"], target: "elsewhere" });
  const branchCases = [
    ["1000", "extension", "local"],
    ["1000", "hub", "local"],
    ["4000", "extension", "uplink"],
    ["4000", "hub", "backToOrigin"],
    ["1500", "extension", "uplink"],
    ["1500", "hub", "backToOrigin"],
    ["", "extension", "uplink"],
  ] as const;
  for (const [number, cameFrom, kind] of branchCases) {
    test(`branch: ${number} from ${cameFrom} is ${kind}`, () => {
      assert.equal(decideAtBranch({ plan: own, number, cameFrom }).kind, kind);
    });
  }
});

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
