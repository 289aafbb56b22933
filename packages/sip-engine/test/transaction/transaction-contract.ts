import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { SipResponse } from "@mss/sip-message";
import type { TestAgent } from "../../src/testing/index.ts";
import { createTestAgent } from "../../src/testing/index.ts";
import type { TransportLayer } from "../../src/transport/types.ts";

/** T1 of 20 ms: real sockets need no more, and a run over UDP ends soon. */
const TIMERS = { t1Ms: 20, t2Ms: 80, t4Ms: 100, timerCMs: 5_000 };

/** The next response that is none of the repetitions which a busy machine causes: the request came again after T1. */
async function nextNew(caller: TestAgent, before: number): Promise<SipResponse> {
  for (;;) {
    const { response } = await caller.next("response");
    if (response.status !== before) {
      return response;
    }
  }
}

/**
 * What a pair of transaction layers does for its users, whatever carries the messages. `createTransport` gives a
 * transport layer that is not started, at a new address, which can reach the others of the same run.
 */
export function transactionContract(name: string, createTransport: () => TransportLayer): void {
  async function createAgents(t: TestContext): Promise<readonly [TestAgent, TestAgent]> {
    const caller = createTestAgent({ transport: createTransport(), user: "caller", timers: TIMERS });
    const callee = createTestAgent({ transport: createTransport(), user: "callee", timers: TIMERS });
    await Promise.all([caller.start(), callee.start()]);
    t.after(() => Promise.all([caller.stop(), callee.stop()]));
    return [caller, callee];
  }

  test(`${name}: call, ring, answer, ACK, BYE`, async (t) => {
    const [caller, callee] = await createAgents(t);
    const invite = caller.request({ method: "INVITE", to: callee.address, body: "v=0\r\n" });
    const { transaction } = await callee.next("request");
    assert.equal(transaction.request.body, "v=0\r\n");
    assert.equal((await caller.next("response")).response.status, 100);
    callee.respond(transaction, 180);
    assert.equal((await nextNew(caller, 100)).status, 180);
    callee.respond(transaction, 200, { body: "v=0\r\n" });
    const response = await nextNew(caller, 180);
    assert.equal(response.status, 200);
    assert.equal(response.body, "v=0\r\n");
    caller.ack(invite.request, response, callee.address);
    const { ack } = await callee.next("ack");
    assert.notEqual(ack.headers.get("via"), invite.request.headers.get("via"));
    caller.request({ method: "BYE", to: callee.address, toTag: "t", sequence: 2 });
    callee.respond((await callee.next("request")).transaction, 200);
    assert.equal((await caller.next("response")).response.status, 200);
  });

  test(`${name}: busy ends the call on both sides, the ACK within the transaction`, async (t) => {
    const [caller, callee] = await createAgents(t);
    caller.request({ method: "INVITE", to: callee.address });
    callee.respond((await callee.next("request")).transaction, 486);
    await caller.next("response");
    assert.equal((await nextNew(caller, 100)).status, 486);
    await caller.next("terminated");
    assert.deepEqual(callee.all("ack"), []);
    assert.equal(caller.transactions.counts.client, 0);
  });

  test(`${name}: CANCEL while ringing`, async (t) => {
    const [caller, callee] = await createAgents(t);
    const invite = caller.request({ method: "INVITE", to: callee.address });
    invite.cancel();
    await callee.next("request");
    const { invite: cancelled } = await callee.next("cancel");
    callee.respond(cancelled, 487);
    await caller.next("response");
    assert.equal((await nextNew(caller, 100)).status, 487);
    await caller.next("terminated");
  });

  test(`${name}: 50 requests at once each get their own answer`, async (t) => {
    const [caller, callee] = await createAgents(t);
    const callIds = Array.from({ length: 50 }, (_, index) => `${index}@contract`);
    for (const callId of callIds) {
      caller.request({ method: "OPTIONS", to: callee.address, callId });
    }
    for (const _ of callIds) {
      const { transaction } = await callee.next("request");
      callee.respond(transaction, 200);
    }
    for (const _ of callIds) {
      const { response, request } = await caller.next("response");
      assert.equal(response.headers.get("call-id"), request.headers.get("call-id"));
    }
  });

  test(`${name}: nobody there is a timeout or a transport failure, told once`, async (t) => {
    const [caller, callee] = await createAgents(t);
    const gone = callee.address;
    await callee.stop();
    caller.request({ method: "INVITE", to: gone });
    const { failure } = await caller.next("failure");
    assert.ok(failure === "timeout" || failure === "transport");
    await caller.next("terminated");
    assert.equal(caller.all("failure").length, 1);
  });
}
