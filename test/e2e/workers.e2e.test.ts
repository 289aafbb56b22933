import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { TestContext } from "node:test";
import { SipPhone } from "@mss/call-control/testing";
import { fieldsOf, itemsOf } from "@mss/runtime";
import { startRedis } from "@mss/store/testing";
import type { RedisServer } from "@mss/store/testing";
import { startFederation } from "../support/federation.ts";
import type { Federation, Phone } from "../support/federation.ts";
import { HubWorkers } from "../support/hub-workers.ts";
import { calling, register, runCall } from "../support/phones.ts";
import { succeeded } from "../support/sipp.ts";
import { waitUntil } from "../support/wait-until.ts";
import { skip } from "./setup.ts";

const NET = 31;
const NAME = `e2e-workers-${process.pid}`;
const ANSWERED = { caller: "uac-answered-hangs-up", callee: "uas-answers-and-waits-bye" } as const;

let redis: RedisServer | undefined;
let hub: HubWorkers;
let federation: Federation;

// hk is given to worker 1 and london to worker 2: calls from hk are carried by the one, calls from london by the other.
before(async () => {
  if (skip !== false) {
    return;
  }
  redis = await startRedis();
  hub = await HubWorkers.start({ federation: NAME, net: NET, redisUrl: redis.url, workers: 2 });
  const hubElsewhere = { name: NAME, hk: await hub.addressAt(1, 2), london: await hub.addressAt(2, 22) };
  federation = await startFederation({ net: NET, store: { kind: "redis", url: redis.url }, hubElsewhere });
});

after(async () => {
  await federation?.stop();
  await hub?.stop();
  await redis?.stop();
});

/** A call that is up until the test ends it. */
interface Talk {
  hangUp(): Promise<void>;
}

async function phoneOf(t: TestContext, { number, password, address, branch }: Phone): Promise<SipPhone> {
  const server = { host: branch, port: 5060 };
  const phone = await SipPhone.open({ username: number, password, host: address, server });
  t.after(() => phone.close());
  return phone;
}

async function talk(t: TestContext, from: Phone, to: Phone): Promise<Talk> {
  const [caller, callee] = [await phoneOf(t, from), await phoneOf(t, to)];
  assert.equal((await callee.register()).status, 200);
  const call = await caller.call(to.number);
  (await callee.nextCall()).answer();
  assert.equal((await call.final).status, 200);
  await callee.next("ACK");
  return {
    async hangUp() {
      const bye = callee.next("BYE");
      assert.equal((await call.bye()).status, 200);
      await bye;
    },
  };
}

interface CallView {
  readonly worker: number;
  readonly from: string;
  readonly state: string;
}

async function answeredAt(): Promise<readonly CallView[]> {
  const { body } = await hub.page("calls");
  assert.ok(Array.isArray(body));
  const calls: readonly CallView[] = body;
  return calls.filter(({ state }) => state === "answered");
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0);
}

test(
  "calls of both directions, each carried by the worker that its branch is given to, within the limit of the trunk",
  { skip },
  async (t) => {
    const talks = await Promise.all([
      talk(t, federation.phone("1000"), federation.phone("4001")),
      talk(t, federation.phone("4000"), federation.phone("1001")),
      talk(t, federation.phone("1002"), federation.phone("4002")),
    ]);
    const calls = await answeredAt();
    assert.deepEqual(
      calls.map(({ from, worker }) => `${from} at ${worker}`).toSorted((one, other) => one.localeCompare(other)),
      ["1000 at 1", "1002 at 1", "4000 at 2"],
    );
    assert.deepEqual(
      await hub.metric("mss_calls_active"),
      new Map([
        [1, 2],
        [2, 1],
      ]),
    );
    assert.deepEqual(
      itemsOf((await hub.page("trunks")).body)
        .map(fieldsOf)
        .map(({ branch, state, by, calls: count, maxCalls }) => ({ branch, state, by, count, maxCalls })),
      [
        { branch: "hk", state: "up", by: "registration", count: 3, maxCalls: 3 },
        { branch: "london", state: "up", by: "registration", count: 3, maxCalls: undefined },
      ],
    );
    await succeeded(await calling(t, federation.phone("4005"), { number: "1005", scenario: "uac-expects-503" }));
    await Promise.all(talks.map((each) => each.hangUp()));
    await waitUntil("all calls are counted", async () => sum((await hub.metric("mss_calls_total")).values()) === 4);
    await waitUntil("all calls are recorded", async () => (await federation.hubRecords()).length === 4);
  },
);

test("a worker that is killed is started again, and the calls of the other one notice nothing", { skip }, async (t) => {
  const other = await talk(t, federation.phone("4006"), federation.phone("1006"));
  const [first] = await hub.workers();
  assert.ok(first?.pid !== undefined);
  process.kill(first.pid, "SIGKILL");
  await waitUntil("the node says that a worker is gone", async () => !(await hub.workers())[0]?.ok);
  const { status, body } = await hub.page("health");
  assert.equal(status, 200, "the node takes calls");
  assert.ok(typeof body === "object" && body !== null && "degraded" in body);
  assert.equal(body.degraded, true);
  // The other worker takes the calls of both branches meanwhile.
  await register(t, federation.phone("4007"));
  await runCall(t, { from: federation.phone("1007"), to: federation.phone("4007"), ...ANSWERED });
  await other.hangUp();
  await waitUntil("the worker is back", async () => (await hub.workers()).every(({ ok }) => ok), 30_000);
  assert.deepEqual(
    (await hub.workers()).map(({ restarts }) => restarts),
    [1, 0],
  );
  await runCall(t, { from: federation.phone("1007"), to: federation.phone("4007"), ...ANSWERED });
  await register(t, federation.phone("1003"));
  await runCall(t, { from: federation.phone("4003"), to: federation.phone("1003"), ...ANSWERED });
});

// The last of the file: the hub does not come back.
test("SIGTERM drains all workers, and the end is a clean one", { skip }, async (t) => {
  const talks = [
    await talk(t, federation.phone("1008"), federation.phone("4008")),
    await talk(t, federation.phone("4009"), federation.phone("1009")),
  ];
  hub.signal("SIGTERM");
  await waitUntil("no new calls", async () => (await hub.page("health")).status === 503);
  await succeeded(await calling(t, federation.phone("1001"), { number: "4001", scenario: "uac-expects-503" }));
  assert.equal(hub.exitCode, null);
  await Promise.all(talks.map((each) => each.hangUp()));
  assert.equal(await hub.ended(), 0);
  assert.deepEqual(hub.log.match(/"draining"/g)?.length, 3, "the supervisor and two workers");
});
