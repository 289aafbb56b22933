import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { handler } from "./support/app.ts";
import type { AppDialog, AppMessage } from "./support/app.ts";
import { ANSWER, SDP_HEADERS } from "./support/bridged-call.ts";
import type { Rig } from "./support/rig.ts";
import { startRig } from "./support/rig.ts";
import { SDP } from "./support/sip-peer.ts";
import type { SipPeer } from "./support/sip-peer.ts";

/** RFC 4028 counts in seconds; the clock of these tests is moved by hand once the engine runs. */
async function rigWithoutClock(context: TestContext) {
  const rig = await startRig(context);
  const peer = await rig.peer();
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const pass = (seconds: number): void => context.mock.timers.tick(seconds * 1000);
  return { ...rig, peer, pass };
}

/** A call of the peer, answered by the application with these headers. */
async function callIn(context: TestContext, headers: readonly string[], answer: Record<string, string> = {}) {
  const rig = await rigWithoutClock(context);
  const { app, peer, sip } = rig;
  const made = Promise.withResolvers<AppDialog>();
  app.invite(
    handler(async (request, response) => {
      made.resolve(await app.createUAS(request, response, { localSdp: ANSWER, headers: answer }));
    }),
  );
  const request = peer.request("INVITE", sip, { headers: [...SDP_HEADERS, ...headers], body: SDP });
  const response = await peer.next((message) => (message.status ?? 0) >= 200);
  if (response.status === 200) {
    peer.requestWithin("ACK", { request, response }, { sequence: 1 });
    await settled(rig);
    return { ...rig, request, response, dialog: await made.promise };
  }
  return { ...rig, request, response, dialog: undefined };
}

/** A call of the application, answered by the peer with these headers. */
async function callOut(context: TestContext, headers: Record<string, string>, answer: readonly string[]) {
  const rig = await rigWithoutClock(context);
  const { app, peer } = rig;
  const calling = app.createUAC(peer.uri, { localSdp: SDP, headers });
  const invite = await peer.next("INVITE");
  peer.respond(invite, "200 OK", { tag: "callee", headers: [...SDP_HEADERS, ...answer], body: ANSWER });
  await peer.next("ACK");
  return { ...rig, invite, dialog: await calling };
}

const ASKED = { "Session-Expires": "1800;refresher=uac", "Min-SE": "90", Supported: "timer" };
const ALLOWS_UPDATE = "Allow: INVITE, ACK, BYE, UPDATE";

async function ended(dialog: AppDialog | undefined, peer: SipPeer, act: () => void): Promise<string> {
  assert.ok(dialog);
  const destroyed = new Promise<AppMessage>((resolve) => {
    dialog.once("destroy", resolve);
  });
  act();
  const bye = await peer.next("BYE");
  assert.equal((await destroyed).get("Reason"), bye.get("Reason"));
  return bye.get("Reason");
}

const EXPIRED = 'SIP ;cause=200 ;text="Session timer expired"';

test("a caller that refreshes and falls silent: BYE 32 s before the interval ends, and the application is told", async (context) => {
  const { response, peer, dialog, pass } = await callIn(context, [
    "Supported: timer",
    "Session-Expires: 1800;refresher=uac",
  ]);
  assert.equal(response.get("Session-Expires"), "1800;refresher=uac");
  assert.equal(response.get("Require"), "timer");
  pass(1767);
  assert.deepEqual(startLines(peer), []);
  assert.equal(await ended(dialog, peer, () => pass(2)), EXPIRED);
});

test("each refresh of the peer begins the interval anew", async (context) => {
  const { request, response, peer, dialog, pass } = await callIn(context, [
    "Supported: timer",
    "Session-Expires: 180;refresher=uac",
  ]);
  dialog?.on("modify", (_request: AppMessage, answer: { send(status: number): void }) => answer.send(200));
  for (const sequence of [2, 3]) {
    pass(120);
    peer.requestWithin(
      "UPDATE",
      { request, response },
      {
        sequence,
        headers: ["Supported: timer", "Session-Expires: 180"],
      },
    );
    const refreshed = await peer.next((message) => message.get("CSeq") === `${sequence} UPDATE`);
    assert.equal(refreshed.status, 200);
    assert.equal(refreshed.get("Session-Expires"), "180;refresher=uac");
  }
  assert.equal(await ended(dialog, peer, () => pass(180 - 32)), EXPIRED);
});

test("a re-INVITE of the peer that speaks of no timer keeps the one that runs, and leaves it to us", async (context) => {
  const { request, response, peer, sip, dialog, pass } = await callIn(context, [
    "Supported: timer",
    "Session-Expires: 180;refresher=uac",
  ]);
  dialog?.on("modify", (_request: AppMessage, answer: { send(status: number, options: unknown): void }) =>
    answer.send(200, { body: ANSWER }),
  );
  peer.requestWithin("INVITE", { request, response }, { sequence: 2, headers: SDP_HEADERS, body: SDP });
  const answer = await peer.next((message) => message.status === 200 && message.get("CSeq") === "2 INVITE");
  assert.equal(answer.get("Session-Expires"), "180;refresher=uas");
  peer.requestWithin("ACK", { request, response }, { sequence: 2 });
  await settled({ peer, sip });
  pass(90);
  const refresh = await peer.next("INVITE"); // it has not said that it takes UPDATE
  assert.equal(refresh.get("Session-Expires"), "180;refresher=uac");
  assert.equal(refresh.body, ANSWER);
});

test("an interval below the minimum is answered 422, in the call and before it", async (context) => {
  const { response } = await callIn(context, ["Supported: timer", "Session-Expires: 60"]);
  assert.equal(response.status, 422);
  assert.equal(response.get("Min-SE"), "90");
});

test("a caller without timers gets the one that the application writes, and is refreshed", async (context) => {
  const { peer, response, dialog, pass } = await callIn(context, [ALLOWS_UPDATE], {
    "Session-Expires": "1800;refresher=uas",
  });
  assert.equal(response.get("Session-Expires"), "1800;refresher=uas");
  pass(900);
  const update = await peer.next("UPDATE");
  assert.equal(update.body, "");
  peer.respond(update, "481 Call/Transaction Does Not Exist");
  assert.equal(await ended(dialog, peer, () => undefined), EXPIRED);
});

test("a callee that answers nothing about timers is refreshed by UPDATE; no answer at all ends the call", async (context) => {
  const { peer, sip, dialog, pass } = await callOut(context, ASKED, [ALLOWS_UPDATE]);
  pass(810 - 1);
  assert.deepEqual(startLines(peer), []); // 5 to 10 % before the half at the earliest
  for (let round = 0; round < 3; round += 1) {
    pass(92);
    const update = await peer.next("UPDATE");
    assert.equal(update.get("Session-Expires"), "1800;refresher=uac");
    assert.equal(update.get("Min-SE"), "90");
    assert.equal(update.get("Supported"), "timer");
    peer.respond(update, "200 OK");
    await settled({ peer, sip });
    pass(809);
  }
  pass(92);
  await peer.next("UPDATE");
  assert.equal(await ended(dialog, peer, () => pass(32)), EXPIRED);
});

test("a callee without UPDATE is refreshed by re-INVITE with the offer it has, which the engine acknowledges", async (context) => {
  const { peer, pass } = await callOut(context, ASKED, ["Session-Expires: 300;refresher=uac", "Allow: INVITE, BYE"]);
  for (let round = 0; round < 2; round += 1) {
    pass(150);
    const invite = await peer.next("INVITE");
    assert.equal(invite.body, SDP);
    assert.equal(invite.get("Session-Expires"), "300;refresher=uac");
    const headers = [...SDP_HEADERS, "Session-Expires: 300;refresher=uac"];
    peer.respond(invite, "200 OK", { headers, body: ANSWER });
    const ack = await peer.next("ACK");
    assert.equal(ack.get("CSeq").split(" ")[0], invite.get("CSeq").split(" ")[0]);
  }
});

test("after a hold, what is repeated is the hold", async (context) => {
  const { peer, dialog, pass } = await callOut(context, ASKED, ["Session-Expires: 300;refresher=uac"]);
  const held = `${SDP}a=sendonly\r\n`;
  const holding = dialog.modify(held);
  const hold = await peer.next("INVITE");
  assert.equal(hold.get("Session-Expires"), "300;refresher=uac");
  peer.respond(hold, "200 OK", { headers: SDP_HEADERS, body: ANSWER });
  await holding;
  await peer.next("ACK");
  pass(150);
  assert.equal((await peer.next("INVITE")).body, hold.body);
});

test("a refresh that the peer refuses as too short is sent again with its minimum; 405 to UPDATE makes it a re-INVITE", async (context) => {
  const { peer, sip, pass } = await callOut(context, ASKED, [ALLOWS_UPDATE, "Session-Expires: 100;refresher=uac"]);
  pass(50);
  peer.respond(await peer.next("UPDATE"), "422 Session Interval Too Small", { headers: ["Min-SE: 600"] });
  await settled({ peer, sip });
  pass(0.001);
  const again = await peer.next("UPDATE");
  assert.equal(again.get("Session-Expires"), "600;refresher=uac");
  assert.equal(again.get("Min-SE"), "600");
  peer.respond(again, "405 Method Not Allowed");
  await settled({ peer, sip });
  pass(0.001);
  assert.equal((await peer.next("INVITE")).body, SDP);
});

test("what the application sends during a refresh goes out after it", async (context) => {
  const { peer, sip, dialog, pass } = await callOut(context, ASKED, ["Session-Expires: 300;refresher=uac"]);
  pass(150);
  const refresh = await peer.next("INVITE");
  const modified = dialog.modify(SDP.replace("6000", "6002"));
  await settled({ peer, sip });
  assert.deepEqual(startLines(peer), []);
  peer.respond(refresh, "200 OK", { headers: SDP_HEADERS, body: ANSWER });
  await peer.next("ACK");
  const own = await peer.next("INVITE");
  assert.match(own.body, /6002/);
  peer.respond(own, "200 OK", { headers: SDP_HEADERS, body: ANSWER });
  await modified;
});

test("glare: a refresh answered 491 is sent again within seconds", async (context) => {
  const { peer, sip, pass } = await callOut(context, ASKED, ["Session-Expires: 300;refresher=uac"]);
  pass(150);
  peer.respond(await peer.next("INVITE"), "491 Request Pending");
  await settled({ peer, sip });
  pass(4);
  assert.equal((await peer.next("INVITE")).body, SDP);
});

test("no timer runs after the call has ended", async (context) => {
  const { peer, sip, engine, dialog, pass } = await callOut(context, ASKED, [ALLOWS_UPDATE]);
  const ending = dialog.destroy();
  peer.respond(await peer.next("BYE"), "200 OK");
  await ending;
  assert.equal(engine.stats().dialogs, 0);
  pass(3600);
  await settled({ peer, sip });
  assert.deepEqual(startLines(peer), []);
});

/** What came to a peer and is neither asked for nor a repetition of an answer. */
function startLines(peer: SipPeer): readonly string[] {
  return peer.unread.map(({ startLine }) => startLine).filter((line) => !line.startsWith("SIP/2.0 100"));
}

/** What this peer sent has been read: messages of one socket are read in order. */
async function settled({ peer, sip }: { readonly peer: SipPeer; readonly sip: Rig["sip"] }): Promise<void> {
  const cancel = peer.request("CANCEL", sip);
  await peer.next((message) => message.status === 481 && message.get("Call-ID") === cancel.get("Call-ID"));
}
