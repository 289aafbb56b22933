import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SipPhone } from "@mss/call-control/testing";
import { parseNameAddress } from "@mss/sip-message";
import { branchSettings, openPhone, runBranch, runHub, startFederation, trunkUp } from "./support/federation.ts";
import type { Federation } from "./support/federation.ts";
import { HK, LONDON, hubSettings, snapshotOf } from "./support/settings.ts";

async function phonesOf(t: TestContext, { net }: Federation, caller = "1000", callee = "4000") {
  const phones = { alice: await openPhone(t, net, caller, 10), bob: await openPhone(t, net, callee, 11) };
  assert.equal((await phones.alice.register()).status, 200);
  assert.equal((await phones.bob.register()).status, 200);
  return phones;
}

test("a call goes through the hub, and every node records it under one session id", async (t) => {
  const federation = await startFederation(t, { subnet: 20 });
  const { alice, bob } = await phonesOf(t, federation);
  const call = await alice.call("4000");
  const incoming = await bob.nextCall();
  const shown = parseNameAddress(incoming.request.headers.get("From") ?? "");
  assert.equal(shown?.displayName, "Phone 1000");
  assert.match(shown.uri, /^sip:1000@/);
  incoming.ring();
  await call.provisional(180);
  assert.deepEqual(
    federation.hub.activeCalls().map(({ origin, target, state }) => ({ origin, target, state })),
    [{ origin: "branch:hk", target: "branch:london", state: "ringing" }],
  );
  incoming.answer();
  assert.equal((await call.final).status, 200);
  assert.equal((await call.bye()).status, 200);
  await bob.next("BYE");
  const [atHk, atHub, atLondon] = await Promise.all(["hk", "hub-1", "london"].map((node) => federation.recordOf(node)));
  assert.deepEqual([atHk?.origin, atHk?.target, atHk?.result], ["extension:1000", "hub:hub-1", "answered"]);
  assert.deepEqual([atHub?.origin, atHub?.target, atHub?.result], ["branch:hk", "branch:london", "answered"]);
  assert.deepEqual([atLondon?.origin, atLondon?.target, atLondon?.result], ["hub:hub-1", "extension:4000", "answered"]);
  assert.equal(new Set([atHk?.sessionId, atHub?.sessionId, atLondon?.sessionId]).size, 1);
});

test("the callee may hang up, and the other way round it is the same", async (t) => {
  const federation = await startFederation(t, { subnet: 21 });
  const { alice, bob } = await phonesOf(t, federation, "4000", "1000");
  const call = await alice.call("1000");
  const incoming = await bob.nextCall();
  incoming.answer();
  assert.equal((await call.final).status, 200);
  const bye = alice.next("BYE");
  assert.equal((await incoming.bye()).status, 200);
  await bye;
});

test("what the callee answers is what the caller sees", async (t) => {
  const federation = await startFederation(t, { subnet: 22 });
  const { alice, bob } = await phonesOf(t, federation);
  for (const status of [486, 480, 603, 600]) {
    const call = await alice.call("4000");
    (await bob.nextCall()).refuse(status);
    assert.equal((await call.final).status, status);
  }
});

test("a cancelled call stops to ring", async (t) => {
  const federation = await startFederation(t, { subnet: 23 });
  const { alice, bob } = await phonesOf(t, federation);
  const call = await alice.call("4000");
  const incoming = await bob.nextCall();
  incoming.ring();
  await call.provisional(180);
  call.cancel();
  await incoming.cancelled;
  assert.equal((await call.final).status, 487);
  assert.equal((await federation.recordOf("hub-1")).result, "cancelled");
});

test("unknown numbers 404, a registered branch's unregistered phone 480, an absent branch 503 with Retry-After", async (t) => {
  const federation = await startFederation(t, { subnet: 24 });
  const alice = await openPhone(t, federation.net, "1000", 10);
  await alice.register();
  const answers: Record<string, readonly [number, string | undefined]> = {};
  for (const number of ["9999", "4999", "4001", "5000", "1999"]) {
    const final = await (await alice.call(number)).final;
    answers[number] = [final.status, /cause=([0-9]+)/.exec(final.headers.get("Reason") ?? "")?.[1]];
    if (final.status === 503) {
      assert.match(final.headers.get("Retry-After") ?? "", /^[0-9]+$/);
    }
  }
  assert.deepEqual(answers, {
    "9999": [404, "1"],
    "4999": [404, "1"],
    "4001": [480, "20"],
    "5000": [503, "38"],
    "1999": [404, "1"],
  });
});

test("a branch that has stopped took its registration back: 503 at once, and calls again when it is back", async (t) => {
  const federation = await startFederation(t, { subnet: 25 });
  const { net } = federation;
  const alice = await openPhone(t, net, "1000", 10);
  await alice.register();
  await federation.london.stop();
  assert.equal((await (await alice.call("4000")).final).status, 503);
  await trunkUp(await runBranch(t, branchSettings(LONDON, net)));
  const bob = await openPhone(t, net, "4000", 11);
  await bob.register();
  const call = await alice.call("4000");
  (await bob.nextCall()).answer();
  assert.equal((await call.final).status, 200);
  assert.equal((await call.bye()).status, 200);
});

test("a full trunk is answered 503 with cause 34, and a slot that is given back serves the next call", async (t) => {
  const limited = snapshotOf({ london: { maxCalls: 1 } });
  const federation = await startFederation(t, { subnet: 26, hub: { snapshot: limited } });
  const { alice, bob } = await phonesOf(t, federation);
  const first = await alice.call("4000");
  (await bob.nextCall()).answer();
  assert.equal((await first.final).status, 200);
  const refused = await (await alice.call("4000")).final;
  assert.equal(refused.status, 503);
  assert.match(refused.headers.get("Reason") ?? "", /cause=34/);
  await first.bye();
  await federation.recordOf("hub-1");
  const third = await alice.call("4000");
  (await bob.nextCall()).answer();
  assert.equal((await third.final).status, 200);
  await third.bye();
});

test("a trunk with the wrong secret is not registered and may not call", async (t) => {
  const net = "127.17.27";
  const hub = await runHub(t, { settings: hubSettings(`${net}.1`) });
  const settings = branchSettings(HK, net);
  const branch = await runBranch(t, { ...settings, trunk: { ...settings.trunk, secret: "wrong" } });
  await new Promise<void>((resolve) => {
    const check = (): void => {
      if (branch.status().hubs.every(({ state }) => state === "down")) {
        resolve();
      }
    };
    branch.on("hub", check);
    check();
  });
  const alice = await openPhone(t, net, "1000", 10);
  await alice.register();
  assert.equal((await (await alice.call("4000")).final).status, 503);
  assert.deepEqual(
    hub.status().trunks.map(({ state }) => state),
    ["down", "down", "down"],
  );
});

test("an address that is not the branch's may neither register nor call", async (t) => {
  const net = "127.17.28";
  const trunks = new Map([...hubSettings(net).trunks].map(([id, trunk]) => [id, { ...trunk, address: "192.0.2.1" }]));
  const hub = await runHub(t, { settings: hubSettings(`${net}.1`, { trunks }) });
  const impostor = await SipPhone.open({
    username: "hk",
    password: "trunk-secret-of-hk",
    number: "1000",
    host: `${net}.10`,
    server: { host: `${net}.1`, port: 5060 },
  });
  t.after(() => impostor.close());
  assert.equal((await impostor.register({ to: "<sip:hk@acme>" })).status, 403);
  assert.equal((await (await impostor.call("4000")).final).status, 403);
  assert.ok(hub.status().trunks.every(({ state }) => state === "down"));
});

test("nobody calls under a number that is not its own", async (t) => {
  const federation = await startFederation(t, { subnet: 29 });
  const { net } = federation;
  const { alice, bob } = await phonesOf(t, federation);
  const spoofed = await alice.call("4000", { from: `<${alice.uriOf("1001")}>;tag=x1` });
  assert.equal((await spoofed.final).status, 403, "an extension at its branch");
  const rogue = await SipPhone.open({
    username: "hk",
    password: "trunk-secret-of-hk",
    number: "4001",
    host: `${net}.12`,
    server: { host: `${net}.1`, port: 5060 },
  });
  t.after(() => rogue.close());
  assert.equal((await (await rogue.call("4000")).final).status, 403, "a branch at the hub");
  assert.equal(bob.unread("INVITE"), 0);
});

test("without credentials nobody calls through a hub", async (t) => {
  const federation = await startFederation(t, { subnet: 30 });
  const stranger = await SipPhone.open({
    username: "nobody",
    password: "x",
    number: "1000",
    host: `${federation.net}.10`,
    server: { host: `${federation.net}.1`, port: 5060 },
  });
  t.after(() => stranger.close());
  assert.equal((await (await stranger.call("4000")).final).status, 407);
});

test("a hub in drain refuses new calls and keeps those it has", async (t) => {
  const federation = await startFederation(t, { subnet: 31 });
  const { alice, bob } = await phonesOf(t, federation);
  const call = await alice.call("4000");
  (await bob.nextCall()).answer();
  assert.equal((await call.final).status, 200);
  const drained = federation.hub.drain(5_000);
  const refused = await (await alice.call("4000")).final;
  assert.equal(refused.status, 503);
  assert.equal(federation.hub.status().calls, 1);
  assert.equal((await call.bye()).status, 200);
  await drained;
  assert.equal(federation.hub.status().calls, 0);
});
