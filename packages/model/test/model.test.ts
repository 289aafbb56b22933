import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CAUSES,
  branchIdSchema,
  callRecordSchema,
  extensionNumberSchema,
  reasonHeader,
  sipUriOf,
  snapshotSchema,
  transportAddressSchema,
} from "../src/index.ts";

test("ids are lower-case names that fit a DNS label", () => {
  for (const good of ["hk", "hub-1", "a", "x".repeat(63), "0"]) {
    assert.ok(branchIdSchema.safeParse(good).success, good);
  }
  for (const bad of ["", "HK", "-hk", "hk-", "h k", "h_k", "x".repeat(64), "hk\n"]) {
    assert.ok(!branchIdSchema.safeParse(bad).success, JSON.stringify(bad));
  }
});

test("an extension number is 1 to 15 digits", () => {
  assert.ok(extensionNumberSchema.safeParse("1000").success);
  for (const bad of ["", "10a0", "+1000", "1".repeat(16), "١٢"]) {
    assert.ok(!extensionNumberSchema.safeParse(bad).success, bad);
  }
});

test("the SIP URI of an address names the transport unless it is UDP, and brackets IPv6", () => {
  assert.equal(sipUriOf({ transport: "udp", host: "127.0.0.1", port: 5060 }), "sip:127.0.0.1:5060");
  assert.equal(sipUriOf({ transport: "tcp", host: "::1", port: 5070 }, "1000"), "sip:1000@[::1]:5070;transport=tcp");
});

test("addresses refuse ports that do not exist and keys that nobody reads", () => {
  assert.ok(!transportAddressSchema.safeParse({ transport: "udp", host: "127.0.0.1", port: 65_536 }).success);
  assert.ok(!transportAddressSchema.safeParse({ transport: "sctp", host: "127.0.0.1", port: 5060 }).success);
  assert.ok(!transportAddressSchema.safeParse({ transport: "udp", host: "127.0.0.1", port: 1, prot: "udp" }).success);
});

test("a snapshot with a secret, or with a hash that is none, is refused", () => {
  const snapshot = {
    federation: "acme",
    hubs: [{ id: "hub-1", listen: [{ transport: "udp", host: "127.0.0.1", port: 5060 }] }],
    branches: [{ id: "hk", name: "Hong Kong", numbers: ["1xxx"] }],
    hash: "0".repeat(64),
  };
  assert.ok(snapshotSchema.safeParse(snapshot).success);
  assert.ok(!snapshotSchema.safeParse({ ...snapshot, hash: "abc" }).success);
  const withSecret = [{ id: "hk", name: "Hong Kong", numbers: ["1xxx"], secret: "x" }];
  assert.ok(!snapshotSchema.safeParse({ ...snapshot, branches: withSecret }).success);
});

test("a call record without answer time is fine, with an unknown result is not", () => {
  const record = {
    id: "hk-1",
    sessionId: "a".repeat(32),
    node: "hk",
    from: "1000",
    to: "4000",
    origin: "extension:1000",
    result: "busy",
    status: 486,
    startedAt: "2026-11-24T00:00:00.000Z",
    endedAt: "2026-11-24T00:00:01.000Z",
    endedBy: "callee",
    setupMs: 1_000,
    durationMs: 0,
  };
  assert.ok(callRecordSchema.safeParse(record).success);
  assert.ok(!callRecordSchema.safeParse({ ...record, result: "maybe" }).success);
  assert.ok(!callRecordSchema.safeParse({ ...record, durationMs: -1 }).success);
});

test("each cause is a Reason header with its Q.850 value, and has a status a call can end with", () => {
  assert.equal(reasonHeader("userBusy"), 'Q.850;cause=17;text="User busy"');
  assert.equal(reasonHeader("noCircuit", "trunk full"), 'Q.850;cause=34;text="trunk full"');
  for (const [name, { q850, sip }] of Object.entries(CAUSES)) {
    assert.ok(q850 >= 1 && q850 <= 127, name);
    assert.ok(sip >= 200 && sip <= 699, name);
  }
});
