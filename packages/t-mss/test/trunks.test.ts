import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SipPhone } from "@mss/call-control/testing";
import type { BranchId } from "@mss/model";
import type { RunningHub } from "@mss/t-mss";
import { runHub } from "./support/federation.ts";
import { HK, LONDON, hubSettings, snapshotOf, trunkSecretOf } from "./support/settings.ts";

/** Something at a branch's end of the trunk that does what the test says. */
async function fakeBranch(t: TestContext, branch: BranchId, net: string, place: number): Promise<SipPhone> {
  const peer = await SipPhone.open({
    username: branch,
    password: trunkSecretOf(branch),
    number: branch === HK ? "1000" : "4000",
    host: `${net}.${place}`,
    server: { host: `${net}.1`, port: 5060 },
  });
  t.after(() => peer.close());
  return peer;
}

function registerTrunk(peer: SipPhone, branch: BranchId, expires = 60) {
  const headers = [
    { name: "Contact", value: `<sip:${branch}@${peer.address.host}:${peer.address.port}>` },
    { name: "Expires", value: String(expires) },
  ];
  return peer.register({ to: `<sip:${branch}@acme>`, from: `<sip:${branch}@acme>;tag=r${expires}`, headers });
}

function stateOf(hub: RunningHub, branch: BranchId): string | undefined {
  return hub.status().trunks.find((trunk) => trunk.branch === branch)?.state;
}

test("a branch registers its trunk, is told, and takes it back", async (t) => {
  const net = "127.17.40";
  const hub = await runHub(t, { settings: hubSettings(`${net}.1`) });
  const registered: BranchId[] = [];
  hub.on("trunk", (branch) => registered.push(branch));
  const london = await fakeBranch(t, LONDON, net, 3);
  const response = await registerTrunk(london, LONDON);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("Contact") ?? "", /;expires=60/);
  assert.deepEqual([stateOf(hub, LONDON), stateOf(hub, HK), registered], ["up", "down", [LONDON]]);
  assert.equal((await registerTrunk(london, LONDON, 5)).status, 423);
  assert.equal((await registerTrunk(london, LONDON, 0)).status, 200);
  assert.equal(stateOf(hub, LONDON), "down");
});

test("SEC-29: a branch does not register as another", async (t) => {
  const net = "127.17.41";
  const hub = await runHub(t, { settings: hubSettings(`${net}.1`) });
  const london = await fakeBranch(t, LONDON, net, 3);
  assert.equal((await registerTrunk(london, HK)).status, 403);
  assert.equal((await registerTrunk(london, LONDON)).status, 200);
  assert.equal(stateOf(hub, HK), "down");
});

test("a branch that is registered and silent is 503 in time", async (t) => {
  const net = "127.17.42";
  await runHub(t, { settings: hubSettings(`${net}.1`), branchFirstResponseTimeoutMs: 100 });
  const hk = await fakeBranch(t, HK, net, 2);
  const london = await fakeBranch(t, LONDON, net, 3);
  await registerTrunk(london, LONDON);
  await london.close();
  const final = await (await hk.call("4000")).final;
  assert.equal(final.status, 503);
  assert.match(final.headers.get("Reason") ?? "", /cause=38/);
  assert.match(final.headers.get("Retry-After") ?? "", /^[0-9]+$/);
});

test("of two nodes of a branch the newer is called, and the older when that one is silent", async (t) => {
  const net = "127.17.43";
  await runHub(t, { settings: hubSettings(`${net}.1`), branchFirstResponseTimeoutMs: 100 });
  const hk = await fakeBranch(t, HK, net, 2);
  const [older, newer] = [await fakeBranch(t, LONDON, net, 3), await fakeBranch(t, LONDON, net, 4)];
  await registerTrunk(older, LONDON);
  await registerTrunk(newer, LONDON);
  const first = await hk.call("4000");
  (await newer.nextCall()).refuse(486);
  assert.equal((await first.final).status, 486, "the answer of the callee is final");
  assert.equal(older.unread("INVITE"), 0);
  await newer.close();
  const second = await hk.call("4000");
  (await older.nextCall()).answer();
  assert.equal((await second.final).status, 200);
  await second.bye();
});

test("SEC-25: a number of the calling branch does not come back to it", async (t) => {
  const net = "127.17.44";
  await runHub(t, { settings: hubSettings(`${net}.1`) });
  const hk = await fakeBranch(t, HK, net, 2);
  await registerTrunk(hk, HK);
  const final = await (await hk.call("1001")).final;
  assert.equal(final.status, 482);
  assert.equal(hk.unread("INVITE"), 0);
});

test("health, metrics, calls and trunks are served when asked for, without a secret", async (t) => {
  const net = "127.17.45";
  const http = { host: `${net}.1`, port: 18080 };
  await runHub(t, { settings: hubSettings(`${net}.1`, { http }), snapshot: snapshotOf({ london: { maxCalls: 9 } }) });
  const london = await fakeBranch(t, LONDON, net, 3);
  await registerTrunk(london, LONDON);
  const hk = await fakeBranch(t, HK, net, 2);
  const call = await hk.call("4000");
  const incoming = await london.nextCall();
  const get = async (path: string): Promise<string> => (await fetch(`http://${http.host}:${http.port}${path}`)).text();
  assert.partialDeepStrictEqual(JSON.parse(await get("/health")), {
    ok: true,
    store: "up",
    degraded: false,
    callRecords: { unsent: 0, waiting: 0, lost: 0, goTo: "hubs" },
    planSource: "store",
    branchesWithoutTrunk: [],
    planRevision: 1,
    trunksUp: 1,
  });
  const trunks: unknown = JSON.parse(await get("/trunks"), (key, value: unknown) => (key === "since" ? "then" : value));
  const otherHubs: string[] = [];
  assert.deepEqual(trunks, [
    { branch: "hk", state: "down", calls: 1, otherHubs },
    { branch: "london", state: "up", calls: 1, maxCalls: 9, since: "then", by: "registration", otherHubs },
    { branch: "paris", state: "down", calls: 0, otherHubs },
  ]);
  assert.match(await get("/calls"), /"from":"1000","to":"4000","origin":"branch:hk"/);
  incoming.refuse(486);
  await call.final;
  const metrics = await get("/metrics");
  assert.match(metrics, /mss_calls_total\{result="busy",node="hub-1",role="hub"\} 1/);
  assert.match(metrics, /mss_trunks_up\{node="hub-1",role="hub"\} 1/);
  assert.match(
    metrics,
    /mss_flood_sources\{kind="known",node="hub-1",role="hub"\} 2/,
    "one trunk, by port and by address",
  );
  assert.doesNotMatch((await get("/health")) + metrics, /trunk-secret/);
});

test("a hub starts without its Redis, routes by its file, and says why it is degraded", async (t) => {
  const net = "127.17.47";
  const http = { host: `${net}.1`, port: 18080 };
  const store = { kind: "redis", url: `redis://${net}.9:6379` } as const; // nobody listens there
  await runHub(t, { settings: hubSettings(`${net}.1`, { http }), store });
  const health: unknown = await (await fetch(`http://${http.host}:${http.port}/health`)).json();
  assert.partialDeepStrictEqual(health, {
    ok: true,
    store: "down",
    storeReason: "STORE_UNAVAILABLE",
    degraded: true,
    planRevision: 0,
  });
});
