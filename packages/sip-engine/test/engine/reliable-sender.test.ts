import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createRequest, createResponse } from "@mss/sip-message";
import type { SipResponse } from "@mss/sip-message";
import { ReliableSender } from "../../src/engine/reliable-sender.ts";

const REQUEST = createRequest({ method: "INVITE", uri: "sip:a", headers: [] });
const RINGING = createResponse(REQUEST, 180);
const PROGRESS = createResponse(REQUEST, 183);

function setUp(context: TestContext): { sender: ReliableSender; sent: number[]; givenUp: () => number } {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const sent: number[] = [];
  let givenUp = 0;
  const transaction = {
    canRespond: true,
    respond(response: SipResponse) {
      sent.push(response.status);
    },
  };
  const sender = new ReliableSender(transaction, {
    t1Ms: 500,
    onGivenUp() {
      givenUp += 1;
    },
  });
  return { sender, sent, givenUp: () => givenUp };
}

test("repeated with doubling intervals until PRACK", (context) => {
  const { sender, sent } = setUp(context);
  const sequence = sender.takeSequence();
  sender.send(sequence, RINGING);
  context.mock.timers.tick(500);
  context.mock.timers.tick(1_000);
  assert.deepEqual(sent, [180, 180, 180]);
  assert.equal(sender.acknowledge(sequence + 1), false);
  assert.equal(sender.acknowledge(sequence), true);
  context.mock.timers.tick(60_000);
  assert.deepEqual(sent, [180, 180, 180]);
  assert.equal(sender.acknowledge(sequence), true, "a PRACK that comes again is for something of ours");
});

test("the next one waits for the PRACK of the one before, and has the next RSeq", (context) => {
  const { sender, sent } = setUp(context);
  const first = sender.takeSequence();
  const second = sender.takeSequence();
  assert.equal(second, first + 1);
  sender.send(first, RINGING);
  sender.send(second, PROGRESS);
  assert.deepEqual(sent, [180]);
  sender.acknowledge(first);
  assert.deepEqual(sent, [180, 183]);
});

test("without PRACK for 64*T1 it is given up, then and once", (context) => {
  const { sender, givenUp } = setUp(context);
  sender.send(sender.takeSequence(), RINGING);
  for (let elapsed = 0; elapsed < 31_500; elapsed += 500) {
    context.mock.timers.tick(500);
  }
  assert.equal(givenUp(), 0);
  context.mock.timers.tick(500);
  assert.equal(givenUp(), 1);
  context.mock.timers.tick(64_000);
  assert.equal(givenUp(), 1);
});

test("after the final answer nothing is repeated", (context) => {
  const { sender, sent } = setUp(context);
  const sequence = sender.takeSequence();
  sender.send(sequence, RINGING);
  sender.stop();
  context.mock.timers.tick(60_000);
  assert.deepEqual(sent, [180]);
  assert.equal(sender.acknowledge(sequence), true);
});
