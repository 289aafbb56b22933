import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActiveCall } from "@mss/call-control";
import { callingNumber } from "@mss/call-control/node";
import { branchIdSchema } from "@mss/model";
import type { BranchId } from "@mss/model";

const HK = branchIdSchema.parse("hk");
const LONDON = branchIdSchema.parse("london");

const SESSION = "a".repeat(32);
const TALKING: ActiveCall = {
  id: "1",
  sessionId: SESSION,
  from: "1000",
  to: "4000",
  origin: "branch:hk",
  target: "branch:london",
  state: "answered",
  startedAt: "2026-01-01T00:00:00.000Z",
};

function ownerOf(number: string): BranchId | undefined {
  return number.startsWith("1") ? HK : number.startsWith("4") ? LONDON : undefined;
}

function calling(from: string, headers: Readonly<Record<string, string>>, calls: readonly ActiveCall[] = [TALKING]) {
  const invite = { from: { uri: "", user: from, host: "" }, header: (name: string) => headers[name.toLowerCase()] };
  return callingNumber(invite, HK, { ownerOf, activeCalls: () => calls });
}

const REFERRED = { "referred-by": "<sip:1000@acme>", "session-id": `${SESSION};remote=${"0".repeat(32)}` };

test("a branch calls under its own number, whatever it says of a transfer", () => {
  assert.deepEqual(calling("1000", REFERRED), { responsible: "1000" });
});

test("a transferee who talks with the branch here is shown", () => {
  assert.deepEqual(calling("4000", REFERRED), { responsible: "1000" });
});

test("a transfer that is only claimed is shown under the number of who claims it", () => {
  const shown = { responsible: "1000", shown: "1000" };
  assert.deepEqual(calling("4001", REFERRED), shown, "somebody else");
  assert.deepEqual(calling("4000", REFERRED, []), shown, "no call");
  assert.deepEqual(calling("4000", REFERRED, [{ ...TALKING, state: "ringing" }]), shown, "not answered");
  assert.deepEqual(calling("4000", { "referred-by": REFERRED["referred-by"] }), shown, "no session");
  assert.deepEqual(calling("4000", { ...REFERRED, "session-id": `${"b".repeat(32)};remote=0` }), shown, "another one");
});

test("a foreign number without a transfer is its own responsibility, and so not permitted", () => {
  assert.deepEqual(calling("4000", {}), { responsible: "4000" });
  assert.deepEqual(calling("4000", { "referred-by": "nonsense<" }), { responsible: "4000" });
});
