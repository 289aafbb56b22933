import assert from "node:assert/strict";
import { test } from "node:test";
import { branchOf, serializeMessage, topVia } from "@mss/sip-message";
import type { SipResponse } from "@mss/sip-message";
import { CALLEE, CALLER, NOBODY, createPair, parsed, sentBy, statusesOf } from "./support.ts";

test("timer A repeats an INVITE at 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s, timer B ends it at 32 s", async (t) => {
  const { caller, network, advance } = await createPair(t);
  caller.request({ method: "INVITE", to: NOBODY });
  const sent: number[] = [];
  for (let seconds = 0; seconds <= 32; seconds += 0.5) {
    sent.push(network.packets.length);
    await advance(500);
  }
  const at = [1, 2, 3, 4, 5, 6, 7].map((count) => sent.indexOf(count) / 2);
  assert.deepEqual(at, [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]);
  assert.deepEqual(
    caller.events.map(({ kind }) => kind),
    ["failure", "terminated"],
  );
  assert.equal((await caller.next("failure")).failure, "timeout");
  assert.equal(caller.transactions.counts.client, 0);
});

test("all repetitions of a request are the same bytes with one branch", async (t) => {
  const { caller, network, advance } = await createPair(t);
  caller.request({ method: "INVITE", to: NOBODY });
  await advance(4_000);
  assert.equal(new Set(network.packets.map(({ text }) => text)).size, 1);
});

test("a provisional response stops timer A; timer C then sends CANCEL and gives up 64*T1 later", async (t) => {
  const { caller, callee, network, advance } = await createPair(t, { timers: { timerCMs: 60_000 } });
  caller.request({ method: "INVITE", to: CALLEE });
  callee.respond((await callee.next("request")).transaction, 180);
  await advance(59_000);
  assert.deepEqual(sentBy(network, CALLER), ["INVITE"]);
  await advance(1_500);
  assert.deepEqual(sentBy(network, CALLER), ["INVITE", "CANCEL"]);
  assert.equal(callee.all("cancel").length, 1);
  await advance(32_000);
  assert.equal((await caller.next("failure")).failure, "timeout");
  assert.equal(caller.transactions.counts.client, 0);
});

test("timer C starts again with each provisional response but 100", async (t) => {
  const { caller, callee, network, advance } = await createPair(t, { timers: { timerCMs: 60_000 } });
  caller.request({ method: "INVITE", to: CALLEE });
  const { transaction } = await callee.next("request");
  await advance(50_000);
  callee.respond(transaction, 183);
  await advance(59_000);
  assert.deepEqual(sentBy(network, CALLER), ["INVITE"]);
  callee.respond(transaction, 100);
  await advance(1_500);
  assert.deepEqual(sentBy(network, CALLER), ["INVITE", "CANCEL"]);
});

test("each 2xx is passed up until timer M, then it is a stray", async (t) => {
  const { caller, callee, advance, settle } = await createPair(t);
  caller.request({ method: "INVITE", to: CALLEE });
  const { transaction } = await callee.next("request");
  const success = callee.respond(transaction, 200);
  await settle();
  callee.transactions.resend(transaction, success);
  await settle();
  assert.deepEqual(statusesOf(caller), [100, 200, 200]);
  await advance(31_500);
  assert.equal(caller.transactions.counts.client, 1);
  await advance(1_000);
  assert.equal(caller.transactions.counts.client, 0);
  assert.equal(caller.all("terminated").length, 1);
  callee.transactions.resend(transaction, success);
  await settle();
  assert.equal((await caller.next("straySuccess")).response.status, 200);
  assert.equal(caller.all("failure").length, 0);
});

test("a refusal is acknowledged on the same branch, each time it comes, and passed up once", async (t) => {
  const { caller, callee, network, advance } = await createPair(t);
  network.setFate(({ text }) => (text.startsWith("ACK") ? [] : [0]));
  const invite = caller.request({ method: "INVITE", to: CALLEE, headers: [{ name: "Route", value: "<sip:r@x;lr>" }] });
  const response = callee.respond((await callee.next("request")).transaction, 486);
  await advance(4_000);
  assert.deepEqual(statusesOf(caller), [100, 486]);
  const acks = network.packets.map(({ text }) => parsed(text)).filter((message) => message.kind === "request");
  const [, ack, ...others] = acks;
  assert.ok(ack?.kind === "request" && others.length >= 3);
  assert.equal(ack.method, "ACK");
  assert.equal(ack.uri, invite.request.uri);
  assert.deepEqual(ack.headers.all("via"), invite.request.headers.all("via"));
  assert.equal(ack.headers.get("to"), response.headers.get("to"));
  assert.equal(ack.headers.get("route"), "<sip:r@x;lr>");
  assert.equal(ack.headers.get("cseq"), "1 ACK");
  await advance(32_000);
  assert.deepEqual(caller.transactions.counts.client, 0);
});

test("a refused call leaves no transaction behind", async (t) => {
  const { caller, callee, advance } = await createPair(t);
  caller.request({ method: "INVITE", to: CALLEE });
  callee.respond((await callee.next("request")).transaction, 486);
  await advance(5_500);
  assert.equal(callee.transactions.counts.server, 0, "timer I");
  assert.equal(caller.transactions.counts.client, 1, "timer D");
  await advance(27_000);
  assert.equal(caller.transactions.counts.client, 0);
  assert.deepEqual(callee.all("ack"), [], "the ACK of a refusal ends in the transaction");
});

test("CANCEL waits for the first provisional response", async (t) => {
  const { caller, callee, network, advance } = await createPair(t);
  network.setFate(({ text }) => (text.startsWith("SIP/2.0 100") ? [] : [0]));
  const invite = caller.request({ method: "INVITE", to: CALLEE });
  invite.cancel([{ name: "Reason", value: 'SIP ;cause=200 ;text="Call completed elsewhere"' }]);
  await advance(3_000);
  assert.ok(!sentBy(network, CALLER).includes("CANCEL"));
  const { transaction } = await callee.next("request");
  callee.respond(transaction, 180);
  const { cancel } = await callee.next("cancel");
  assert.deepEqual(cancel.headers.get("reason"), 'SIP ;cause=200 ;text="Call completed elsewhere"');
  assert.equal(cancel.headers.get("cseq"), "1 CANCEL");
  assert.equal(cancel.headers.get("to"), invite.request.headers.get("to"));
  callee.respond(transaction, 487);
  await advance(500);
  assert.deepEqual(statusesOf(caller), [180, 487]);
  await advance(32_000);
  assert.deepEqual(caller.transactions.counts.client, 0);
  assert.deepEqual(callee.transactions.counts.server, 0);
});

test("CANCEL asked for twice is sent once, and after the final response not at all", async (t) => {
  const { caller, callee, network, settle } = await createPair(t);
  const invite = caller.request({ method: "INVITE", to: CALLEE });
  const { transaction } = await callee.next("request");
  await settle();
  invite.cancel();
  invite.cancel();
  await settle();
  callee.respond(transaction, 487);
  await settle();
  invite.cancel();
  await settle();
  assert.equal(sentBy(network, CALLER).filter((title) => title === "CANCEL").length, 1);
});

test("an INVITE that is called off before any answer goes out twice more, and waits for its answers", async (t) => {
  const { caller, network, advance } = await createPair(t);
  const invite = caller.request({ method: "INVITE", to: NOBODY });
  await advance(100);
  invite.cancel();
  await advance(31_000);
  assert.equal(network.packets.length, 3);
  assert.deepEqual(caller.all("failure"), []);
  await advance(2_000);
  assert.equal((await caller.next("failure")).failure, "timeout");
});

test("an INVITE that is called off when it was sent three times goes out no more: nobody is rung for a caller who has gone", async (t) => {
  const { caller, callee, network, advance } = await createPair(t);
  network.setFate(() => []);
  const invite = caller.request({ method: "INVITE", to: CALLEE });
  await advance(2_000);
  invite.cancel();
  network.setFate(() => [0]);
  await advance(29_000);
  assert.deepEqual(callee.all("request"), []);
});

test("a 200 that crosses the CANCEL is passed up", async (t) => {
  const { caller, callee, settle } = await createPair(t);
  const invite = caller.request({ method: "INVITE", to: CALLEE });
  const { transaction } = await callee.next("request");
  await settle();
  invite.cancel();
  callee.respond(transaction, 200);
  await settle();
  assert.deepEqual(statusesOf(caller), [100, 200]);
  assert.deepEqual(callee.all("cancel"), [], "the call was answered when the CANCEL came");
});

test("a peer that answers CANCEL but never the INVITE is given up 64*T1 after the CANCEL", async (t) => {
  const { caller, callee, advance } = await createPair(t);
  const invite = caller.request({ method: "INVITE", to: CALLEE });
  await callee.next("request");
  await advance(100_000, 5_000);
  invite.cancel();
  await advance(31_500);
  assert.deepEqual(caller.all("failure"), []);
  await advance(1_000);
  assert.equal((await caller.next("failure")).failure, "timeout");
});

test("responses that were forged without knowing branch and method reach nobody", async (t) => {
  const { caller, callee, calleeTransport, settle } = await createPair(t);
  const invite = caller.request({ method: "INVITE", to: CALLEE });
  const { transaction } = await callee.next("request");
  await settle();
  const answer = (change: (response: SipResponse) => SipResponse): Promise<unknown> => {
    const headers = transaction.request.headers.with("To", "<sip:x@y>;tag=z");
    const response: SipResponse = { kind: "response", status: 200, reason: "OK", headers, body: "" };
    return calleeTransport.send(serializeMessage(change(response)), CALLER);
  };
  const via = transaction.request.headers.get("via") ?? "";
  const branch = branchOf(topVia(invite.request) ?? { transport: "", host: "", parameters: new Map() }) ?? "";
  await answer((r) => ({ ...r, headers: r.headers.with("CSeq", "1 BYE") }));
  await answer((r) => ({ ...r, headers: r.headers.with("Via", via.replace(branch, `${branch}0`)) }));
  await answer((r) => ({ ...r, headers: r.headers.with("Via", via.replace(branch, "z9hG4bKother")) }));
  await answer((r) => ({ ...r, headers: r.headers.append("Via", via) }));
  await answer((r) => ({ ...r, headers: r.headers.with("Via", `${via}, SIP/2.0/UDP 10.0.0.1`) }));
  await settle();
  assert.deepEqual(statusesOf(caller), [100]);
  assert.equal(caller.all("straySuccess").length, 1, "only the one whose branch begins like ours");
});

test("a request that cannot be sent fails with transport, after the call has returned", async (t) => {
  const { caller, callerTransport, settle } = await createPair(t);
  callerTransport.setBroken(true);
  caller.request({ method: "INVITE", to: CALLEE });
  assert.deepEqual(caller.events, []);
  await settle();
  assert.equal((await caller.next("failure")).failure, "transport");
  assert.equal(caller.all("terminated").length, 1);
  assert.equal(caller.transactions.counts.client, 0);
});

test("a target that no listen address fits fails with transport, after the call has returned", async (t) => {
  const { caller, settle } = await createPair(t);
  caller.request({ method: "INVITE", to: { ...CALLEE, transport: "tcp" } });
  assert.deepEqual(caller.events, []);
  await settle();
  assert.equal((await caller.next("failure")).failure, "transport");
});

test("over TCP nothing is repeated and a refused INVITE leaves at once", async (t) => {
  const { caller, callee, network, advance } = await createPair(t, { transport: "tcp" });
  caller.request({ method: "INVITE", to: { ...NOBODY, transport: "tcp" } });
  await advance(31_000);
  assert.equal(network.packets.length, 1);
  await advance(1_500);
  assert.equal((await caller.next("failure")).failure, "timeout", "timer B runs all the same");
  caller.request({ method: "INVITE", to: { ...CALLEE, transport: "tcp" } });
  callee.respond((await callee.next("request")).transaction, 404);
  await advance(500);
  assert.deepEqual(caller.transactions.counts.client, 0);
  assert.deepEqual(callee.transactions.counts.server, 0);
});

test("a connection that is lost fails what waits for a first answer, and no call that rings", async (t) => {
  const { caller, callee, callerTransport, settle } = await createPair(t, { transport: "tcp" });
  const nobody = { ...NOBODY, transport: "tcp" } as const;
  caller.request({ method: "INVITE", to: nobody });
  caller.request({ method: "OPTIONS", to: nobody });
  caller.request({ method: "INVITE", to: { ...CALLEE, transport: "tcp" } });
  callee.respond((await callee.next("request")).transaction, 180);
  await settle();
  callerTransport.loseConnection(CALLEE);
  assert.deepEqual(caller.all("failure"), []);
  callerTransport.loseConnection(NOBODY);
  const failures = caller.all("failure").map(({ failure, request }) => `${request.method} ${failure}`);
  assert.deepEqual(failures, ["INVITE transport", "OPTIONS transport"]);
});

test("a stop fails what waits, once, and leaves no timer", async (t) => {
  const { caller, callee, advance } = await createPair(t);
  caller.request({ method: "INVITE", to: NOBODY });
  caller.request({ method: "INVITE", to: CALLEE });
  callee.respond((await callee.next("request")).transaction, 200);
  await advance(500);
  await caller.stop();
  await caller.stop();
  assert.equal(caller.all("failure").length, 1, "the answered call has its result");
  assert.equal(caller.all("terminated").length, 2);
  const count = caller.events.length;
  await advance(64_000, 4_000);
  assert.equal(caller.events.length, count);
});
