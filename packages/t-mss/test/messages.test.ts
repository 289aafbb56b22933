import assert from "node:assert/strict";
import { test } from "node:test";
import type { SipPhone } from "@mss/call-control/testing";
import type { SipResponse } from "@mss/sip-message";
import { openPhone, startFederation } from "./support/federation.ts";
import { fields, twoPhones } from "./support/phones.ts";

/* What belongs to no call goes where a call would go, through branch, hub and branch. */

/** As bytes. */
const TEXT = Buffer.from("On my way. 東京", "utf8").toString("latin1");

function text(number: string, from: SipPhone, more: Readonly<Record<string, string>> = {}) {
  const uri = from.uriOf(number);
  const headers = fields({ "Content-Type": "text/plain;charset=utf-8", ...more });
  return { uri, to: `<${uri}>`, from: `<${from.uriOf("1000")}>;tag=1`, headers, body: TEXT };
}

function told(response: SipResponse): readonly (number | string | undefined)[] {
  return [response.status, response.headers.get("Reason")?.replace(/;text=.*/, "")];
}

test("a message goes to the number, within the branch and to another one, and has one answer", async (t) => {
  const { federation, alice, bob } = await twoPhones(t, 49);
  const carol = await openPhone(t, federation.net, "1001", 12);
  assert.equal((await carol.register()).status, 200);
  bob.answerTo = () => ({ status: 202 });
  const claims = { "P-Asserted-Identity": "<sip:boss@acme>", "X-Vendor": "1", Subject: "late" };
  assert.equal((await alice.exchange("MESSAGE", text("4000", alice, claims))).status, 202);
  const message = await bob.next("MESSAGE");
  assert.equal(message.body, text("4000", alice).body);
  assert.match(message.headers.get("From") ?? "", /^"Phone 1000" <sip:1000@/);
  assert.deepEqual(
    ["Content-Type", "Subject", "P-Asserted-Identity", "X-Vendor"].map((name) => message.headers.get(name)),
    ["text/plain;charset=utf-8", "late", undefined, undefined],
  );
  assert.equal((await alice.exchange("MESSAGE", text("1001", alice))).status, 200);
  assert.equal((await carol.next("MESSAGE")).body, text("1001", alice).body);
  assert.equal(bob.unread("MESSAGE"), 0);
  bob.answerTo = () => ({ status: 486, headers: fields({ Reason: "Q.850;cause=17" }) });
  assert.deepEqual(told(await alice.exchange("MESSAGE", text("4000", alice))), [486, "Q.850;cause=17"]);
});

test("a message is refused as a call would be", async (t) => {
  const { federation, alice, bob } = await twoPhones(t, 50);
  const send = async (number: string, more = {}) =>
    told(await alice.exchange("MESSAGE", { ...text(number, alice), ...more }));
  const unsigned = await alice.send(alice.newRequest("MESSAGE", text("4000", alice)));
  assert.equal(unsigned.final.status, 407);
  assert.deepEqual(await send("4999"), [404, "Q.850;cause=1"]);
  assert.deepEqual(await send("4001"), [480, "Q.850;cause=20"]);
  assert.deepEqual(await send("9999"), [404, "Q.850;cause=1"]);
  const asSomebodyElse = { from: `<${alice.uriOf("1001")}>;tag=1` };
  assert.deepEqual(await send("4000", asSomebodyElse), [403, "Q.850;cause=57"]);
  assert.equal(bob.unread("MESSAGE"), 0);
  await federation.london.stop();
  assert.deepEqual(await send("4000"), [503, "Q.850;cause=38"]);
  assert.deepEqual(federation.records, [], "messages are no calls");
});

test("OPTIONS about a number is answered by its phone, OPTIONS about the node by the node", async (t) => {
  const { alice, bob } = await twoPhones(t, 51);
  bob.answerTo = () => ({
    status: 200,
    headers: fields({ Allow: "INVITE, ACK, INFO, PUBLISH", Accept: "application/sdp" }),
  });
  const { body: _body, ...question } = text("4000", alice);
  const answer = await alice.exchange("OPTIONS", { ...question, headers: [] });
  assert.deepEqual([answer.status, answer.headers.get("Allow")], [200, "INVITE, ACK, INFO"]);
  await bob.next("OPTIONS");
  const node = await alice.send(alice.newRequest("OPTIONS"));
  assert.deepEqual([node.final.status, bob.unread("OPTIONS")], [200, 0]);
});

test("a hub takes messages of branches alone", async (t) => {
  const { net } = await startFederation(t, { subnet: 52 });
  const stranger = await openPhone(t, net, "1000", 13);
  const outside = stranger.newRequest("MESSAGE", { ...text("4000", stranger), uri: `sip:4000@${net}.1` });
  assert.equal((await stranger.send(outside)).final.status, 407);
});
