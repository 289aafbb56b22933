import assert from "node:assert/strict";
import { test } from "node:test";
import { createRequest, serializeMessage, topVia } from "@mss/sip-message";
import type { SipRequest } from "@mss/sip-message";
import { createTestAgent, createVirtualNetwork } from "../../src/testing/index.ts";
import { CALLEE, CALLER, createPair, parsed, sentBy, statusesOf, titleOf } from "./support.ts";

const ignore = (): void => undefined;

test("100 goes out at once, and a repeated INVITE gets the last provisional response", async (t) => {
  const { caller, callee, callerTransport, network, settle } = await createPair(t);
  const invite = caller.request({ method: "INVITE", to: CALLEE });
  const { transaction } = await callee.next("request");
  await settle();
  assert.deepEqual(sentBy(network, CALLEE), ["100 INVITE"]);
  const again = serializeMessage(invite.request);
  await callerTransport.send(again, CALLEE);
  callee.respond(transaction, 180);
  await settle();
  await callerTransport.send(again, CALLEE);
  await settle();
  assert.deepEqual(sentBy(network, CALLEE), ["100 INVITE", "180 INVITE", "100 INVITE", "180 INVITE"].toSorted());
  assert.equal(callee.all("request").length, 1);
});

test("timer G repeats a refusal at 0.5, 1.5, 3.5, 7.5 s and then every 4 s; timer H ends it at 32 s", async (t) => {
  const { caller, callee, network, advance } = await createPair(t);
  caller.request({ method: "INVITE", to: CALLEE });
  const { transaction } = await callee.next("request");
  network.setFate(() => []);
  callee.respond(transaction, 486);
  const sent: number[] = [];
  for (let seconds = 0; seconds <= 32; seconds += 0.5) {
    sent.push(sentBy(network, CALLEE).filter((title) => title === "486 INVITE").length);
    await advance(500);
  }
  const at = Array.from({ length: 11 }, (_, index) => sent.indexOf(index + 1) / 2);
  assert.deepEqual(at, [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]);
  assert.equal(callee.transactions.counts.server, 0);
});

test("the ACK stops timer G; repetitions are absorbed until timer I", async (t) => {
  const { caller, callee, network, advance } = await createPair(t);
  network.setFate(({ text }) => (text.startsWith("ACK") ? [0, 0, 200] : [0]));
  caller.request({ method: "INVITE", to: CALLEE });
  callee.respond((await callee.next("request")).transaction, 603);
  await advance(4_500);
  assert.deepEqual(sentBy(network, CALLEE), ["100 INVITE", "603 INVITE"]);
  assert.equal(callee.transactions.counts.server, 1);
  await advance(1_000);
  assert.equal(callee.transactions.counts.server, 0);
});

test("after a 2xx the transaction absorbs repeated INVITEs, passes ACKs up and ends with timer L", async (t) => {
  const { caller, callee, callerTransport, network, advance, settle } = await createPair(t);
  const invite = caller.request({ method: "INVITE", to: CALLEE });
  const { transaction } = await callee.next("request");
  const success = callee.respond(transaction, 200);
  await settle();
  await callerTransport.send(serializeMessage(invite.request), CALLEE);
  caller.ack(invite.request, success, CALLEE);
  const ackOnBranch = { ...invite.request, method: "ACK", headers: invite.request.headers.with("CSeq", "1 ACK") };
  await callerTransport.send(serializeMessage(ackOnBranch), CALLEE);
  await settle();
  assert.deepEqual(sentBy(network, CALLEE), ["100 INVITE", "200 INVITE"]);
  assert.equal(callee.all("ack").length, 2, "also one that a peer sends on the branch of the INVITE");
  assert.equal(callee.all("request").length, 1);
  callee.respond(transaction, 486);
  await settle();
  assert.equal(sentBy(network, CALLEE).length, 2, "a second final response stays here");
  await advance(32_500);
  assert.equal(callee.transactions.counts.server, 0);
});

test("the user sends a 2xx again with resend, until the ACK comes", async (t) => {
  const { caller, callee, network, settle } = await createPair(t);
  caller.request({ method: "INVITE", to: CALLEE });
  const { transaction } = await callee.next("request");
  network.setFate(() => []);
  const success = callee.respond(transaction, 200);
  network.setFate(() => [0]);
  callee.transactions.resend(transaction, success);
  await settle();
  assert.ok(statusesOf(caller).includes(200));
});

test("an INVITE without answer gets 408 and is told as timeout", async (t) => {
  const { caller, callee, network, advance } = await createPair(t, { timers: { timerCMs: 10_000 } });
  caller.request({ method: "INVITE", to: CALLEE });
  const { transaction } = await callee.next("request");
  await advance(41_500);
  assert.equal(transaction.canRespond, true);
  await advance(1_000);
  assert.equal(transaction.canRespond, false);
  assert.equal((await callee.next("serverFailure")).failure, "timeout");
  assert.ok(sentBy(network, CALLEE).includes("408 INVITE"));
});

test("a failed sending is told once and the transaction stays, since the peer may come back (RFC 6026)", async (t) => {
  const { caller, callee, calleeTransport, advance, settle } = await createPair(t);
  caller.request({ method: "INVITE", to: CALLEE });
  const { transaction } = await callee.next("request");
  await settle();
  calleeTransport.setBroken(true);
  callee.respond(transaction, 486);
  await advance(4_000);
  assert.equal(callee.all("serverFailure").length, 1);
  calleeTransport.setBroken(false);
  await advance(4_000);
  assert.deepEqual(statusesOf(caller), [100, 486]);
});

test("CANCEL gets 200 and is passed up; repeated, it is answered again and not passed up", async (t) => {
  const { caller, callee, callerTransport, network, settle } = await createPair(t);
  const invite = caller.request({ method: "INVITE", to: CALLEE });
  const { transaction } = await callee.next("request");
  await settle();
  invite.cancel();
  await settle();
  const cancel = network.packets.find(({ text }) => text.startsWith("CANCEL"));
  await callerTransport.send(cancel?.text ?? "", CALLEE);
  await settle();
  assert.equal(callee.all("cancel").length, 1);
  assert.equal((await callee.next("cancel")).invite, transaction);
  assert.equal(sentBy(network, CALLEE).filter((title) => title === "200 CANCEL").length, 2);
});

test("CANCEL of nothing gets 481; of an answered call 200, and nobody is told", async (t) => {
  const { caller, callee, network, settle } = await createPair(t);
  caller.request({ method: "CANCEL", to: CALLEE });
  await settle();
  assert.deepEqual(sentBy(network, CALLEE), ["481 CANCEL"]);
  assert.deepEqual(callee.events, []);
});

test("a CANCEL that does not come from the sent-by of the INVITE is not its CANCEL", async (t) => {
  const { caller, callee, callerTransport, network, settle } = await createPair(t);
  const invite = caller.request({ method: "INVITE", to: CALLEE });
  await callee.next("request");
  const via = (invite.request.headers.get("via") ?? "").replace("127.12.0.1:5060", "127.12.0.7:5060");
  const headers = invite.request.headers.with("Via", via).with("CSeq", "1 CANCEL");
  await callerTransport.send(serializeMessage({ ...invite.request, method: "CANCEL", headers }), CALLEE);
  await settle();
  assert.ok(sentBy(network, CALLEE).includes("481 CANCEL"));
  assert.deepEqual(callee.all("cancel"), []);
});

test("a user that throws costs its own request a 500 and nothing else", async (t) => {
  const { caller, callee, settle } = await createPair(t);
  await callee.stop();
  const network = createVirtualNetwork();
  const transport = network.createTransport([CALLEE]);
  const layer = createTestAgent({ transport }).transactions;
  await layer.start({
    onRequest: () => {
      throw new Error("a fault of the user");
    },
    onCancel: ignore,
    onAck: ignore,
    onStrayInviteSuccess: ignore,
    onServerFailure: ignore,
  });
  const peer = createTestAgent({ transport: network.createTransport([CALLER]) });
  await peer.start();
  peer.request({ method: "INVITE", to: CALLEE });
  peer.request({ method: "OPTIONS", to: CALLEE });
  await settle();
  assert.deepEqual(
    statusesOf(peer).toSorted((a, b) => a - b),
    [100, 500, 500],
  );
  await Promise.all([layer.stop(), peer.stop()]);
  assert.equal(caller.transactions.counts.client, 0);
});

test("beyond the limit a request gets 503 with Retry-After and leaves nothing; in a dialog there is some room", async (t) => {
  const { caller, callee, network, settle } = await createPair(t, { maxTransactions: 10 });
  for (let index = 0; index < 10; index += 1) {
    caller.request({ method: "OPTIONS", to: CALLEE });
  }
  await settle();
  assert.deepEqual(callee.transactions.counts.server, 10);
  const transport = network.createTransport([{ ...CALLER, host: "127.12.0.3" }]);
  const other = createTestAgent({ transport, maxTransactions: 20 });
  await other.start();
  other.request({ method: "INVITE", to: CALLEE });
  other.request({ method: "BYE", to: CALLEE, toTag: "known" });
  await settle();
  const { response } = await other.next("response");
  assert.equal(response.status, 503);
  assert.match(response.headers.get("retry-after") ?? "", /^([2-9]|10)$/);
  assert.equal(callee.transactions.counts.server, 11);
  assert.equal(callee.all("request").at(-1)?.transaction.request.method, "BYE");
  caller.request({ method: "OPTIONS", to: CALLEE });
  await settle();
  assert.equal((await caller.next("failure")).failure, "transport", "own requests have the same limit");
  await other.stop();
});

/** A request of a peer that knows only RFC 2543: no magic cookie. */
function oldRequest(method: string, toTag = "", sequence = 1): SipRequest {
  const fields = [
    { name: "Via", value: "SIP/2.0/UDP 127.12.0.1:5060" },
    { name: "From", value: "<sip:old@127.12.0.1>;tag=1" },
    { name: "To", value: `<sip:new@127.12.0.2>${toTag}` },
    { name: "Call-ID", value: "1@127.12.0.1" },
    { name: "CSeq", value: `${sequence} ${method}` },
    { name: "Contact", value: "<sip:old@127.12.0.1>" },
  ];
  return createRequest({ method, uri: "sip:new@127.12.0.2", headers: fields });
}

test("a peer of RFC 2543 has its repetitions, CANCEL and ACK matched without a branch", async (t) => {
  const { callee, caller, callerTransport, network, settle } = await createPair(t);
  await caller.stop();
  await callerTransport.start({ onMessage: () => undefined });
  const send = (request: SipRequest): Promise<unknown> => callerTransport.send(serializeMessage(request), CALLEE);
  await send(oldRequest("INVITE"));
  await send(oldRequest("INVITE"));
  await settle();
  assert.equal(callee.all("request").length, 1);
  await send(oldRequest("CANCEL"));
  const { invite } = await callee.next("cancel");
  callee.respond(invite, 487, { toTag: "ours" });
  await send(oldRequest("ACK", ";tag=ours"));
  await settle();
  assert.deepEqual(callee.all("ack"), []);
  assert.equal(callee.transactions.counts.server, 2, "confirmed INVITE, answered CANCEL");
  await send(oldRequest("INVITE", "", 2));
  await settle();
  assert.equal(callee.all("request").length, 2);
  assert.ok(sentBy(network, CALLEE).includes("487 INVITE"));
});

test("a request carries received and rport in its Via, and its answer goes back there", async (t) => {
  const { caller, callee, network, settle } = await createPair(t);
  caller.request({ method: "OPTIONS", to: CALLEE });
  const { transaction } = await callee.next("request");
  const via = topVia(transaction.request);
  assert.equal(via?.parameters.get("received"), "127.12.0.1");
  assert.equal(via?.parameters.get("rport"), "5060");
  callee.respond(transaction, 200);
  await settle();
  const answer = network.packets.at(-1);
  assert.equal(answer?.to.host, CALLER.host);
  assert.equal(titleOf(answer?.text ?? ""), "200 OPTIONS");
  assert.equal(parsed(answer?.text ?? "").headers.get("cseq"), "1 OPTIONS");
});
