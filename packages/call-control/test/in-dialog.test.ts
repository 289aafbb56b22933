import assert from "node:assert/strict";
import { test } from "node:test";
import { ANSWER, OFFER, startNode } from "./support/node-under-test.ts";
import { establish } from "./support/established.ts";
import type { EstablishedCall } from "./support/established.ts";

const HOLD = OFFER.replace("m=audio", "a=sendonly\r\nm=audio");
const HELD = ANSWER.replace("m=audio", "a=recvonly\r\nm=audio");
const SDP = { "Content-Type": "application/sdp" };

type Sides = readonly [name: string, from: "fromCaller" | "fromCallee", to: "callerDialog" | "calleeDialog"];
const DIRECTIONS: readonly Sides[] = [
  ["the caller", "fromCaller", "calleeDialog"],
  ["the callee", "fromCallee", "callerDialog"],
];

for (const [name, from, to] of DIRECTIONS) {
  test(`a re-INVITE of ${name} gets the SDP of the other side`, async (context) => {
    const call = await establish(context);
    const reinvite = call[from]({ method: "INVITE", body: HOLD, headers: { ...SDP, "X-Vendor": "1" } });
    const relayed = await call.node.engine.sent();
    assert.deepEqual([relayed.request.method, relayed.dialogId, relayed.request.body], ["INVITE", call[to], HOLD]);
    assert.equal(relayed.request.headers.get("Contact"), "<sip:127.16.0.1:5060>");
    assert.equal(relayed.request.headers.get("X-Vendor"), undefined);
    relayed.respond(200, { body: HELD, headers: SDP });
    const ack = await call.node.engine.sent();
    assert.deepEqual([ack.request.method, ack.dialogId, ack.request.body], ["ACK", call[to], ""]);
    const answer = await reinvite.response();
    assert.deepEqual([answer.status, answer.body, answer.headers.get("Content-Type")], [200, HELD, "application/sdp"]);

    // The next one is taken: the first is over.
    call[from]({ method: "INVITE", body: OFFER, cseq: 3 });
    assert.equal((await call.node.engine.sent()).request.body, OFFER);
  });

  test(`a delayed-offer re-INVITE of ${name} is answered in its ACK`, async (context) => {
    const call = await establish(context);
    const reinvite = call[from]({ method: "INVITE" });
    const relayed = await call.node.engine.sent();
    assert.equal(relayed.request.body, "");
    relayed.respond(200, { body: OFFER, headers: SDP });
    const answer = await reinvite.response();
    assert.equal(answer.body, OFFER);
    call[from]({ method: "ACK", body: ANSWER, headers: SDP });
    const ack = await call.node.engine.sent();
    assert.deepEqual([ack.request.method, ack.dialogId, ack.request.body], ["ACK", call[to], ANSWER]);
    assert.equal(ack.request.headers.get("Content-Type"), "application/sdp");
  });

  test(`INFO, MESSAGE, UPDATE, OPTIONS and NOTIFY of ${name} are relayed with body and answer`, async (context) => {
    const call = await establish(context);
    for (const [index, method] of ["INFO", "MESSAGE", "UPDATE", "OPTIONS", "NOTIFY"].entries()) {
      const body = `Signal=${index}\r\n`;
      const request = call[from]({
        method,
        body,
        cseq: 10 + index,
        headers: { "Content-Type": "application/dtmf-relay", "Info-Package": "dtmf" },
      });
      const relayed = await call.node.engine.sent();
      assert.deepEqual([relayed.request.method, relayed.dialogId, relayed.request.body], [method, call[to], body]);
      assert.equal(relayed.request.headers.get("Content-Type"), "application/dtmf-relay");
      relayed.respond(index % 2 === 0 ? 200 : 488, { body: "answer", headers: { "Content-Type": "text/plain" } });
      const answer = await request.response();
      assert.deepEqual([answer.status, answer.body], [index % 2 === 0 ? 200 : 488, "answer"]);
    }
  });

  test(`${name} hangs up: the other side gets BYE and the record says who`, async (context) => {
    const call = await establish(context);
    const bye = call[from]({ method: "BYE", headers: { Reason: "Q.850;cause=16" } });
    assert.equal((await bye.response()).status, 200);
    const relayed = await call.node.engine.sent();
    assert.deepEqual([relayed.request.method, relayed.dialogId], ["BYE", call[to]]);
    assert.equal(relayed.request.headers.get("Reason"), "Q.850;cause=16");
    const record = await call.node.record();
    assert.equal(record.endedBy, from === "fromCaller" ? "caller" : "callee");
    const late = call[from]({ method: "INFO", cseq: 9 });
    assert.equal((await late.response()).status, 481);
  });

  test(`a refused re-INVITE of ${name} gets the refusal, and the call goes on`, async (context) => {
    const call = await establish(context);
    for (const status of [488, 491, 500, 603]) {
      const reinvite = call[from]({ method: "INVITE", body: HOLD });
      (await call.node.engine.sent()).respond(status);
      assert.equal((await reinvite.response()).status, status);
    }
    assert.equal(call.node.control.activeCalls().length, 1);
  });

  test(`the other side of ${name} does not know the dialog: the call ends`, async (context) => {
    const call = await establish(context);
    const reinvite = call[from]({ method: "INVITE", body: HOLD });
    (await call.node.engine.sent()).respond(481);
    assert.equal((await reinvite.response()).status, 481);
    const bye = await call.node.engine.sent();
    assert.equal(bye.request.method, "BYE");
    assert.notEqual(bye.dialogId, call[to]);
    assert.equal((await call.node.record()).endedBy, "system");
  });
}

test("re-INVITEs that cross get 491, a second one of the same side 500 with Retry-After", async (context) => {
  const call = await establish(context);
  const first = call.fromCaller({ method: "INVITE", body: HOLD });
  const relayed = await call.node.engine.sent();
  const crossing = call.fromCallee({ method: "INVITE", body: HELD });
  assert.equal((await crossing.response()).status, 491);
  const second = call.fromCaller({ method: "INVITE", body: HOLD, cseq: 3 });
  const refused = await second.response();
  assert.equal(refused.status, 500);
  assert.match(refused.headers.get("Retry-After") ?? "", /^[0-9]$/);
  relayed.respond(200, { body: HELD });
  assert.equal((await first.response()).status, 200);
});

test("a CANCEL of a re-INVITE goes to the other side", async (context) => {
  const call = await establish(context);
  const reinvite = call.fromCaller({ method: "INVITE", body: HOLD });
  const relayed = await call.node.engine.sent();
  relayed.respond(180);
  reinvite.cancel();
  assert.equal((await call.node.engine.sent()).request.method, "CANCEL");
  relayed.respond(487);
  assert.equal((await reinvite.response()).status, 487);
  assert.equal(call.node.control.activeCalls().length, 1);
});

test("REFER is refused in words, other methods with 405, and the call goes on", async (context) => {
  const call = await establish(context);
  const refer = await call.fromCaller({ method: "REFER", headers: { "Refer-To": "<sip:1001@127.16.0.1>" } }).response();
  assert.deepEqual([refer.status, refer.reason], [501, "Transfer Not Available"]);
  const subscribe = await call.fromCallee({ method: "SUBSCRIBE", cseq: 3 }).response();
  assert.equal(subscribe.status, 405);
  assert.match(subscribe.headers.get("Allow") ?? "", /INVITE/);
  assert.equal(call.node.control.activeCalls().length, 1);
  assert.equal(call.node.engine.unseen, 0);
});

test("the BYE that the engine makes for a missing ACK ends the other side", async (context) => {
  const call = await establish(context);
  call.fromCaller({ method: "BYE", fromEngine: true, headers: { Reason: 'SIP;cause=200;text="ACK timeout"' } });
  const bye = await call.node.engine.sent();
  assert.deepEqual([bye.request.method, bye.dialogId], ["BYE", call.calleeDialog]);
  assert.equal((await call.node.record()).endedBy, "system");
});

test("a BYE while a re-INVITE is under way answers it and ends both sides", async (context) => {
  const call = await establish(context);
  const reinvite = call.fromCaller({ method: "INVITE", body: HOLD });
  const relayed = await call.node.engine.sent();
  const bye = call.fromCallee({ method: "BYE", cseq: 5 });
  assert.equal((await bye.response()).status, 200);
  assert.equal((await reinvite.response()).status, 487);
  assert.equal((await call.node.engine.sent()).request.method, "BYE");
  relayed.respond(200, { body: HELD });
  assert.equal((await call.node.engine.sent()).request.method, "ACK");
});

test("a delayed offer passes through: offer in the 200, answer in the ACK", async (context) => {
  const node = await startNode(context);
  const caller = node.engine.inject();
  const callee = await node.engine.sent();
  assert.equal(callee.request.body, "");
  callee.respond(183, { body: OFFER, headers: SDP });
  const progress = await caller.response();
  assert.deepEqual([progress.status, progress.body], [183, ""]);
  callee.respond(200, { body: OFFER, headers: SDP });
  const answer = await caller.response();
  assert.deepEqual([answer.status, answer.body], [200, OFFER]);
  assert.equal(node.engine.unseen, 0); // no ACK before the caller's
  const dialogId = `${caller.request.headers.get("Call-ID") ?? ""};from-tag=alice`;
  node.engine.inject({ method: "ACK", dialogId, body: ANSWER, headers: SDP });
  const ack = await node.engine.sent();
  assert.deepEqual([ack.request.method, ack.dialogId, ack.request.body], ["ACK", callee.dialogId, ANSWER]);
});

test("a delayed offer whose ACK has no answer ends the call, acknowledged first", async (context) => {
  const node = await startNode(context);
  const caller = node.engine.inject();
  const callee = await node.engine.sent();
  callee.respond(200, { body: OFFER });
  await caller.response();
  const dialogId = `${caller.request.headers.get("Call-ID") ?? ""};from-tag=alice`;
  node.engine.inject({ method: "ACK", dialogId });
  assert.equal((await node.engine.sent()).request.method, "ACK");
  const byes = [await node.engine.sent(), await node.engine.sent()];
  assert.deepEqual(
    byes.map(({ request }) => request.method),
    ["BYE", "BYE"],
  );
});

test("what the callee sends before the caller has its answer is kept, in order", async (context) => {
  const node = await startNode(context);
  const caller = node.engine.inject({ body: OFFER });
  const callee = await node.engine.sent();
  callee.respond(200, { body: ANSWER });
  const info = node.engine.inject({
    method: "INFO",
    dialogId: callee.dialogId,
    to: "<sip:1000@127.16.0.1>;tag=ours",
    body: "1",
  });
  assert.equal((await node.engine.sent()).request.method, "ACK");
  assert.equal((await caller.response()).status, 200);
  const relayed = await node.engine.sent();
  assert.equal(relayed.request.method, "INFO");
  relayed.respond(200);
  assert.equal((await info.response()).status, 200);
});

test("a request for a dialog that nobody knows is 481 and rings nobody", async (context) => {
  const node = await startNode(context);
  for (const method of ["INVITE", "INFO", "UPDATE", "REFER", "NOTIFY"]) {
    const answer = await node.engine.inject({ method, to: "<sip:4000@127.16.0.1>;tag=guess" }).response();
    assert.equal(answer.status, 481);
  }
  assert.equal(node.engine.unseen, 0);
});

async function relayedBye(call: EstablishedCall): Promise<void> {
  const bye = await call.node.engine.sent();
  assert.equal(bye.request.method, "BYE");
  bye.respond(407, { headers: { "Proxy-Authenticate": 'Digest realm="x", nonce="n", qop="auth"' } });
}

test("a challenge to our BYE is not answered with a hash", async (context) => {
  const call = await establish(context);
  const bye = call.fromCaller({ method: "BYE" });
  assert.equal((await bye.response()).status, 200);
  await relayedBye(call);
  await call.node.record();
  const probe = call.node.control.request({ method: "OPTIONS", uri: "sip:127.16.2.1", timeoutMs: 1000 });
  const next = await call.node.engine.sent();
  assert.equal(next.request.method, "OPTIONS"); // and no second BYE before it
  next.respond(200);
  assert.equal((await probe).kind, "answered");
});
