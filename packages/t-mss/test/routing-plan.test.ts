import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@mss/runtime";
import { compileRoutingPlan } from "../src/routing-plan.ts";
import { HK, LONDON, snapshotOf } from "./support/settings.ts";

test("a routing plan knows owners by the longest match, and limits", () => {
  const snapshot = snapshotOf({ hk: { numbers: ["1xxx", "44xx"] }, london: { numbers: ["4xxx"], maxCalls: 7 } });
  const plan = compileRoutingPlan({ revision: 3, snapshot });
  assert.equal(plan.calls.numbers.targetOf("4000"), LONDON);
  assert.equal(plan.calls.numbers.targetOf("4400"), HK);
  assert.equal(plan.calls.numbers.targetOf("9"), undefined);
  assert.deepEqual([plan.maxCalls(LONDON), plan.maxCalls(HK)], [7, undefined]);
});

test("a snapshot that makes no plan is refused", () => {
  for (const numbers of [["1x1"], ["4xxx"]]) {
    const snapshot = snapshotOf({ hk: { numbers } });
    assert.throws(
      () => compileRoutingPlan({ revision: 1, snapshot }),
      (error) => hasCode(error, "PLAN_REFUSED"),
    );
  }
});
