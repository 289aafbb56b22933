import assert from "node:assert/strict";
import { test } from "node:test";
import { openPhone } from "./support/federation.ts";
import { sendEarly, twoPhones, fields } from "./support/phones.ts";

/* Before the answer, from phone to phone through branch, hub and branch: PRACK, early media, UPDATE. */

const SDP = { "Content-Type": "application/sdp" };
const MEDIA = "v=0\r\no=- 7 7 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 41000 RTP/AVP 8\r\n";
const OTHER_MEDIA = MEDIA.replace("41000", "42000");

function reliable(sequence: number): Readonly<Record<string, string>> {
  return { Require: "100rel", RSeq: String(sequence), ...SDP };
}

function rackOf(response: { headers: { get(name: string): string | undefined } }): string {
  return `${response.headers.get("RSeq") ?? ""} ${response.headers.get("CSeq") ?? ""}`;
}

test("reliable early media: the callee gets its PRACK when the caller has sent one, and UPDATE passes both ways", async (t) => {
  const { alice, bob } = await twoPhones(t, 43);
  const call = await alice.call("4000", { headers: fields({ Supported: "100rel" }) });
  const incoming = await bob.nextCall();
  assert.equal(incoming.request.headers.get("Supported"), "100rel, timer");
  incoming.reply(183, { headers: fields(reliable(10)), body: MEDIA });
  const progress = await call.provisional(183);
  assert.deepEqual([progress.body, progress.headers.get("Require")], [MEDIA, "100rel"]);
  assert.equal(bob.unread("PRACK"), 0, "nobody acknowledges in the caller's place");

  const acknowledged = await sendEarly(alice, call, progress, {
    method: "PRACK",
    headers: { RAck: rackOf(progress) },
  });
  assert.equal(acknowledged.status, 200);
  const prack = await bob.next("PRACK");
  assert.equal(prack.headers.get("RAck"), `10 ${incoming.request.headers.get("CSeq") ?? ""}`);

  bob.answerTo = ({ method, body }) =>
    method === "UPDATE" ? { status: 200, headers: fields(SDP), body: body.replace("41000", "42000") } : undefined;
  const update = { method: "UPDATE", headers: SDP, body: MEDIA };
  const updated = await sendEarly(alice, call, progress, update);
  assert.deepEqual([updated.status, updated.body], [200, OTHER_MEDIA]);
  assert.equal((await bob.next("UPDATE")).body, MEDIA);
  assert.equal((await incoming.send("UPDATE", { headers: fields(SDP), body: OTHER_MEDIA })).status, 200);
  assert.equal((await alice.next("UPDATE")).body, OTHER_MEDIA);

  incoming.reply(200); // its session description was in the 183
  assert.deepEqual([(await call.final).status, (await call.final).body], [200, ""]);
  await bob.next("ACK");
  const bye = bob.next("BYE");
  assert.equal((await call.bye()).status, 200);
  await bye;
});

test("a delayed offer in a reliable response is answered by the PRACK", async (t) => {
  const { alice, bob } = await twoPhones(t, 44);
  const call = await alice.call("4000", { headers: fields({ Supported: "100rel" }), body: "" });
  const incoming = await bob.nextCall();
  incoming.reply(183, { headers: fields(reliable(1)), body: MEDIA });
  const progress = await call.provisional(183);
  assert.equal(progress.body, MEDIA);
  const headers = { RAck: rackOf(progress), ...SDP };
  await sendEarly(alice, call, progress, { method: "PRACK", headers, body: OTHER_MEDIA });
  assert.equal((await bob.next("PRACK")).body, OTHER_MEDIA);
  incoming.reply(200);
  assert.equal((await call.final).status, 200);
  assert.equal((await bob.next("ACK")).body, "");
  assert.equal((await incoming.send("INFO")).status, 200, "the call is up: an ACK without answer is right here");
  await alice.next("INFO");
});

test("a callee that will not, and a caller that insists: each provisional answer is acknowledged all the same", async (t) => {
  const { alice, bob } = await twoPhones(t, 45);
  const call = await alice.call("4000", { headers: fields({ Require: "100rel" }) });
  const incoming = await bob.nextCall();
  assert.equal(incoming.request.headers.get("Require"), "100rel");
  incoming.ring(); // unreliable, against what was asked for
  const ringing = await call.provisional(180);
  assert.equal(ringing.headers.get("Require"), "100rel");
  const prack = await sendEarly(alice, call, ringing, { method: "PRACK", headers: { RAck: rackOf(ringing) } });
  assert.deepEqual([prack.status, bob.unread("PRACK")], [200, 0]);
  incoming.answer();
  assert.equal((await call.final).status, 200);
});

test("a caller without 100rel is not told of it, nor is a phone beside others", async (t) => {
  const { federation, alice, bob } = await twoPhones(t, 46);
  await alice.call("4000");
  const plain = await bob.nextCall();
  assert.equal(plain.request.headers.get("Supported"), "timer");
  plain.refuse(486);
  const second = await openPhone(t, federation.net, "4000", 12);
  assert.equal((await second.register()).status, 200);
  await alice.call("4000", { headers: fields({ Supported: "100rel" }) });
  for (const phone of [bob, second]) {
    const incoming = await phone.nextCall();
    assert.equal(incoming.request.headers.get("Supported"), "timer");
    incoming.refuse(486);
  }
});
