import assert from "node:assert/strict";
import { test } from "node:test";
import { CALLEE, CALLER, NOBODY, createPair, sentBy, statusesOf } from "./support.ts";

test("timer E repeats at 0.5, 1.5, 3.5, 7.5 s and then every 4 s; timer F ends at 32 s", async (t) => {
  const { caller, network, advance } = await createPair(t);
  caller.request({ method: "OPTIONS", to: NOBODY });
  const sent: number[] = [];
  for (let seconds = 0; seconds <= 32; seconds += 0.5) {
    sent.push(network.packets.length);
    await advance(500);
  }
  const at = Array.from({ length: 11 }, (_, index) => sent.indexOf(index + 1) / 2);
  assert.deepEqual(at, [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]);
  assert.equal((await caller.next("failure")).failure, "timeout");
  assert.equal(caller.transactions.counts.client, 0);
});

test("after a provisional response timer E goes on at T2", async (t) => {
  const { caller, callee, network, advance } = await createPair(t);
  caller.request({ method: "OPTIONS", to: CALLEE });
  callee.respond((await callee.next("request")).transaction, 100);
  await advance(500);
  assert.equal(sentBy(network, CALLER).length, 2, "the timer that ran fires once");
  await advance(3_500);
  assert.equal(sentBy(network, CALLER).length, 2);
  await advance(500);
  assert.equal(sentBy(network, CALLER).length, 3);
  assert.equal(callee.all("request").length, 1);
  assert.ok(sentBy(network, CALLEE).length >= 3, "each repetition got the last provisional response");
});

test("a request whose answer is lost is answered again from the transaction", async (t) => {
  const { caller, callee, network, advance } = await createPair(t);
  let lost = 0;
  network.setFate(({ text }) => (text.startsWith("SIP/2.0 200") && (lost += 1) < 3 ? [] : [0]));
  caller.request({ method: "MESSAGE", to: CALLEE, body: "hello" });
  const { transaction } = await callee.next("request");
  assert.equal(transaction.request.body, "hello");
  callee.respond(transaction, 200);
  assert.equal(transaction.canRespond, false);
  callee.respond(transaction, 500);
  await advance(2_000);
  assert.deepEqual(statusesOf(caller), [200]);
  assert.equal(callee.all("request").length, 1);
  assert.deepEqual(sentBy(network, CALLEE), ["200 MESSAGE", "200 MESSAGE", "200 MESSAGE"]);
});

test("timers K and J end the two sides after 5 and 32 s", async (t) => {
  const { caller, callee, advance } = await createPair(t);
  caller.request({ method: "OPTIONS", to: CALLEE });
  callee.respond((await callee.next("request")).transaction, 200);
  await advance(4_500);
  assert.equal(caller.transactions.counts.client, 1);
  await advance(1_000);
  assert.equal(caller.transactions.counts.client, 0);
  assert.equal(callee.transactions.counts.server, 1);
  await advance(27_000);
  assert.equal(callee.transactions.counts.server, 0);
});

test("a duplicated final response is passed up once", async (t) => {
  const { caller, callee, network, settle } = await createPair(t);
  network.setFate(() => [0, 0, 0]);
  caller.request({ method: "OPTIONS", to: CALLEE });
  callee.respond((await callee.next("request")).transaction, 200);
  await settle();
  assert.deepEqual(statusesOf(caller), [200]);
  assert.equal(callee.all("request").length, 1);
});

test("a request that the user never answers ends in silence after 64*T1 and T4 (RFC 4320)", async (t) => {
  const { caller, callee, network, advance } = await createPair(t);
  caller.request({ method: "OPTIONS", to: CALLEE });
  const { transaction } = await callee.next("request");
  await advance(36_500);
  assert.equal(transaction.canRespond, true);
  await advance(1_000);
  assert.equal((await callee.next("serverFailure")).failure, "timeout");
  assert.equal(transaction.canRespond, false);
  assert.deepEqual(sentBy(network, CALLEE), []);
  assert.equal(callee.transactions.counts.server, 0);
});

test("a response that cannot be sent is told, and sent when the request is repeated", async (t) => {
  const { caller, callee, calleeTransport, settle, advance } = await createPair(t);
  caller.request({ method: "OPTIONS", to: CALLEE });
  const { transaction } = await callee.next("request");
  calleeTransport.setBroken(true);
  callee.respond(transaction, 200);
  await settle();
  assert.equal((await callee.next("serverFailure")).failure, "transport");
  calleeTransport.setBroken(false);
  await advance(500);
  assert.deepEqual(statusesOf(caller), [200]);
  assert.equal(callee.all("request").length, 1);
});

test("over TCP both sides end with the final response", async (t) => {
  const { caller, callee, settle } = await createPair(t, { transport: "tcp" });
  caller.request({ method: "OPTIONS", to: { ...CALLEE, transport: "tcp" } });
  callee.respond((await callee.next("request")).transaction, 200);
  await settle();
  assert.deepEqual(statusesOf(caller), [200]);
  assert.equal(caller.transactions.counts.client + callee.transactions.counts.server, 0);
});
