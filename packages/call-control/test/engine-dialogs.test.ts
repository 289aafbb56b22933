import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineNode } from "./support/engine-node.ts";
import { ANSWER, OFFER } from "./support/node-under-test.ts";
import { callerDialog } from "./support/peer.ts";

/* Requests within a call, on the embedded engine and real sockets. */

const NETWORK = 11;
const HOLD = OFFER.replace("m=audio", "a=sendonly\r\nm=audio");
const HELD = ANSWER.replace("m=audio", "a=recvonly\r\nm=audio");

test("hold and resume: a re-INVITE of either side gets the SDP of the other", async (context) => {
  const node = await EngineNode.start(context, NETWORK);
  const { caller, callee } = await node.establish();
  const hold = node.alice.say("INVITE", caller, { headers: { Contact: node.alice.contact }, body: HOLD });
  const relayed = await node.phone(0).request("INVITE");
  assert.equal(relayed.body, HOLD);
  node.phone(0).respond(relayed, 200, { body: HELD });
  assert.equal((await node.alice.response(hold, 200)).body, HELD);
  node.alice.say("ACK", caller);
  await node.phone(0).request("ACK");

  const resume = node.phone(0).say("INVITE", callee, { headers: { Contact: node.phone(0).contact }, body: ANSWER });
  const back = await node.alice.request("INVITE");
  assert.equal(back.body, ANSWER);
  node.alice.respond(back, 200, { body: OFFER });
  assert.equal((await node.phone(0).response(resume, 200)).body, OFFER);
  node.phone(0).say("ACK", callee);
  await node.alice.request("ACK");

  const refused = node.alice.say("INVITE", caller, { headers: { Contact: node.alice.contact }, body: HOLD });
  node.phone(0).respond(await node.phone(0).request("INVITE"), 488);
  const final = await node.alice.final(refused);
  assert.equal(final.status, 488);
  node.alice.follow(refused, "ACK", final.headers.get("To"));
  await node.phone(0).request("ACK");
  node.alice.say("BYE", caller);
  node.phone(0).respond(await node.phone(0).request("BYE"), 200);
});

test("INFO of either side reaches the other and its answer comes back", async (context) => {
  const node = await EngineNode.start(context, NETWORK);
  const { caller, callee } = await node.establish();
  const type = { "Content-Type": "application/dtmf-relay" };
  const info = node.alice.say("INFO", caller, { headers: type, body: "Signal=5\r\n" });
  const relayed = await node.phone(0).request("INFO");
  assert.deepEqual([relayed.body, relayed.headers.get("Content-Type")], ["Signal=5\r\n", "application/dtmf-relay"]);
  node.phone(0).respond(relayed, 200);
  assert.equal((await node.alice.final(info)).status, 200);
  const back = node.phone(0).say("INFO", callee, { headers: type, body: "Signal=6\r\n" });
  const other = await node.alice.request("INFO");
  assert.equal(other.body, "Signal=6\r\n");
  node.alice.respond(other, 415);
  assert.equal((await node.phone(0).final(back)).status, 415);
  for (const method of ["MESSAGE", "UPDATE", "OPTIONS"]) {
    const request = node.alice.say(method, caller, { headers: { Contact: node.alice.contact } });
    node.phone(0).respond(await node.phone(0).request(method), 200);
    assert.equal((await node.alice.final(request)).status, 200, method);
  }
  const refer = node.alice.say("REFER", caller, {
    headers: { "Refer-To": "<sip:1001@hk>", Contact: node.alice.contact },
  });
  assert.equal((await node.alice.final(refer)).status, 501);
  node.alice.say("BYE", caller);
  node.phone(0).respond(await node.phone(0).request("BYE"), 200);
});

test("a delayed offer passes: offer in the 200, answer in the ACK, and again in a re-INVITE", async (context) => {
  const node = await EngineNode.start(context, NETWORK);
  const invite = node.alice.invite("4000");
  const leg = await node.phone(0).request("INVITE");
  assert.equal(leg.body, "");
  node.phone(0).respond(leg, 200, { body: OFFER });
  const answer = await node.alice.response(invite, 200);
  assert.equal(answer.body, OFFER);
  const caller = callerDialog(invite, answer);
  node.alice.say("ACK", caller, { body: ANSWER });
  assert.equal((await node.phone(0).request("ACK")).body, ANSWER);

  const again = node.alice.say("INVITE", caller, { headers: { Contact: node.alice.contact } });
  const relayed = await node.phone(0).request("INVITE");
  node.phone(0).respond(relayed, 200, { body: OFFER });
  assert.equal((await node.alice.response(again, 200)).body, OFFER);
  node.alice.say("ACK", caller, { body: ANSWER });
  assert.equal((await node.phone(0).request("ACK")).body, ANSWER);
  node.alice.say("BYE", caller);
  node.phone(0).respond(await node.phone(0).request("BYE"), 200);
});

test("a caller that never acknowledges is ended, and the callee with it", async (context) => {
  const node = await EngineNode.start(context, NETWORK);
  const invite = node.alice.invite("4000", { body: OFFER });
  const leg = await node.phone(0).request("INVITE");
  node.phone(0).respond(leg, 200, { body: ANSWER });
  await node.alice.response(invite, 200);
  await node.phone(0).request("ACK");
  const record = node.record();
  node.alice.respond(await node.alice.request("BYE"), 200); // after 64 · T1
  node.phone(0).respond(await node.phone(0).request("BYE"), 200);
  assert.equal((await record).endedBy, "system");
  assert.equal(await node.left(), 0);
});

test("a request within a dialog that nobody knows is refused", async (context) => {
  const node = await EngineNode.start(context, NETWORK);
  const dialog = {
    uri: "sip:4000@127.16.10.1",
    from: "<sip:1000@x>;tag=a",
    to: "<sip:4000@x>;tag=guess",
    callId: "guess",
  };
  for (const method of ["INVITE", "INFO", "BYE", "UPDATE", "REFER"]) {
    const request = node.alice.say(method, dialog, { headers: { Contact: node.alice.contact } });
    const final = await node.alice.final(request);
    assert.equal(final.status, 481, method);
    if (method === "INVITE") {
      node.alice.follow(request, "ACK", final.headers.get("To"));
    }
  }
});
