import assert from "node:assert/strict";
import { test } from "node:test";
import { next } from "@mss/call-control";
import type { BridgePlan, IncomingRequest } from "@mss/call-control";
import { CallRates } from "../src/calls/call-rates.ts";
import { EngineNode, phoneTarget } from "./support/engine-node.ts";
import { ANSWER, OFFER, plan, step } from "./support/node-under-test.ts";

const HELP = "112";

/** Every number leads to the first phone. */
function planned(network: number, options: Partial<BridgePlan> = {}) {
  return () => next(plan([step(phoneTarget(network, 0))], options));
}

test("a bucket lets a burst through, then so many a second, and no more after a long rest", () => {
  let now = 0;
  const rates = new CallRates(() => now);
  const request = { key: "trunk:hk", perSecond: 2, burst: 3, exceeded: "TRUNK_RATE" } as const;
  const taken = (tries: number): number =>
    Array.from({ length: tries }, () => rates.take(request)).filter(Boolean).length;
  assert.equal(taken(10), 3);
  now = 1_000;
  assert.equal(taken(10), 2);
  now = 1_250;
  assert.equal(taken(10), 0);
  now = 3_600_000;
  assert.equal(taken(10), 3);
  assert.equal(rates.take({ ...request, key: "trunk:london" }), true, "each has its own");
});

test("calls that come too fast are refused: 503 for a trunk, 480 for an extension, both with Retry-After", async (t) => {
  for (const [network, exceeded, status] of [
    [201, "TRUNK_RATE", 503],
    [202, "EXTENSION_RATE", 480],
  ] as const) {
    const rates = [{ key: "who", perSecond: 1, burst: 1, exceeded }];
    const node = await EngineNode.start(t, network, planned(network, { rates }));
    const first = node.alice.invite("4000", { body: OFFER });
    const leg = await node.phone(0).request("INVITE");
    const refused = await node.alice.final(node.alice.invite("4000", { body: OFFER }));
    assert.equal(refused.status, status);
    assert.match(refused.headers.get("Retry-After") ?? "", /^\d+$/);
    assert.match(refused.headers.get("Reason") ?? "", /cause=42/);
    node.phone(0).respond(leg, 486);
    assert.equal((await node.alice.final(first)).status, 486);
  }
});

test("calls at once of an extension: its own call is 480, a call for it is busy, and a call that ends makes room", async (t) => {
  const network = 203;
  const lease = { key: "extension:1000", limit: 1 };
  const mine = plan([step(phoneTarget(network, 0))], { leases: [{ ...lease, full: "EXTENSION_FULL" }] });
  const forMe = plan([step(phoneTarget(network, 0, { lease: { ...lease, full: "TARGET_BUSY" } }))]);
  const node = await EngineNode.start(t, network, ({ called }) => next(called === "1000" ? forMe : mine));
  const { caller } = await node.establish();
  const statusOf = async (number: string): Promise<number> =>
    (await node.alice.final(node.alice.invite(number, { body: OFFER }))).status;
  assert.equal(await statusOf("4000"), 480);
  assert.equal(await statusOf("1000"), 486);
  await node.alice.response(node.alice.say("BYE", caller), 200);
  const again = node.alice.invite("1000", { body: OFFER });
  node.phone(0).respond(await node.phone(0).request("INVITE"), 480);
  assert.equal((await node.alice.final(again)).status, 480, "the phone was asked");
});

test("SEC-22, CH-25: above the high-water mark new calls are 503 at once; calls that are up and calls for help go on", async (t) => {
  const network = 204;
  const isEmergency = ({ called }: IncomingRequest): boolean => called === HELP;
  const node = await EngineNode.start(t, network, planned(network), { limits: { maxCallsInSetUp: 1 }, isEmergency });
  const { alice } = node;
  const bob = node.phone(0);
  const { caller } = await node.establish();
  const waiting = alice.invite("4000", { body: OFFER });
  const leg = await bob.request("INVITE");
  for (let flood = 0; flood < 20; flood += 1) {
    const refused = await alice.final(alice.invite("4000", { body: OFFER }));
    assert.equal(refused.status, 503);
    assert.match(refused.headers.get("Retry-After") ?? "", /^\d+$/);
  }
  assert.equal(node.control.callsShed, 20);
  const help = alice.invite(HELP, { body: OFFER });
  const helped = await bob.request("INVITE");
  bob.respond(helped, 200, { body: ANSWER });
  await bob.request("ACK");
  assert.equal((await alice.final(help)).status, 200);
  await alice.response(alice.say("BYE", caller), 200);
  bob.respond(leg, 180);
  await alice.response(waiting, 180);
  const another = alice.invite("4000", { body: OFFER });
  bob.respond(await bob.request("INVITE"), 486);
  assert.equal((await alice.final(another)).status, 486, "there is room again as soon as the phone rings");
  bob.respond(leg, 486);
  assert.equal((await alice.final(waiting)).status, 486);
});
