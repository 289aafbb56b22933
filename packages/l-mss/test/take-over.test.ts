import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SipPhone, sessionDescriptionOf } from "@mss/call-control/testing";
import type { OutgoingCall } from "@mss/call-control/testing";
import type { BranchSettings, CallRecord } from "@mss/model";
import type { RunningBranch, StartBranchOptions } from "@mss/l-mss";
import { openPhone, runBranch, temporaryDirectory } from "./support/branch.ts";
import { hubsAt, hubsUp } from "./support/hubs.ts";
import { branchSettings } from "./support/settings.ts";

const HOST = "127.17.6.1";
const HUB_HOSTS = ["127.17.6.2", "127.17.6.3"] as const;
const SERVER = { host: HOST, port: 5060 };
const OFFER = sessionDescriptionOf("127.17.6.99");

interface Branch {
  readonly node: RunningBranch;
  readonly hubs: readonly [SipPhone, SipPhone];
  readonly bob: SipPhone;
  readonly records: readonly CallRecord[];
}

/** A branch with a phone, and two sockets in the place of its hubs. */
async function start(
  t: TestContext,
  settings: Partial<BranchSettings> = {},
  options: Partial<StartBranchOptions> = {},
): Promise<Branch> {
  const dataDirectory = await temporaryDirectory(t);
  const hubs = await Promise.all(
    HUB_HOSTS.map(async (host, index) => {
      const account = { username: `hub-${index + 1}`, password: "trunk-secret", number: "4000" };
      const hub = await SipPhone.open({ ...account, host, port: 5060, server: SERVER });
      t.after(() => hub.close());
      return hub;
    }),
  );
  const records: CallRecord[] = [];
  const trunk = hubsAt(...HUB_HOSTS);
  const node = await runBranch(t, branchSettings(HOST, HUB_HOSTS[0], { dataDirectory, ...trunk, ...settings }), {
    onRecord: (record) => records.push(record),
    ...options,
  });
  await hubsUp(node, 2);
  const bob = await openPhone(t, "1001", { host: "127.17.6.11", server: SERVER });
  assert.equal((await bob.register()).status, 200);
  const [first, second] = hubs;
  assert.ok(first !== undefined && second !== undefined);
  return { node, hubs: [first, second], bob, records };
}

/** What a hub sends for one call of another branch. */
function attempt(hub: SipPhone, more: string, body = OFFER): Promise<OutgoingCall> {
  const value = `${"ab".repeat(16)};remote=${"0".repeat(32)}${more}`;
  return hub.call("1001", { headers: [{ name: "Session-ID", value }], body });
}

test("a call that rings goes on ringing for the hub that brings it next", async (t) => {
  const { node, hubs, bob } = await start(t);
  const first = await attempt(hubs[0], "");
  const ringing = await bob.nextCall();
  ringing.ring();
  await first.provisional(180);
  const second = await attempt(hubs[1], ";attempt=2");
  await second.provisional(180);
  assert.equal((await first.final).status, 482, "which makes no hub ring anybody else");
  ringing.answer();
  const answer = await second.final;
  assert.equal(answer.status, 200);
  assert.equal(answer.body, bob.sessionDescription);
  assert.equal(bob.unread("INVITE"), 0, "the phone was asked once");
  assert.deepEqual(
    node.activeCalls().map(({ origin }) => origin),
    ["hub:hub-2"],
  );
  assert.equal((await second.bye()).status, 200);
  await bob.next("BYE");
});

test("a call that was answered, of which its caller has not heard, is connected with the hub that brings it next", async (t) => {
  const { hubs, bob, records } = await start(t);
  const first = await attempt(hubs[0], "");
  (await bob.nextCall()).answer();
  assert.equal((await first.final).status, 200);
  const second = await attempt(hubs[1], ";attempt=2");
  const answer = await second.final;
  assert.equal(answer.status, 200);
  assert.equal(answer.body, bob.sessionDescription);
  assert.equal(bob.unread("INVITE"), 0, "the phone was neither rung nor asked again");
  await hubs[0].next("BYE");
  assert.equal(bob.unread("BYE"), 0);
  assert.equal((await second.bye()).status, 200);
  await bob.next("BYE");
  assert.deepEqual(
    records.map(({ result, endedBy, origin }) => ({ result, endedBy, origin })),
    [{ result: "answered", endedBy: "caller", origin: "hub:hub-1" }],
  );
});

test("the hub that brought the call first may still end its own part of it", async (t) => {
  const { node, hubs, bob } = await start(t);
  const first = await attempt(hubs[0], "");
  (await bob.nextCall()).answer();
  await first.final;
  const second = await attempt(hubs[1], ";attempt=2");
  await second.final;
  assert.equal((await first.bye()).status, 200);
  assert.equal(node.activeCalls().length, 1);
  assert.equal((await second.bye()).status, 200);
  await bob.next("BYE");
});

for (const when of ["before", "after"] as const) {
  test(`another offer by the next hub is put to the phone: ${when} the answer`, async (t) => {
    const { hubs, bob } = await start(t);
    const other = sessionDescriptionOf("127.17.6.98");
    const first = await attempt(hubs[0], "");
    const ringing = await bob.nextCall();
    if (when === "after") {
      ringing.answer();
      await first.final;
    }
    const second = await attempt(hubs[1], ";attempt=2", other);
    if (when === "before") {
      await first.final;
      ringing.answer();
    }
    assert.equal((await bob.next("INVITE")).body, other);
    const answer = await second.final;
    assert.equal(answer.status, 200);
    assert.equal(answer.body, bob.sessionDescription);
    await second.bye();
    await bob.next("BYE");
  });
}

test("what a hub held back does not ring: while the call is here, and when it is over", async (t) => {
  const { hubs, bob } = await start(t);
  const second = await attempt(hubs[1], ";attempt=2");
  (await bob.nextCall()).answer();
  await second.final;
  assert.equal((await (await attempt(hubs[0], "")).final).status, 482);
  await second.bye();
  await bob.next("BYE");
  assert.equal((await (await attempt(hubs[0], "")).final).status, 482);
  assert.equal(bob.unread("INVITE"), 0);
});

test("a callee who has refused is not rung again by the next hub; one that nobody could ring is", async (t) => {
  const { hubs, bob } = await start(t, { trunk: { ...hubsAt(...HUB_HOSTS).trunk, maxCalls: 1 } });
  const refused = await attempt(hubs[0], "");
  (await bob.nextCall()).refuse(486);
  assert.equal((await refused.final).status, 486);
  assert.equal((await (await attempt(hubs[1], ";attempt=2")).final).status, 486);
  assert.equal(bob.unread("INVITE"), 0);

  const other = await hubs[0].call("1001", { headers: [{ name: "Session-ID", value: "cd".repeat(16) }] });
  const incoming = await bob.nextCall();
  incoming.answer();
  await other.final;
  const value = `${"ef".repeat(16)};remote=${"0".repeat(32)}`;
  const full = await hubs[0].call("1001", { headers: [{ name: "Session-ID", value }] });
  assert.equal((await full.final).status, 503);
  await other.bye();
  const again = await hubs[1].call("1001", { headers: [{ name: "Session-ID", value: `${value};attempt=2` }] });
  (await bob.nextCall()).answer();
  assert.equal((await again.final).status, 200);
});

test("another call of the same session rings, whatever became of the first: a transfer back", async (t) => {
  const { hubs, bob } = await start(t);
  const first = await attempt(hubs[0], "");
  (await bob.nextCall()).answer();
  await first.final;
  await first.bye();
  await bob.next("BYE");
  const back = await attempt(hubs[0], ";call=0123abcd");
  (await bob.nextCall()).answer();
  assert.equal((await back.final).status, 200);
});

test("nobody is rung for a call that is carried on and is not here", async (t) => {
  const { hubs, bob } = await start(t);
  assert.equal((await (await attempt(hubs[0], ";attempt=2;resumes")).final).status, 481);
  assert.equal(bob.unread("INVITE"), 0);
});

test("a caller that gives up by the way in use stops the phone; by the first way it does not", async (t) => {
  const { hubs, bob } = await start(t);
  const first = await attempt(hubs[0], "");
  const ringing = await bob.nextCall();
  ringing.ring();
  const second = await attempt(hubs[1], ";attempt=2");
  await second.provisional(180);
  first.cancel();
  second.cancel();
  await ringing.cancelled;
  assert.equal((await second.final).status, 487);
});
