import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryGroups } from "@mss/call-control/testing";
import type { BranchId, BranchReach } from "@mss/model";
import { sharedView } from "../src/reach/shared-view.ts";
import { HK, LONDON } from "./support/settings.ts";

function reach(branch: BranchId, state: BranchReach["state"]): BranchReach {
  return { branch, state, since: "2026-11-24T12:00:00.000Z", by: "options" };
}

test("the workers of a hub tell other hubs what they reach together", () => {
  const [one, other] = memoryGroups(2);
  const first = sharedView(one, () => [reach(HK, "up"), reach(LONDON, "down")]);
  const second = sharedView(other, () => [reach(LONDON, "up")]);
  assert.deepEqual(first(), [reach(HK, "up"), reach(LONDON, "down")]);
  assert.deepEqual(second(), [reach(LONDON, "up"), reach(HK, "up")]);
  assert.deepEqual(first(), [reach(HK, "up"), reach(LONDON, "up")]);
  const alone = [reach(HK, "up")];
  assert.deepEqual(sharedView(undefined, () => alone)(), alone);
});
