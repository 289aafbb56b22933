import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SipPhone } from "@mss/call-control/testing";
import type { BranchSettings, CallRecord } from "@mss/model";
import type { RunningBranch, StartBranchOptions } from "@mss/l-mss";
import { openPhone, runBranch, temporaryDirectory } from "./support/branch.ts";
import { hubsAt, hubsUp } from "./support/hubs.ts";
import { HUB_ID, branchSettings, passwordOf } from "./support/settings.ts";

const HOST = "127.17.2.1";
const HUB_HOST = "127.17.2.2";
const SECOND_HUB_HOST = "127.17.2.3";
const SERVER = { host: HOST, port: 5060 };

async function start(
  t: TestContext,
  overrides: Partial<BranchSettings> = {},
  options: Partial<StartBranchOptions> = {},
): Promise<RunningBranch> {
  const dataDirectory = await temporaryDirectory(t);
  return runBranch(t, branchSettings(HOST, HUB_HOST, { dataDirectory, ...overrides }), options);
}

/** An open phone that is registered, unless told otherwise. */
async function phone(t: TestContext, number: string, place: number): Promise<SipPhone> {
  const opened = await openPhone(t, number, { host: `127.17.2.${place}`, server: SERVER });
  assert.equal((await opened.register()).status, 200);
  return opened;
}

/** Something at a hub's address that does what the test says, under the hub's own name towards the branch. */
async function fakeHub(t: TestContext, host: string, username = "hub-1"): Promise<SipPhone> {
  const password = "trunk-secret";
  const hub = await SipPhone.open({ username, password, number: "4000", host, port: 5060, server: SERVER });
  t.after(() => hub.close());
  return hub;
}

test("a local call: answered, hung up by either side, and shown under the name of the branch", async (t) => {
  await start(t);
  const alice = await phone(t, "1000", 10);
  const bob = await phone(t, "1001", 11);
  const first = await alice.call("1001", { from: `"The Boss" <${alice.uriOf("1000")}>;tag=a1` });
  const incoming = await bob.nextCall();
  assert.match(incoming.request.headers.get("From") ?? "", /^"Phone 1000" <sip:1000@/);
  assert.equal(incoming.request.uri, bob.contact);
  incoming.answer();
  assert.equal((await first.final).status, 200);
  assert.equal((await first.bye()).status, 200);
  await bob.next("BYE");

  const second = await alice.call("1001");
  const again = await bob.nextCall();
  again.answer();
  assert.equal((await second.final).status, 200);
  assert.equal((await again.bye()).status, 200);
  await alice.next("BYE");
});

test("all phones of a number ring, the first to answer has the call, the others stop", async (t) => {
  await start(t);
  const alice = await phone(t, "1000", 10);
  const phones = [await phone(t, "1001", 11), await phone(t, "1001", 12), await phone(t, "1001", 13)];
  const call = await alice.call("1001");
  const [one, two, three] = await Promise.all(phones.map((each) => each.nextCall()));
  two?.ring();
  three?.ring();
  one?.ring();
  await call.provisional(180);
  two?.answer();
  assert.equal((await call.final).status, 200);
  await Promise.all([one?.cancelled, three?.cancelled]);
  assert.equal((await call.bye()).status, 200);
  await phones[1]?.next("BYE");
});

test("who calls the own number rings the other phones of it, and is busy when there is none", async (t) => {
  await start(t);
  const desk = await phone(t, "1000", 10);
  assert.equal((await (await desk.call("1000")).final).status, 486);
  const mobile = await phone(t, "1000", 11);
  const call = await desk.call("1000");
  (await mobile.nextCall()).answer();
  assert.equal((await call.final).status, 200);
  assert.equal(desk.unread("INVITE"), 0);
  await call.bye();
});

test("busy 486, no answer 480 and the phone stops, unregistered 480, no extension 404, no hub 503", async (t) => {
  const records: CallRecord[] = [];
  await start(t, { ringTimeoutMs: 200 }, { onRecord: (record) => records.push(record) });
  const alice = await phone(t, "1000", 10);
  const bob = await phone(t, "1001", 11);
  const busy = await alice.call("1001");
  (await bob.nextCall()).refuse(486);
  assert.equal((await busy.final).status, 486);

  const unanswered = await alice.call("1001");
  const ringing = await bob.nextCall();
  ringing.ring();
  await ringing.cancelled;
  const final = await unanswered.final;
  assert.equal(final.status, 480);
  assert.match(final.headers.get("Reason") ?? "", /cause=19/);

  for (const [number, status] of [
    ["1002", 480],
    ["1999", 404],
    ["boss", 404],
    ["4000", 503],
  ] as const) {
    assert.equal((await (await alice.call(number)).final).status, status, number);
  }
  assert.deepEqual(
    records.map(({ origin, result }) => `${origin} ${result}`),
    ["busy", "no-answer", "unreachable", "rejected", "rejected", "unreachable"].map(
      (result) => `extension:1000 ${result}`,
    ),
  );
});

test("SEC-04: calls without or with wrong credentials are challenged and ring nowhere", async (t) => {
  await start(t);
  const bob = await phone(t, "1001", 11);
  for (const [username, password] of [
    ["1000", "wrong"],
    ["1999", passwordOf("1999")],
    ["hub-1", "trunk-secret"], // right, but not from the hub's address
  ] as const) {
    const stranger = await SipPhone.open({ username, password, number: "1000", host: "127.17.2.20", server: SERVER });
    t.after(() => stranger.close());
    assert.equal((await (await stranger.call("1001")).final).status, 407, username);
  }
  assert.equal(bob.unread("INVITE"), 0);
});

test("a hub's call is challenged, and is served for own numbers only", async (t) => {
  await start(t);
  const bob = await phone(t, "1001", 11);
  const hub = await fakeHub(t, HUB_HOST);
  const call = await hub.call("1001");
  (await bob.nextCall()).answer();
  assert.equal((await call.final).status, 200);
  await call.bye();
  assert.equal((await (await hub.call("5000")).final).status, 404, "never back to a hub");
  const wrong = await SipPhone.open({ username: "hub-1", password: "wrong", host: HUB_HOST, server: SERVER });
  t.after(() => wrong.close());
  assert.equal((await (await wrong.call("1001")).final).status, 407);
});

test("SEC-29: a Contact that points elsewhere sends no traffic there", async (t) => {
  await start(t);
  const alice = await phone(t, "1000", 10);
  const victim = await SipPhone.open({ username: "x", password: "x", host: "127.17.2.30", server: SERVER });
  t.after(() => victim.close());
  const bob = await openPhone(t, "1001", { host: "127.17.2.11", server: SERVER });
  const elsewhere = `sip:bob@${victim.address.host}:${victim.address.port};line=7`;
  const registered = await bob.register({ headers: [{ name: "Contact", value: `<${elsewhere}>` }] });
  assert.equal(registered.status, 200);
  const call = await alice.call("1001");
  const incoming = await bob.nextCall();
  assert.equal(incoming.request.uri, elsewhere, "the Request-URI is the contact as registered");
  incoming.answer();
  assert.equal((await call.final).status, 200);
  await call.bye();
  assert.equal(victim.unread("INVITE"), 0);
});

test("a hub that has gone silent is passed over", async (t) => {
  const hubs = [await fakeHub(t, HUB_HOST), await fakeHub(t, SECOND_HUB_HOST)];
  const branch = await start(t, hubsAt(HUB_HOST, SECOND_HUB_HOST), { hubFirstResponseTimeoutMs: 100 });
  await hubsUp(branch, 2);
  const alice = await phone(t, "1000", 10);
  await hubs[0]?.close();
  const call = await alice.call("4000");
  const incoming = await hubs[1]?.nextCall();
  incoming?.answer();
  assert.equal((await call.final).status, 200);
  await call.bye();
});

test("a hub that dies while the callee rings loses the call to the next one", async (t) => {
  const hubs = [await fakeHub(t, HUB_HOST), await fakeHub(t, SECOND_HUB_HOST, "hub-2")];
  const hubProbe = { intervalMs: 50, timeoutMs: 100 };
  const branch = await start(t, hubsAt(HUB_HOST, SECOND_HUB_HOST), { hubProbe });
  await hubsUp(branch, 2);
  const alice = await phone(t, "1000", 10);
  const call = await alice.call("4000");
  (await hubs[0]?.nextCall())?.ring();
  await call.provisional(180);
  await hubs[0]?.close();
  const again = await hubs[1]?.nextCall();
  assert.match(again?.request.headers.get("Session-ID") ?? "", /;attempt=2$/);
  again?.answer();
  assert.equal((await call.final).status, 200);
  await call.bye();
});

test("a call over a silent hub fails in time, and the branch asks that hub at once", async (t) => {
  const hub = await fakeHub(t, HUB_HOST);
  const trunkTiming = { requestTimeoutMs: 100, minRetryMs: 50, maxRetryMs: 100 };
  const branch = await start(t, {}, { hubFirstResponseTimeoutMs: 100, trunkTiming });
  await hubsUp(branch, 1);
  const alice = await phone(t, "1000", 10);
  await hub.close();
  const final = await (await alice.call("4000")).final;
  assert.equal(final.status, 503);
  assert.match(final.headers.get("Retry-After") ?? "", /^[0-9]+$/);
  await hubsUp(branch, 0);
  await fakeHub(t, HUB_HOST);
  await hubsUp(branch, 1);
});

test("the slots of the trunk are the branch's to count as well", async (t) => {
  await fakeHub(t, HUB_HOST);
  const { trunk } = hubsAt(HUB_HOST);
  const branch = await start(t, { trunk: { ...trunk, maxCalls: 1 } });
  await hubsUp(branch, 1);
  const alice = await phone(t, "1000", 10);
  const bob = await phone(t, "1001", 11);
  const up = await alice.call("4000");
  const refused = await (await bob.call("4001")).final;
  assert.equal(refused.status, 503);
  assert.match(refused.headers.get("Reason") ?? "", /cause=34/);
  const local = await alice.call("1001");
  (await bob.nextCall()).answer();
  assert.equal((await local.final).status, 200, "local calls need no slot");
  await local.bye();
  up.cancel();
  assert.equal((await up.final).status, 487);
});

test("in drain new calls are refused and OPTIONS says so", async (t) => {
  const branch = await start(t);
  const alice = await phone(t, "1000", 10);
  await branch.drain(0);
  assert.equal((await (await alice.call("1001")).final).status, 503);
  assert.equal((await alice.exchange("OPTIONS")).status, 503);
  assert.equal(branch.status().draining, true);
});

test("health, metrics and hubs are served when asked for", async (t) => {
  await start(t, { http: { host: HOST, port: 18080 } });
  const health = await fetch(`http://${HOST}:18080/health`);
  assert.equal(health.status, 200);
  assert.partialDeepStrictEqual(await health.json(), {
    ok: true,
    node: "hk",
    engineLink: "up",
    draining: false,
    degraded: false,
    callRecords: { unsent: 0, waiting: 0, lost: 0 },
    hubs: [{ hub: HUB_ID, state: "down" }],
    topology: { source: "file" },
  });
  const metrics = await (await fetch(`http://${HOST}:18080/metrics`)).text();
  assert.match(metrics, /mss_hubs_up\{node="hk",role="branch"\} 0/);
  assert.match(metrics, /mss_call_records_disk_failing\{node="hk",role="branch"\} 0/);
  assert.match(metrics, /mss_flood_total\{action="dropped",node="hk",role="branch"\} 0/);
  assert.match(metrics, /mss_sip_connections\{node="hk",role="branch"\} 0/);
  assert.doesNotMatch(metrics, /secret/);
  const sip: unknown = await (await fetch(`http://${HOST}:18080/sip`)).json();
  assert.partialDeepStrictEqual(sip, { dialogs: 0, flood: { banned: 0 }, connections: 0 });
});
