import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "@mss/runtime";
import type { SipRequest, SipResponse } from "@mss/sip-message";
import { createDigestGuard, next } from "@mss/call-control";
import { answerChallenge } from "../src/testing/index.ts";
import { EngineNode, phoneTarget } from "./support/engine-node.ts";
import { ANSWER, OFFER, plan, step } from "./support/node-under-test.ts";
import { callerDialog } from "./support/peer.ts";
import type { DialogParts, Peer } from "./support/peer.ts";

/* The same node as in the other tests, on the embedded engine and real sockets. */

const NETWORK = 10;

test("a call is answered and hung up by the caller; each leg has its own Call-ID", async (context) => {
  const node = await EngineNode.start(context, NETWORK);
  const { caller, callee } = await node.establish();
  assert.notEqual(caller.callId, callee.callId);
  const bye = node.alice.say("BYE", caller, { headers: { Reason: "Q.850;cause=16" } });
  assert.equal((await node.alice.final(bye)).status, 200);
  const relayed = await node.phone(0).request("BYE");
  assert.equal(relayed.headers.get("Reason"), "Q.850;cause=16");
  node.phone(0).respond(relayed, 200);
  const record = await node.record();
  assert.deepEqual([record.result, record.endedBy, record.from, record.to], ["answered", "caller", "1000", "4000"]);
});

test("a call is hung up by the callee", async (context) => {
  const node = await EngineNode.start(context, NETWORK);
  const { callee } = await node.establish();
  const bye = node.phone(0).say("BYE", callee);
  assert.equal((await node.phone(0).final(bye)).status, 200);
  node.alice.respond(await node.alice.request("BYE"), 200);
  assert.equal((await node.record()).endedBy, "callee");
});

test("the caller cancels while the phone rings", async (context) => {
  const node = await EngineNode.start(context, NETWORK);
  const invite = node.alice.invite("4000", { body: OFFER });
  const leg = await node.phone(0).request("INVITE");
  node.phone(0).respond(leg, 180);
  await node.alice.response(invite, 180);
  node.alice.follow(invite, "CANCEL");
  const cancel = await node.phone(0).request("CANCEL");
  node.phone(0).respond(cancel, 200);
  node.phone(0).respond(leg, 487);
  const final = await node.alice.response(invite, 487);
  node.alice.follow(invite, "ACK", final.headers.get("To"));
  assert.equal((await node.record()).result, "cancelled");
});

test("an answer that crosses the CANCEL is acknowledged and ended", async (context) => {
  const node = await EngineNode.start(context, NETWORK);
  const invite = node.alice.invite("4000", { body: OFFER });
  const leg = await node.phone(0).request("INVITE");
  node.phone(0).respond(leg, 180);
  await node.alice.response(invite, 180);
  node.alice.follow(invite, "CANCEL");
  node.phone(0).respond(await node.phone(0).request("CANCEL"), 200);
  node.phone(0).respond(leg, 200, { body: ANSWER });
  await node.phone(0).request("ACK");
  node.phone(0).respond(await node.phone(0).request("BYE"), 200);
  node.alice.follow(invite, "ACK", (await node.alice.response(invite, 487)).headers.get("To"));
});

test("busy and unknown reach the caller as such", async (context) => {
  const node = await EngineNode.start(context, NETWORK);
  for (const status of [486, 404]) {
    const invite = node.alice.invite("4000", { body: OFFER });
    node.phone(0).respond(await node.phone(0).request("INVITE"), status);
    const final = await node.alice.response(invite, status);
    node.alice.follow(invite, "ACK", final.headers.get("To"));
    await node.phone(0).request("ACK");
  }
});

test("a phone that nobody picks up is cancelled and the caller gets 480", async (context) => {
  const node = await EngineNode.start(context, NETWORK, () =>
    next(plan([step(phoneTarget(NETWORK, 0, { ringTimeoutMs: 150 }))])),
  );
  const invite = node.alice.invite("4000", { body: OFFER });
  const leg = await node.phone(0).request("INVITE");
  node.phone(0).respond(leg, 180);
  node.phone(0).respond(await node.phone(0).request("CANCEL"), 200);
  node.phone(0).respond(leg, 487);
  const final = await node.alice.response(invite, 480);
  assert.match(final.headers.get("Reason") ?? "", /cause=19/);
  node.alice.follow(invite, "ACK", final.headers.get("To"));
});

test("three phones ring, the first to answer has the call, the others are cancelled", async (context) => {
  const node = await EngineNode.start(context, NETWORK, () =>
    next(plan([step(phoneTarget(NETWORK, 0), phoneTarget(NETWORK, 1), phoneTarget(NETWORK, 2))])),
  );
  const invite = node.alice.invite("4000", { body: OFFER });
  const legs = await Promise.all(node.phones.map((peer) => peer.request("INVITE")));
  for (const [index, leg] of legs.entries()) {
    node.phone(index).respond(leg, 180);
  }
  await node.alice.response(invite, 180);
  const [first, winner, third] = legs;
  assert.ok(first && winner && third);
  node.phone(1).respond(winner, 200, { body: ANSWER });
  const answer = await node.alice.response(invite, 200);
  for (const [index, leg] of [
    [0, first],
    [2, third],
  ] as const) {
    const cancel = await node.phone(index).request("CANCEL");
    assert.equal(cancel.headers.get("Reason"), 'SIP;cause=200;text="Call completed elsewhere"');
    node.phone(index).respond(cancel, 200);
    node.phone(index).respond(leg, 487);
    await node.phone(index).request("ACK");
  }
  await node.phone(1).request("ACK");
  const dialog = callerDialog(invite, answer);
  node.alice.say("ACK", dialog);
  node.alice.say("BYE", dialog);
  node.phone(1).respond(await node.phone(1).request("BYE"), 200);
  assert.equal((await node.record()).target, "phone:1");
});

test("603 of one phone ends the ringing of all", async (context) => {
  const node = await EngineNode.start(context, NETWORK, () =>
    next(plan([step(phoneTarget(NETWORK, 0), phoneTarget(NETWORK, 1))])),
  );
  const invite = node.alice.invite("4000", { body: OFFER });
  const [first, second] = [await node.phone(0).request("INVITE"), await node.phone(1).request("INVITE")];
  node.phone(0).respond(first, 180);
  await node.alice.response(invite, 180);
  node.phone(1).respond(second, 603);
  node.phone(0).respond(await node.phone(0).request("CANCEL"), 200);
  node.phone(0).respond(first, 487);
  node.alice.follow(invite, "ACK", (await node.alice.response(invite, 603)).headers.get("To"));
});

test("a dead target is passed over", async (context) => {
  const dead = phoneTarget(NETWORK, 79, { firstResponseTimeoutMs: 150 });
  const node = await EngineNode.start(context, NETWORK, () => next(plan([step(dead), step(phoneTarget(NETWORK, 0))])));
  const invite = node.alice.invite("4000", { body: OFFER });
  node.phone(0).respond(await node.phone(0).request("INVITE"), 486);
  node.alice.follow(invite, "ACK", (await node.alice.response(invite, 486)).headers.get("To"));
});

test("digest on both sides: the caller is challenged by us, and we are by the target", async (context) => {
  const guard = createDigestGuard({ realm: "hk", log: silentLog(), status: 407 });
  const credentials = { realm: "acme", username: "hk", secret: "trunk" };
  const node = await EngineNode.start(context, NETWORK, async (call) => {
    const outcome = await guard.check(call, (username) => (username === "1000" ? "s3cret" : undefined));
    if (outcome.kind === "challenge") {
      return { kind: "reply", status: outcome.status, headers: outcome.headers };
    }
    return outcome.kind === "authenticated"
      ? next(plan([step(phoneTarget(NETWORK, 0, { credentials }))]))
      : { kind: "reply", status: outcome.status };
  });
  const first = node.alice.invite("4000", { body: OFFER });
  const challenge = await node.alice.response(first, 407);
  assert.equal(challenge.headers.all("Proxy-Authenticate").length, 2);
  node.alice.follow(first, "ACK", challenge.headers.get("To"));
  const header = answerChallenge(challenge, first, { username: "1000", password: "s3cret" });
  assert.ok(header);
  const signed = { headers: { [header.name]: header.value }, body: OFFER };
  const second = node.alice.invite("4000", signed);
  const unsigned = await node.phone(0).request("INVITE");
  node.phone(0).respond(unsigned, 401, {
    headers: { "WWW-Authenticate": 'Digest realm="acme", nonce="n", qop="auth", algorithm=SHA-256' },
  });
  const leg = await node.phone(0).request("INVITE");
  assert.match(leg.headers.get("Authorization") ?? "", /username="hk".*algorithm=SHA-256/);
  assert.equal(leg.headers.get("Call-ID"), unsigned.headers.get("Call-ID"));
  node.phone(0).respond(leg, 486);
  node.alice.follow(second, "ACK", (await node.alice.response(second, 486)).headers.get("To"));

  const replay = node.alice.invite("4000", signed);
  const refused = await node.alice.final(replay);
  assert.equal(refused.status, 407);
  assert.match(refused.headers.get("Proxy-Authenticate") ?? "", /stale=true/);
  node.alice.follow(replay, "ACK", refused.headers.get("To"));
  assert.equal(node.phone(0).unread.includes("INVITE"), false);
});

const CALLS = 200;

async function answerAll(phone: Peer, method: string, body = ""): Promise<void> {
  for (let call = 0; call < CALLS; call += 1) {
    phone.respond(await phone.request(method), 200, { body });
  }
}

function acknowledged(caller: Peer, invite: SipRequest, answer: SipResponse): DialogParts {
  const dialog = callerDialog(invite, answer);
  caller.say("ACK", dialog);
  return dialog;
}

test("200 calls at once: each is answered and ended, none is lost", async (context) => {
  const node = await EngineNode.start(context, NETWORK);
  const answering = answerAll(node.phone(0), "INVITE", ANSWER);
  const answers: Promise<DialogParts>[] = [];
  for (let call = 0; call < CALLS; call += 1) {
    const invite = node.alice.invite("4000", { body: OFFER });
    answers.push(node.alice.response(invite, 200).then((answer) => acknowledged(node.alice, invite, answer)));
    await node.alice.response(invite, 100); // nothing here repeats itself: no socket may be given more than it can hold
  }
  await answering;
  const dialogs = await Promise.all(answers);
  assert.equal(node.control.activeCalls().length, CALLS);
  const ended = answerAll(node.phone(0), "BYE");
  for (const dialog of dialogs) {
    assert.equal((await node.alice.final(node.alice.say("BYE", dialog))).status, 200);
  }
  await ended;
  assert.equal(node.records.filter(({ result }) => result === "answered").length, CALLS);
  assert.equal(await node.left(), 0);
});
