import assert from "node:assert/strict";
import { test } from "node:test";
import { startRedis } from "@mss/store/testing";
import { startFederation } from "../support/federation.ts";
import { call } from "../support/phones.ts";
import { waitUntil } from "../support/wait-until.ts";
import { skip } from "./setup.ts";

const HTTP = { host: "127.20.10.1", port: 18_080 };

async function health(): Promise<unknown> {
  return (await fetch(`http://${HTTP.host}:${HTTP.port}/health`)).json();
}

test("Redis is killed: calls between branches go on, and the hub's health says degraded", { skip }, async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const federation = await startFederation({ net: 10, store: { kind: "redis", url: redis.url }, http: HTTP });
  t.after(() => federation.stop());
  assert.partialDeepStrictEqual(await health(), { ok: true, store: "up", degraded: false });
  await redis.kill();
  await waitUntil("the hub has noticed", async () => {
    const report = await health();
    return typeof report === "object" && report !== null && "degraded" in report && report.degraded === true;
  });
  assert.partialDeepStrictEqual(await health(), { ok: true, store: "down" });
  await call(t, {
    from: federation.phone("1000"),
    to: federation.phone("4000"),
    caller: "uac-answered-hangs-up",
    callee: "uas-answers-and-waits-bye",
  });
});
