import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { CallRecord } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { createEngine } from "@mss/sip-engine";
import type { Engine } from "@mss/sip-engine";
import { createCallControl, createDigestGuard, next } from "@mss/call-control";
import type { BridgePlan, CallControl, IncomingInvite, Verdict } from "@mss/call-control";
import { answerChallenge } from "../src/testing/index.ts";
import { ANSWER, OFFER, plan, step, target } from "./support/node-under-test.ts";
import { Peer, calleeDialog, callerDialog } from "./support/peer.ts";
import type { DialogParts } from "./support/peer.ts";

/* The same node as in the other tests, on the embedded engine and real sockets. */

const NODE = { host: "127.16.10.1", port: 5060 };
const SECRET = "engine-secret";
const HOLD = OFFER.replace("m=audio", "a=sendonly\r\nm=audio");
const HELD = ANSWER.replace("m=audio", "a=recvonly\r\nm=audio");

let engine: Engine;
let control: CallControl;
let alice: Peer;
let phones: readonly Peer[];
let records: CallRecord[] = [];
let onRecord: (record: CallRecord) => void = () => undefined;
let route: (invite: IncomingInvite) => Promise<Verdict<BridgePlan>> | Verdict<BridgePlan>;

function phone(index: number): Peer {
  const peer = phones[index];
  assert.ok(peer);
  return peer;
}

function at(host: string, options: Parameters<typeof target>[1] = {}): ReturnType<typeof target> {
  return target(`phone:${host}`, { uri: `sip:4000@${host}:5060`, ...options });
}

before(async () => {
  engine = createEngine({
    listen: [{ transport: "udp", ...NODE }],
    control: { host: "127.16.10.1", port: 0, secret: SECRET },
    timers: { t1Ms: 100, t2Ms: 400, t4Ms: 500 },
    log: silentLog(),
  });
  await engine.start();
  control = createCallControl({
    node: "hk",
    engine: { ...engine.controlAddress, secret: SECRET },
    log: silentLog(),
    route: (invite) => route(invite),
    onRecord: (record) => {
      records.push(record);
      onRecord(record);
    },
  });
  await control.start();
  alice = await Peer.open("127.16.11.1", NODE);
  phones = await Promise.all(["127.16.12.1", "127.16.12.2", "127.16.12.3"].map((host) => Peer.open(host, NODE)));
});

after(async () => {
  await control.stop();
  await engine.stop();
  await Promise.all([alice, ...phones].map((peer) => peer.close()));
});

beforeEach(() => {
  for (const peer of [alice, ...phones]) {
    peer.clear();
  }
  records = [];
  route = () => next(plan([step(at("127.16.12.1"))]));
});

function recorded(): Promise<CallRecord> {
  const [record] = records;
  return record === undefined ? new Promise((resolve) => (onRecord = resolve)) : Promise.resolve(record);
}

interface Established {
  readonly caller: DialogParts;
  readonly callee: DialogParts;
}

async function establish(): Promise<Established> {
  const invite = alice.invite("4000", { body: OFFER });
  const leg = await phone(0).request("INVITE");
  phone(0).respond(leg, 180);
  await alice.response(invite, 180);
  phone(0).respond(leg, 200, { body: ANSWER });
  const answer = await alice.response(invite, 200);
  assert.equal(answer.body, ANSWER);
  await phone(0).request("ACK");
  const caller = callerDialog(invite, answer);
  alice.say("ACK", caller);
  return { caller, callee: calleeDialog(leg) };
}

test("a call is answered and hung up by the caller; each leg has its own Call-ID", async () => {
  const { caller, callee } = await establish();
  assert.notEqual(caller.callId, callee.callId);
  const bye = alice.say("BYE", caller, { headers: { Reason: "Q.850;cause=16" } });
  assert.equal((await alice.final(bye)).status, 200);
  const relayed = await phone(0).request("BYE");
  assert.equal(relayed.headers.get("Reason"), "Q.850;cause=16");
  phone(0).respond(relayed, 200);
  const record = await recorded();
  assert.deepEqual([record.result, record.endedBy, record.from, record.to], ["answered", "caller", "1000", "4000"]);
});

test("a call is hung up by the callee", async () => {
  const { callee } = await establish();
  const bye = phone(0).say("BYE", callee);
  assert.equal((await phone(0).final(bye)).status, 200);
  alice.respond(await alice.request("BYE"), 200);
  assert.equal((await recorded()).endedBy, "callee");
});

test("the caller cancels while the phone rings", async () => {
  const invite = alice.invite("4000", { body: OFFER });
  const leg = await phone(0).request("INVITE");
  phone(0).respond(leg, 180);
  await alice.response(invite, 180);
  alice.follow(invite, "CANCEL");
  const cancel = await phone(0).request("CANCEL");
  phone(0).respond(cancel, 200);
  phone(0).respond(leg, 487);
  const final = await alice.response(invite, 487);
  alice.follow(invite, "ACK", final.headers.get("To"));
  assert.equal((await recorded()).result, "cancelled");
});

test("an answer that crosses the CANCEL is acknowledged and ended", async () => {
  const invite = alice.invite("4000", { body: OFFER });
  const leg = await phone(0).request("INVITE");
  phone(0).respond(leg, 180);
  await alice.response(invite, 180);
  alice.follow(invite, "CANCEL");
  phone(0).respond(await phone(0).request("CANCEL"), 200);
  phone(0).respond(leg, 200, { body: ANSWER });
  await phone(0).request("ACK");
  phone(0).respond(await phone(0).request("BYE"), 200);
  alice.follow(invite, "ACK", (await alice.response(invite, 487)).headers.get("To"));
});

test("busy and unknown reach the caller as such", async () => {
  for (const status of [486, 404]) {
    const invite = alice.invite("4000", { body: OFFER });
    phone(0).respond(await phone(0).request("INVITE"), status);
    const final = await alice.response(invite, status);
    alice.follow(invite, "ACK", final.headers.get("To"));
    await phone(0).request("ACK");
  }
});

test("a phone that nobody picks up is cancelled and the caller gets 480", async () => {
  route = () => next(plan([step(at("127.16.12.1", { ringTimeoutMs: 150 }))]));
  const invite = alice.invite("4000", { body: OFFER });
  const leg = await phone(0).request("INVITE");
  phone(0).respond(leg, 180);
  phone(0).respond(await phone(0).request("CANCEL"), 200);
  phone(0).respond(leg, 487);
  const final = await alice.response(invite, 480);
  assert.match(final.headers.get("Reason") ?? "", /cause=19/);
  alice.follow(invite, "ACK", final.headers.get("To"));
});

test("three phones ring, the first to answer has the call, the others are cancelled", async () => {
  route = () => next(plan([step(at("127.16.12.1"), at("127.16.12.2"), at("127.16.12.3"))]));
  const invite = alice.invite("4000", { body: OFFER });
  const legs = await Promise.all(phones.map((peer) => peer.request("INVITE")));
  for (const [index, leg] of legs.entries()) {
    phone(index).respond(leg, 180);
  }
  await alice.response(invite, 180);
  const [first, winner, third] = legs;
  assert.ok(first && winner && third);
  phone(1).respond(winner, 200, { body: ANSWER });
  const answer = await alice.response(invite, 200);
  for (const [index, leg] of [
    [0, first],
    [2, third],
  ] as const) {
    const cancel = await phone(index).request("CANCEL");
    assert.equal(cancel.headers.get("Reason"), 'SIP;cause=200;text="Call completed elsewhere"');
    phone(index).respond(cancel, 200);
    phone(index).respond(leg, 487);
    await phone(index).request("ACK");
  }
  await phone(1).request("ACK");
  const dialog = callerDialog(invite, answer);
  alice.say("ACK", dialog);
  alice.say("BYE", dialog);
  phone(1).respond(await phone(1).request("BYE"), 200);
  assert.equal((await recorded()).target, "phone:127.16.12.2");
});

test("603 of one phone ends the ringing of all", async () => {
  route = () => next(plan([step(at("127.16.12.1"), at("127.16.12.2"))]));
  const invite = alice.invite("4000", { body: OFFER });
  const [first, second] = [await phone(0).request("INVITE"), await phone(1).request("INVITE")];
  phone(0).respond(first, 180);
  await alice.response(invite, 180);
  phone(1).respond(second, 603);
  phone(0).respond(await phone(0).request("CANCEL"), 200);
  phone(0).respond(first, 487);
  alice.follow(invite, "ACK", (await alice.response(invite, 603)).headers.get("To"));
});

test("a dead target is passed over", async () => {
  const dead = at("127.16.12.99", { firstResponseTimeoutMs: 150 });
  route = () => next(plan([step(dead), step(at("127.16.12.1"))]));
  const invite = alice.invite("4000", { body: OFFER });
  phone(0).respond(await phone(0).request("INVITE"), 486);
  alice.follow(invite, "ACK", (await alice.response(invite, 486)).headers.get("To"));
});

test("hold and resume: a re-INVITE of either side gets the SDP of the other", async () => {
  const { caller, callee } = await establish();
  const hold = alice.say("INVITE", caller, { headers: { Contact: alice.contact }, body: HOLD });
  const relayed = await phone(0).request("INVITE");
  assert.equal(relayed.body, HOLD);
  phone(0).respond(relayed, 200, { body: HELD });
  assert.equal((await alice.response(hold, 200)).body, HELD);
  alice.say("ACK", caller);
  await phone(0).request("ACK");

  const resume = phone(0).say("INVITE", callee, { headers: { Contact: phone(0).contact }, body: ANSWER });
  const back = await alice.request("INVITE");
  assert.equal(back.body, ANSWER);
  alice.respond(back, 200, { body: OFFER });
  assert.equal((await phone(0).response(resume, 200)).body, OFFER);
  phone(0).say("ACK", callee);
  await alice.request("ACK");

  const refused = alice.say("INVITE", caller, { headers: { Contact: alice.contact }, body: HOLD });
  phone(0).respond(await phone(0).request("INVITE"), 488);
  const final = await alice.final(refused);
  assert.equal(final.status, 488);
  alice.follow(refused, "ACK", final.headers.get("To"));
  await phone(0).request("ACK");
  alice.say("BYE", caller);
  phone(0).respond(await phone(0).request("BYE"), 200);
});

test("INFO of either side reaches the other and its answer comes back", async () => {
  const { caller, callee } = await establish();
  const type = { "Content-Type": "application/dtmf-relay" };
  const info = alice.say("INFO", caller, { headers: type, body: "Signal=5\r\n" });
  const relayed = await phone(0).request("INFO");
  assert.deepEqual([relayed.body, relayed.headers.get("Content-Type")], ["Signal=5\r\n", "application/dtmf-relay"]);
  phone(0).respond(relayed, 200);
  assert.equal((await alice.final(info)).status, 200);
  const back = phone(0).say("INFO", callee, { headers: type, body: "Signal=6\r\n" });
  const other = await alice.request("INFO");
  assert.equal(other.body, "Signal=6\r\n");
  alice.respond(other, 415);
  assert.equal((await phone(0).final(back)).status, 415);
  for (const method of ["MESSAGE", "UPDATE", "OPTIONS"]) {
    const request = alice.say(method, caller, { headers: { Contact: alice.contact } });
    phone(0).respond(await phone(0).request(method), 200);
    assert.equal((await alice.final(request)).status, 200, method);
  }
  const refer = alice.say("REFER", caller, { headers: { "Refer-To": "<sip:1001@hk>", Contact: alice.contact } });
  assert.equal((await alice.final(refer)).status, 501);
  alice.say("BYE", caller);
  phone(0).respond(await phone(0).request("BYE"), 200);
});

test("a delayed offer passes: offer in the 200, answer in the ACK, and again in a re-INVITE", async () => {
  const invite = alice.invite("4000");
  const leg = await phone(0).request("INVITE");
  assert.equal(leg.body, "");
  phone(0).respond(leg, 200, { body: OFFER });
  const answer = await alice.response(invite, 200);
  assert.equal(answer.body, OFFER);
  const caller = callerDialog(invite, answer);
  alice.say("ACK", caller, { body: ANSWER });
  assert.equal((await phone(0).request("ACK")).body, ANSWER);

  const again = alice.say("INVITE", caller, { headers: { Contact: alice.contact } });
  const relayed = await phone(0).request("INVITE");
  phone(0).respond(relayed, 200, { body: OFFER });
  assert.equal((await alice.response(again, 200)).body, OFFER);
  alice.say("ACK", caller, { body: ANSWER });
  assert.equal((await phone(0).request("ACK")).body, ANSWER);
  alice.say("BYE", caller);
  phone(0).respond(await phone(0).request("BYE"), 200);
});

test("digest on both sides: the caller is challenged by us, and we are by the target", async () => {
  const guard = createDigestGuard({ realm: "hk", log: silentLog(), status: 407 });
  const credentials = { realm: "acme", username: "hk", secret: "trunk" };
  route = async (call) => {
    const outcome = await guard.check(call, (username) => (username === "1000" ? "s3cret" : undefined));
    if (outcome.kind === "challenge") {
      return { kind: "reply", status: outcome.status, headers: outcome.headers };
    }
    return outcome.kind === "authenticated"
      ? next(plan([step(at("127.16.12.1", { credentials }))]))
      : { kind: "reply", status: outcome.status };
  };
  const first = alice.invite("4000", { body: OFFER });
  const challenge = await alice.response(first, 407);
  assert.equal(challenge.headers.all("Proxy-Authenticate").length, 2);
  alice.follow(first, "ACK", challenge.headers.get("To"));
  const header = answerChallenge(challenge, first, { username: "1000", password: "s3cret" });
  assert.ok(header);
  const signed = { headers: { [header.name]: header.value }, body: OFFER };
  const second = alice.invite("4000", signed);
  const unsigned = await phone(0).request("INVITE");
  phone(0).respond(unsigned, 401, {
    headers: { "WWW-Authenticate": 'Digest realm="acme", nonce="n", qop="auth", algorithm=SHA-256' },
  });
  const leg = await phone(0).request("INVITE");
  assert.match(leg.headers.get("Authorization") ?? "", /username="hk".*algorithm=SHA-256/);
  assert.equal(leg.headers.get("Call-ID"), unsigned.headers.get("Call-ID"));
  phone(0).respond(leg, 486);
  alice.follow(second, "ACK", (await alice.response(second, 486)).headers.get("To"));

  const replay = alice.invite("4000", signed);
  const refused = await alice.final(replay);
  assert.equal(refused.status, 407);
  assert.match(refused.headers.get("Proxy-Authenticate") ?? "", /stale=true/);
  alice.follow(replay, "ACK", refused.headers.get("To"));
  assert.equal(phone(0).unread.includes("INVITE"), false);
});

test("a caller that never acknowledges is ended, and the callee with it", async () => {
  const invite = alice.invite("4000", { body: OFFER });
  const leg = await phone(0).request("INVITE");
  phone(0).respond(leg, 200, { body: ANSWER });
  await alice.response(invite, 200);
  await phone(0).request("ACK");
  const record = recorded();
  alice.respond(await alice.request("BYE"), 200); // after 64 · T1
  phone(0).respond(await phone(0).request("BYE"), 200);
  assert.equal((await record).endedBy, "system");
});

function left(): number {
  return control.activeCalls().length + engine.stats().dialogs + engine.stats().openRequests;
}

test("when all is over, the engine and the node hold nothing", async () => {
  for (const deadline = performance.now() + 2_000; left() > 0 && performance.now() < deadline;) {
    await setImmediate(); // the last answers are on their way
  }
  assert.equal(left(), 0);
});

test("a request within a dialog that nobody knows is refused", async () => {
  const dialog = {
    uri: "sip:4000@127.16.10.1",
    from: "<sip:1000@x>;tag=a",
    to: "<sip:4000@x>;tag=guess",
    callId: "guess",
  };
  for (const method of ["INVITE", "INFO", "BYE", "UPDATE", "REFER"]) {
    const request = alice.say(method, dialog, { headers: { Contact: alice.contact } });
    const final = await alice.final(request);
    assert.equal(final.status, 481, method);
    if (method === "INVITE") {
      alice.follow(request, "ACK", final.headers.get("To"));
    }
  }
});

/** The first phone answers that many requests of a method with 200. */
async function answerAll(method: string, count: number, body = ""): Promise<void> {
  for (let call = 0; call < count; call += 1) {
    phone(0).respond(await phone(0).request(method), 200, { body });
  }
}

test("200 calls at once: each is answered and ended, none is lost", async () => {
  const answered = Array.from({ length: 200 }, async () => {
    const invite = alice.invite("4000", { body: OFFER });
    const answer = await alice.response(invite, 200);
    const dialog = callerDialog(invite, answer);
    alice.say("ACK", dialog);
    const bye = alice.say("BYE", dialog);
    return (await alice.final(bye)).status;
  });
  const [statuses] = await Promise.all([
    Promise.all(answered),
    answerAll("INVITE", 200, ANSWER),
    answerAll("BYE", 200),
  ]);
  assert.ok(statuses.every((status) => status === 200));
  assert.equal(records.filter(({ result }) => result === "answered").length, 200);
});
