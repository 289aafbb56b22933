import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallRecord } from "@mss/model";
import { readConfig } from "../src/config.ts";
import { CallTrails, followCall } from "../src/demo/call-trail.ts";
import { formatLadder } from "../src/demo/ladder.ts";

function record(node: string, origin: string, target: string, sessionId = "a".repeat(32)): CallRecord {
  const at = "2026-11-24T00:00:00.000Z";
  const ended = { result: "answered", status: 200, startedAt: at, endedAt: at, endedBy: "caller" } as const;
  return {
    id: `${node}-${sessionId}`,
    sessionId,
    node,
    from: "1000",
    to: "4000",
    origin,
    target,
    ...ended,
    setupMs: 5,
    durationMs: 9,
  };
}

const WAY = [
  record("london", "hub:hub-1", "extension:4000"),
  record("hk", "extension:1000", "hub:hub-1"),
  record("hub-1", "branch:hk", "branch:london"),
];

test("a call is followed from node to node, in whatever order the records come", () => {
  const trail = followCall([record("hub-1", "branch:x", "branch:y", "b".repeat(32)), ...WAY], "1000", "4000");
  assert.deepEqual(
    trail.records.map(({ node }) => node),
    ["hk", "hub-1", "london"],
  );
  assert.ok(trail.complete);
});

test("a trail with a missing node, or one that goes in a circle, is not complete", () => {
  assert.ok(!followCall(WAY.slice(1), "1000", "4000").complete);
  const circle = [record("hk", "extension:1000", "hub:hub-1"), record("hub-1", "branch:hk", "branch:hk")];
  assert.deepEqual(
    followCall(circle, "1000", "4000").records.map(({ node }) => node),
    ["hk", "hub-1"],
  );
});

test("a trail is there as soon as its last record is", async () => {
  const trails = new CallTrails();
  const wanted = trails.trailOf("1000", "4000", 10_000);
  WAY.forEach((entry) => trails.add(entry));
  assert.equal((await wanted).records.length, 3);
  trails.clear();
  assert.equal((await trails.trailOf("1000", "4000", 1)).records.length, 0);
});

test("the ladder puts each node's time under its name", () => {
  const call = { from: "1000", to: "4000", path: ["1000", "hk", "4000"], setupMs: 12.34, result: "answered" };
  assert.equal(
    formatLadder(call, [{ node: "hk", setupMs: 5 }]),
    "1000 → 4000   answered, set up in 12.3 ms\n  1000 ──▶ hk     ──▶ 4000\n           5.0 ms",
  );
});

test("the environment is read strictly, and empty means not set", () => {
  assert.deepEqual(readConfig({ REDIS_URL: "", PATH: "/bin" }), { kind: "ok", config: {} });
  assert.deepEqual(readConfig({ DRACHTIO_URL: "drachtio://:s%20ecret@127.0.0.1", MSS_LOG_LEVEL: "debug" }), {
    kind: "ok",
    config: { drachtio: { host: "127.0.0.1", port: 9022, secret: "s ecret" }, logLevel: "debug" },
  });
  assert.deepEqual(readConfig({ MSS_WORKERS: "4" }), { kind: "ok", config: { workers: 4 } });
  const faulty = readConfig({ REDIS_URL: "http://127.0.0.1", MSS_LOG_LEVEL: "loud", MSS_WORKERS: "0" });
  assert.equal(faulty.kind, "faulty");
  assert.equal(faulty.kind === "faulty" && faulty.faults.length, 3);
});
