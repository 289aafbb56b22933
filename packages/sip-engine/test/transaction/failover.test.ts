import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { topVia } from "@mss/sip-message";
import type { Target } from "../../src/transport/types.ts";
import { CALLEE, CALLER, NOBODY, createPair, parsed, sentBy } from "./support.ts";
import type { Pair } from "./support.ts";

const NAME = "sip.acme.test";
const TARGET: Target = { transport: "udp", host: NAME, port: 5060, anyPort: true };

async function createNamed(t: TestContext, ...places: readonly Target[]): Promise<Pair> {
  const pair = await createPair(t);
  pair.callerTransport.setPlaces(NAME, places);
  return pair;
}

function branchesOf(pair: Pair): readonly (string | undefined)[] {
  const requests = pair.network.packets.map(({ text }) => parsed(text)).filter(({ kind }) => kind === "request");
  return requests.map((request) =>
    request.kind === "request" ? topVia(request)?.parameters.get("branch") : undefined,
  );
}

for (const method of ["INVITE", "OPTIONS"]) {
  test(`${method}: a place that is silent for 64*T1 is followed by the next, with a new branch`, async (t) => {
    const pair = await createNamed(t, NOBODY, CALLEE);
    const transaction = pair.caller.request({ method, to: TARGET });
    await pair.advance(32_500);
    const { transaction: received } = await pair.callee.next("request");
    pair.callee.respond(received, 200);
    await pair.settle();
    assert.equal(pair.caller.all("response").at(-1)?.response.status, 200);
    const branches = new Set(branchesOf(pair));
    assert.deepEqual([...branches], [transaction.id, `${transaction.id}.2`]);
    assert.equal(topVia(transaction.request)?.parameters.get("branch"), `${transaction.id}.2`);
    assert.deepEqual(
      pair.callerTransport.distrusted.map(({ host }) => host),
      [NOBODY.host],
    );
    await pair.advance(40_000);
    assert.equal(pair.caller.all("failure").length, 0);
    assert.equal(pair.caller.all("terminated").length, 1);
    assert.deepEqual(pair.caller.transactions.counts.client, 0);
  });
}

test("503 is followed by the next place, and acknowledged; the user sees the answer of the last", async (t) => {
  const pair = await createNamed(t, CALLEE, { ...CALLEE, port: 5060 });
  pair.caller.request({ method: "INVITE", to: TARGET });
  await pair.settle();
  const first = await pair.callee.next("request");
  pair.callee.respond(first.transaction, 503, { headers: [{ name: "Retry-After", value: "120" }] });
  await pair.settle();
  const second = await pair.callee.next("request");
  assert.notEqual(second.transaction.id, first.transaction.id);
  assert.ok(sentBy(pair.network, CALLER).includes("ACK"));
  pair.callee.respond(second.transaction, 503);
  await pair.settle();
  const statuses = pair.caller.all("response").map(({ response }) => response.status);
  assert.deepEqual(statuses, [100, 100, 503], "of the first 503 nothing is seen");
});

test("busy is an answer: no other place is tried", async (t) => {
  const pair = await createNamed(t, CALLEE, NOBODY);
  pair.caller.request({ method: "INVITE", to: TARGET });
  await pair.settle();
  pair.callee.respond((await pair.callee.next("request")).transaction, 486);
  await pair.advance(70_000);
  assert.ok(pair.network.packets.every(({ to }) => to.host !== NOBODY.host));
  assert.equal(pair.caller.all("response").at(-1)?.response.status, 486);
});

test("a place that has rung is not left for another one", async (t) => {
  const pair = await createNamed(t, CALLEE, NOBODY);
  pair.caller.request({ method: "INVITE", to: TARGET });
  await pair.settle();
  const { transaction } = await pair.callee.next("request");
  pair.callee.respond(transaction, 180);
  pair.callee.respond(transaction, 503);
  await pair.settle();
  assert.equal(pair.caller.all("response").at(-1)?.response.status, 503);
  assert.ok(pair.network.packets.every(({ to }) => to.host !== NOBODY.host));
});

test("what cannot be sent goes to the next place at once; when none takes it, that is one failure", async (t) => {
  const pair = await createNamed(t, { ...CALLEE, transport: "tcp" }, { ...NOBODY, transport: "tcp" }, CALLEE);
  pair.caller.request({ method: "OPTIONS", to: TARGET });
  await pair.settle();
  pair.callee.respond((await pair.callee.next("request")).transaction, 200);
  await pair.settle();
  assert.equal((await pair.caller.next("response")).response.status, 200);
  pair.callerTransport.setBroken(true);
  pair.caller.request({ method: "OPTIONS", to: TARGET });
  await pair.settle();
  assert.equal((await pair.caller.next("failure")).failure, "transport");
  assert.equal(pair.caller.all("failure").length, 1);
});

test("CANCEL goes to where the INVITE is", async (t) => {
  const pair = await createNamed(t, NOBODY, CALLEE);
  const transaction = pair.caller.request({ method: "INVITE", to: TARGET });
  await pair.advance(32_500);
  const { transaction: invite } = await pair.callee.next("request");
  pair.callee.respond(invite, 180);
  await pair.settle();
  transaction.cancel();
  await pair.settle();
  const { invite: cancelled, cancel } = await pair.callee.next("cancel");
  assert.equal(cancelled.id, invite.id);
  assert.equal(topVia(cancel)?.parameters.get("branch"), `${transaction.id}.2`);
});

test("a request that its user has cancelled tries no other place", async (t) => {
  const pair = await createNamed(t, NOBODY, CALLEE);
  const transaction = pair.caller.request({ method: "INVITE", to: TARGET });
  transaction.cancel(); // while it is being looked up
  await pair.advance(40_000);
  assert.equal((await pair.caller.next("failure")).failure, "timeout");
  assert.ok(pair.network.packets.every(({ to }) => to.host === NOBODY.host));
});

test("the end of the layer ends a request wherever it is, once", async (t) => {
  const pair = await createNamed(t, NOBODY, CALLEE);
  pair.caller.request({ method: "INVITE", to: TARGET });
  await pair.settle();
  pair.caller.request({ method: "OPTIONS", to: TARGET }); // still looked up
  await pair.stop();
  await pair.settle();
  assert.equal(pair.caller.all("failure").length, 2);
  assert.equal(pair.caller.all("terminated").length, 2);
  assert.deepEqual(pair.caller.transactions.counts.client, 0);
});
