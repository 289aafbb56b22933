import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SipPhone } from "@mss/call-control/testing";
import type { IncomingCall, OutgoingCall } from "@mss/call-control/testing";
import type { CallRecord } from "@mss/model";
import type { RunningBranch, StartBranchOptions } from "@mss/l-mss";
import { openPhone, runBranch, temporaryDirectory } from "./support/branch.ts";
import { hubsAt, hubsUp } from "./support/hubs.ts";
import { branchSettings } from "./support/settings.ts";

const HOST = "127.17.7.1";
const HUB_HOSTS = ["127.17.7.2", "127.17.7.3"] as const;
const SERVER = { host: HOST, port: 5060 };

interface Branch {
  readonly node: RunningBranch;
  readonly hubs: readonly [SipPhone, SipPhone];
  readonly alice: SipPhone;
  readonly records: readonly CallRecord[];
}

async function start(t: TestContext, options: Partial<StartBranchOptions> = {}): Promise<Branch> {
  const open = async (host: string, username: string): Promise<SipPhone> => {
    const hub = await SipPhone.open({
      username,
      password: "trunk-secret",
      number: "4000",
      host,
      port: 5060,
      server: SERVER,
    });
    t.after(() => hub.close());
    return hub;
  };
  const hubs = [await open(HUB_HOSTS[0], "hub-1"), await open(HUB_HOSTS[1], "hub-2")] as const;
  const records: CallRecord[] = [];
  const dataDirectory = await temporaryDirectory(t);
  const node = await runBranch(t, branchSettings(HOST, HUB_HOSTS[0], { dataDirectory, ...hubsAt(...HUB_HOSTS) }), {
    onRecord: (record) => records.push(record),
    hubProbe: { intervalMs: 100, timeoutMs: 400 }, // a loaded machine must not take a hub for dead
    ...options,
  });
  await hubsUp(node, 2);
  const alice = await openPhone(t, "1000", { host: "127.17.7.10", server: SERVER });
  assert.equal((await alice.register()).status, 200);
  return { node, hubs, alice, records };
}

/** A call over the first hub that is up. */
async function callUp({ alice, hubs }: Branch): Promise<OutgoingCall> {
  const call = await alice.call("4000");
  (await hubs[0].nextCall()).answer();
  assert.equal((await call.final).status, 200);
  return call;
}

/** What the next hub gets for a call whose hub has died. */
async function resumption(hub: SipPhone): Promise<IncomingCall> {
  const incoming = await hub.nextCall();
  assert.match(incoming.request.headers.get("Session-ID") ?? "", /;attempt=\d+;resumes$/);
  return incoming;
}

test("a call that is up goes on over the next hub when its hub dies, and its phone hears nothing of it", async (t) => {
  const branch = await start(t);
  const { node, hubs, alice, records } = branch;
  const call = await callUp(branch);
  await hubs[0].close();
  const incoming = await resumption(hubs[1]);
  assert.equal(incoming.request.body, alice.sessionDescription);
  incoming.answer();
  await hubs[1].next("ACK");
  assert.equal(node.activeCalls()[0]?.target, "hub:hub-2");
  assert.equal((await call.bye()).status, 200);
  await hubs[1].next("BYE");
  assert.deepEqual([alice.unread("INVITE"), alice.unread("BYE")], [0, 0]);
  assert.deepEqual(
    records.map(({ result, endedBy }) => `${result} ${endedBy}`),
    ["answered caller"],
  );
});

const BRANCH_LOST = [{ name: "Reason", value: 'Q.850;cause=38;text="the peer of this trunk is away"' }];

test("a hub that has lost the far branch ends its part of a call, which goes on over the next hub", async (t) => {
  const branch = await start(t);
  const { hubs, alice, node, records } = branch;
  const call = await alice.call("4000");
  const lost = await hubs[0].nextCall();
  lost.answer();
  await call.final;
  assert.equal((await lost.send("BYE", { headers: BRANCH_LOST })).status, 200);
  const away = await resumption(hubs[0]);
  away.refuse(503, BRANCH_LOST);
  (await resumption(hubs[1])).answer();
  await hubs[1].next("ACK");
  assert.deepEqual([alice.unread("INVITE"), alice.unread("BYE"), node.activeCalls().length], [0, 0, 1]);
  assert.equal((await call.bye()).status, 200);
  await hubs[1].next("BYE");
  assert.deepEqual(
    records.map(({ result, endedBy }) => `${result} ${endedBy}`),
    ["answered caller"],
  );
});

test("a phone that hangs up while another way is looked for: the far branch is told by it", async (t) => {
  const branch = await start(t);
  const { hubs, alice } = branch;
  const call = await alice.call("4000");
  const lost = await hubs[0].nextCall();
  lost.answer();
  await call.final;
  await lost.send("BYE", { headers: BRANCH_LOST });
  const first = await resumption(hubs[0]);
  assert.equal((await call.bye()).status, 200);
  first.refuse(503);
  (await resumption(hubs[1])).answer();
  await hubs[1].next("BYE");
});

test("a callee that hangs up with a cause of its own ends the call", async (t) => {
  const branch = await start(t);
  const { hubs, alice } = branch;
  const call = await alice.call("4000");
  const far = await hubs[0].nextCall();
  far.answer();
  await call.final;
  await far.send("BYE", { headers: [{ name: "Reason", value: "Q.850;cause=16" }] });
  await alice.next("BYE");
  assert.deepEqual([hubs[0].unread("INVITE"), hubs[1].unread("INVITE")], [0, 0]);
});

test("the far end may hang up by the new way", async (t) => {
  const branch = await start(t);
  await callUp(branch);
  await branch.hubs[0].close();
  const incoming = await resumption(branch.hubs[1]);
  incoming.answer();
  await branch.hubs[1].next("ACK");
  assert.equal((await incoming.bye()).status, 200);
  await branch.alice.next("BYE");
});

test("a phone that hangs up while its hub is dead: the far branch is told by the next one", async (t) => {
  const branch = await start(t);
  const call = await callUp(branch);
  await branch.hubs[0].close();
  assert.equal((await call.bye()).status, 200);
  (await resumption(branch.hubs[1])).answer();
  await branch.hubs[1].next("ACK");
  await branch.hubs[1].next("BYE");
  assert.equal(branch.node.activeCalls().length, 0);
});

test("a call that the far branch does not have any more ends", async (t) => {
  const branch = await start(t);
  await callUp(branch);
  await branch.hubs[0].close();
  (await resumption(branch.hubs[1])).refuse(481);
  await branch.alice.next("BYE");
  assert.equal(branch.node.activeCalls().length, 0);
});

test("a hub that drains hands its calls on, and ends its own part of them", async (t) => {
  const branch = await start(t);
  const call = await callUp(branch);
  branch.hubs[0].answerTo = ({ method }) => (method === "OPTIONS" ? { status: 503 } : undefined);
  (await resumption(branch.hubs[1])).answer();
  await branch.hubs[0].next("BYE");
  assert.equal((await call.bye()).status, 200);
  await branch.hubs[1].next("BYE");
});

test("what a lost hub has brought and nobody brings again ends: ringing soon, up later", async (t) => {
  const { node, hubs, alice } = await start(t, { orphanTiming: { settingUpMs: 300, upMs: 900 } });
  await hubs[0].call("1000", { headers: [{ name: "Session-ID", value: "ab".repeat(16) }] });
  const ringing = await alice.nextCall();
  ringing.ring();
  const up = await hubs[0].call("1000", { headers: [{ name: "Session-ID", value: "cd".repeat(16) }] });
  (await alice.nextCall()).answer();
  await up.final;
  await hubs[0].close();
  await ringing.cancelled;
  assert.equal(alice.unread("BYE"), 0);
  await alice.next("BYE");
  assert.equal(node.activeCalls().length, 0);
});

test("a hub that is back and does not know a call any more loses it", async (t) => {
  const { node, hubs, alice } = await start(t, { orphanTiming: { verifyMs: 100 } });
  const up = await hubs[0].call("1000", { headers: [{ name: "Session-ID", value: "cd".repeat(16) }] });
  (await alice.nextCall()).answer();
  await up.final;
  hubs[0].answerTo = ({ method }) => (method === "OPTIONS" ? { status: 503 } : undefined);
  await hubsUp(node, 1);
  hubs[0].answerTo = ({ method, headers }) =>
    method === "OPTIONS" && (headers.get("To") ?? "").includes(";tag=") ? { status: 481 } : undefined;
  await alice.next("BYE");
});
