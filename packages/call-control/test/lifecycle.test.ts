import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseStore } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { CallError, createCallControl, createSipServer } from "@mss/call-control";
import { establish } from "./support/established.ts";
import { OFFER, plan, startNode, step, target } from "./support/node-under-test.ts";
import { WireEngine } from "./support/wire-engine.ts";

test("a node that drains refuses new calls and ends the old ones at the limit", async (context) => {
  const call = await establish(context);
  const drained = call.node.control.drain(20);
  const refused = await call.node.engine.inject({ body: OFFER }).response();
  assert.deepEqual([refused.status, refused.headers.get("Retry-After")], [503, "5"]);
  const byes = [await call.node.engine.sent(), await call.node.engine.sent()];
  assert.deepEqual(new Set(byes.map(({ dialogId }) => dialogId)), new Set([call.calleeDialog, call.callerDialog]));
  await drained;
  const record = await call.node.record();
  assert.deepEqual([record.result, record.endedBy], ["answered", "system"]);
  assert.deepEqual(call.node.control.activeCalls(), []);
});

test("a drain without calls is done at once, and one whose calls end does not wait for the limit", async (context) => {
  const idle = await startNode(context);
  await idle.control.drain(60_000);
  const call = await establish(context);
  const drained = call.node.control.drain(60_000);
  call.fromCaller({ method: "BYE" });
  await drained;
});

test("the most calls at once is a limit", async (context) => {
  const node = await startNode(context, { limits: { maxCalls: 1, retryAfterSeconds: 7 } });
  const first = node.engine.inject({ body: OFFER });
  await node.engine.sent();
  const refused = await node.engine.inject({ body: OFFER }).response();
  assert.deepEqual([refused.status, refused.headers.get("Retry-After")], [503, "7"]);
  first.cancel();
  await node.record();
  node.engine.inject({ body: OFFER });
  assert.equal((await node.engine.sent()).request.method, "CANCEL");
  assert.equal((await node.engine.sent()).request.method, "INVITE");
});

function leaseStore(change: Partial<LeaseStore> = {}): LeaseStore & { readonly held: Set<string> } {
  const held = new Set<string>();
  return {
    held,
    acquire: async (_key, leaseId, { limit }) => {
      if (held.size >= limit) {
        return { kind: "full", inUse: held.size };
      }
      held.add(leaseId);
      return { kind: "granted" };
    },
    renew: () => Promise.resolve([]),
    release: async (_key, leaseId) => {
      held.delete(leaseId);
    },
    inUse: () => Promise.resolve(held.size),
    ...change,
  };
}

test("a call holds its trunk's slot until it is over, and a full trunk is 503", async (context) => {
  const leases = leaseStore();
  const lease = { key: "trunk:hk", limit: 1 };
  const node = await startNode(context, { leases, plan: plan([step(target())], { leases: [lease] }) });
  const first = node.engine.inject({ body: OFFER });
  const callee = await node.engine.sent();
  assert.equal(leases.held.size, 1);
  const full = await node.engine.inject({ body: OFFER }).response();
  assert.equal(full.status, 503);
  assert.equal((await node.record()).code, "TRUNK_FULL");
  callee.respond(486);
  assert.equal((await first.response()).status, 486);
  assert.equal(leases.held.size, 0);
});

test("a target whose trunk is full is passed over for the next step", async (context) => {
  const lease = { key: "trunk:london", limit: 0 };
  const steps = [step(target("branch:london", { lease })), step(target("line:carrier"))];
  const node = await startNode(context, { leases: leaseStore(), plan: plan(steps) });
  node.engine.inject({ body: OFFER });
  await node.engine.sent();
  assert.equal(node.control.activeCalls()[0]?.target, "line:carrier");
});

test("a lease store that is away does not stop calls: this process counts by itself", async (context) => {
  const leases = leaseStore({
    acquire: () => Promise.reject(new Error("away")),
    release: () => Promise.reject(new Error("away")),
  });
  const node = await startNode(context, {
    leases,
    plan: plan([step(target())], { leases: [{ key: "trunk:hk", limit: 1 }] }),
  });
  const first = node.engine.inject({ body: OFFER });
  const callee = await node.engine.sent();
  assert.equal((await node.engine.inject({ body: OFFER }).response()).status, 503);
  callee.respond(486);
  await first.response();
  node.engine.inject({ body: OFFER });
  assert.equal((await node.engine.sent()).request.method, "INVITE");
});

test("a sink that fails touches no call, and each call has one record", async (context) => {
  let given = 0;
  const node = await startNode(context, {
    onRecord: () => {
      given += 1;
      throw new Error("disk full");
    },
  });
  for (let call = 0; call < 3; call += 1) {
    const caller = node.engine.inject({ body: OFFER });
    (await node.engine.sent()).respond(486);
    assert.equal((await caller.response()).status, 486);
  }
  assert.equal(given, 3);
});

test("the link goes down: calls are recorded, pending requests settle, and the dialogs are ended when it is back", async (context) => {
  const call = await establish(context);
  const { engine, control } = call.node;
  const ringing = engine.inject({ body: OFFER });
  const callee = await engine.sent();
  callee.respond(180);
  await ringing.response();
  const probe = control.request({ method: "OPTIONS", uri: "sip:127.16.2.1", timeoutMs: 60_000 });
  await engine.sent();

  const states: string[] = [];
  const isUp = new Promise<void>((resolve) => {
    control.onLink((state) => {
      states.push(state);
      if (state === "up") {
        resolve();
      }
    });
  });
  engine.cut();
  assert.deepEqual((await probe).kind, "failed");
  const records = [await call.node.record(), await call.node.record()];
  assert.deepEqual(
    records.map(({ code, endedBy }) => [code, endedBy]),
    [
      ["ENGINE_LINK_LOST", "system"],
      ["ENGINE_LINK_LOST", "system"],
    ],
  );
  assert.deepEqual(
    records.map(({ result }) => result),
    ["answered", "failed"],
  );
  assert.equal(control.linkState, "down");
  assert.equal((await control.request({ method: "OPTIONS", uri: "sip:127.16.2.1", timeoutMs: 100 })).kind, "failed");

  await isUp;
  assert.deepEqual(states, ["down", "up"]);
  const byes = [await engine.sent(), await engine.sent()];
  assert.deepEqual(
    byes.map(({ request }) => request.method),
    ["BYE", "BYE"],
  );
  engine.inject({ body: OFFER });
  assert.equal((await engine.sent()).request.method, "INVITE");
});

test("an engine that does not say whether it has sent is given up", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const engine = new WireEngine();
  await engine.start();
  const server = createSipServer({ engine: engine.address, log: silentLog(), handlers: {} });
  await server.start();
  engine.silent = true;
  const outcome = server.request({ method: "OPTIONS", uri: "sip:127.16.2.1", timeoutMs: 60_000 });
  await engine.sent();
  context.mock.timers.tick(5_000);
  assert.deepEqual(await outcome, { kind: "failed", failure: "timeout", reason: "engine does not answer" });
  await server.stop();
  await engine.stop();
});

test("a wrong secret fails the start, and nothing keeps trying", async () => {
  const engine = new WireEngine();
  await engine.start();
  const control = createCallControl({
    node: "hk",
    engine: { ...engine.address, secret: "wrong" },
    log: silentLog(),
    route: () => ({ kind: "reply", status: 404 }),
  });
  await assert.rejects(control.start(), (error) => error instanceof CallError && error.code === "ENGINE_LINK_LOST");
  await control.stop();
  await engine.stop();
});

test("a call that is up when the node stops is ended on both sides", async (context) => {
  const call = await establish(context);
  await call.node.control.stop();
  const byes = [await call.node.engine.sent(), await call.node.engine.sent()];
  assert.deepEqual(
    byes.map(({ request }) => request.method),
    ["BYE", "BYE"],
  );
  assert.equal((await call.node.record()).endedBy, "system");
});
