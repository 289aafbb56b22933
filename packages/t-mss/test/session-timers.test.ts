import assert from "node:assert/strict";
import { test } from "node:test";
import type { IncomingCall } from "@mss/call-control/testing";
import { fields, twoPhones } from "./support/phones.ts";

/* A phone that loses its power in a call: the other one hears BYE across the hub, and every node has its record. */

const LIMITS = { sessionSeconds: 6, minimumSessionSeconds: 2 };

test("a phone that was to refresh its session and is dead: BYE to the other one, three nodes away, with a record each", async (t) => {
  const { federation, alice, bob } = await twoPhones(t, 180, LIMITS);
  const call = await alice.call("4000");
  const incoming: IncomingCall = await bob.nextCall();
  const { headers } = incoming.request;
  assert.deepEqual([headers.get("Session-Expires"), headers.get("Min-SE")], ["6;refresher=uac", "2"]);
  incoming.reply(200, { headers: fields({ Require: "timer", "Session-Expires": "6;refresher=uas" }) });
  const answer = await call.final;
  assert.equal(answer.headers.get("Session-Expires"), "6;refresher=uas", "a caller without timers is refreshed too");
  await bob.next("ACK");
  await bob.close();
  const bye = await alice.next("BYE");
  assert.match(bye.headers.get("Reason") ?? "", /Session timer expired/);
  const records = await Promise.all(["hk", "hub-1", "london"].map((node) => federation.recordOf(node)));
  const endings = records.map(({ result }) => result);
  assert.deepEqual(endings, ["answered", "answered", "answered"]);
});

test("a target that wants a longer interval gets the call once more with it", async (t) => {
  const { alice, bob } = await twoPhones(t, 181, LIMITS);
  const call = await alice.call("4000");
  const first = await bob.nextCall();
  first.reply(422, { headers: fields({ "Min-SE": "600" }) });
  const second = await bob.nextCall();
  const { headers } = second.request;
  assert.deepEqual([headers.get("Session-Expires"), headers.get("Min-SE")], ["600;refresher=uac", "600"]);
  assert.equal(headers.get("Call-ID"), first.request.headers.get("Call-ID"));
  second.reply(200);
  assert.equal((await call.final).status, 200);
  await bob.next("ACK");
  const bye = bob.next("BYE");
  await call.bye();
  await bye;
});
