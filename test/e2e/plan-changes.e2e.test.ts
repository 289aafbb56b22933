import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { hasCode } from "@mss/runtime";
import { asAdmin, startRedis } from "@mss/store/testing";
import type { RedisServer } from "@mss/store/testing";
import { Load } from "../chaos/load.ts";
import type { LoadPhone } from "../chaos/load.ts";
import { startFederation } from "../support/federation.ts";
import type { Federation } from "../support/federation.ts";
import { PlanEditor, variant } from "../support/plan-editor.ts";
import { waitUntil } from "../support/wait-until.ts";
import { skip } from "./setup.ts";

const HTTP = { host: "127.20.24.1", port: 18_080 };
/** So that calls come before, in and after the change. */
const SHORTEST_LOAD_MS = 2_000;
/** A machine under load may hold this process up; how soon is what `packages/t-mss/bench/apply.ts` measures. */
const IN_FORCE_LIMIT_MS = 30_000;
const SWAPS = Number(process.env["MSS_TEST_SWAPS"] ?? 50);
const PASSWORD = "of-the-hub";
const RIGHTS = "allkeys allchannels +@all".split(" ");

let redis: RedisServer;
let url: string;
let federation: Federation;
let editor: PlanEditor;

/** A user of Redis of its own, so that its password can be changed while the test still comes in. */
async function setPassword(password: string): Promise<void> {
  await asAdmin(redis, (admin) => admin.call("ACL", "SETUSER", "hub", "reset", "on", `>${password}`, ...RIGHTS));
}

before(async () => {
  if (skip === false) {
    redis = await startRedis();
    await setPassword(PASSWORD);
    url = redis.url.replace("redis://", `redis://hub:${PASSWORD}@`);
    federation = await startFederation({ net: 24, store: { kind: "redis", url }, http: HTTP });
    editor = await PlanEditor.open(url, federation.name);
  }
});

after(async () => {
  await editor?.stop();
  await federation?.stop();
  await redis?.stop();
});

async function health(): Promise<Readonly<Record<string, unknown>>> {
  const report: unknown = await (await fetch(`http://${HTTP.host}:${HTTP.port}/health`)).json();
  return typeof report === "object" ? { ...report } : {};
}

function revision(): number {
  return federation.hub.status().plan?.revision ?? 0;
}

function phone(number: string): LoadPhone {
  const { password: secret, address, branch } = federation.phone(number);
  return { number, secret, address, branch };
}

/** Calls from Hong Kong to London while `change` goes on; all must be answered and end as they should. */
async function duringCalls(t: TestContext, [from, to]: readonly [string, string], change: () => Promise<void>) {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-load-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const load = await Load.start({
    folder,
    name: "calls",
    caller: phone(from),
    callee: phone(to),
    callsPerSecond: 5,
    ringMs: 0,
    talkMs: 500,
  });
  const changed = change();
  await Promise.allSettled([changed, sleep(SHORTEST_LOAD_MS)]);
  const calls = await load.stop();
  await changed;
  assert.ok(calls.length > 5, `${calls.length} calls`);
  t.diagnostic(`${calls.length} calls`);
  assert.deepEqual(
    calls.filter(({ answeredAt, endedAt, failure }) => (answeredAt ?? endedAt) === undefined || failure !== undefined),
    [],
  );
}

test(
  `CH-24: ${SWAPS} changes of the plan during calls: each is taken, in order, and no call fails`,
  { skip },
  async (t) => {
    const taken: number[] = [];
    t.after(federation.hub.on("plan", (number) => taken.push(number)));
    const first = revision();
    await duringCalls(t, ["1000", "4000"], async () => {
      for (let turn = 1; turn <= SWAPS; turn += 1) {
        const published = await editor.applyWhenUp(variant(turn));
        await waitUntil(`revision ${published} is in force`, () => revision() === published, IN_FORCE_LIMIT_MS);
      }
    });
    assert.deepEqual(
      taken,
      Array.from({ length: SWAPS }, (_unused, turn) => first + turn + 1),
    );
  },
);

test("CH-04: Redis is flushed during calls: the hub goes on by its plan and gives it back", { skip }, async (t) => {
  const inForce = revision();
  await duringCalls(t, ["1001", "4001"], async () => {
    await redis.flush();
    await waitUntil("the plan is in Redis again", async () => (await editor.revision()) === inForce);
    assert.equal(revision(), inForce);
    assert.partialDeepStrictEqual(await health(), { planGivenBack: 1, planRevision: inForce });
  });
  const next = await editor.applyWhenUp(variant(51));
  assert.equal(next, inForce + 1);
  await waitUntil("the next change is in force", () => revision() === next);
});

test(
  "CH-05: Redis refuses the password during calls: degraded, edits are refused, both end with it",
  { skip },
  async (t) => {
    const inForce = revision();
    await duringCalls(t, ["1002", "4002"], async () => {
      await setPassword("another");
      await asAdmin(redis, (admin) => admin.call("CLIENT", "KILL", "USER", "hub"));
      await waitUntil("the hub has noticed", async () => (await health())["storeReason"] === "STORE_ACCESS_DENIED");
      assert.partialDeepStrictEqual(await health(), { ok: true, degraded: true, planRevision: inForce });
      const late = await PlanEditor.open(url, federation.name);
      t.after(() => late.stop());
      await assert.rejects(late.apply(variant(52)), (error) =>
        hasCode(error, "STORE_ACCESS_DENIED", "STORE_UNAVAILABLE"),
      );
    });
    await setPassword(PASSWORD);
    await waitUntil("all is well again", async () => (await health())["degraded"] === false);
    const next = await editor.applyWhenUp(variant(53));
    await waitUntil("the next change is in force", () => revision() === next);
  },
);
