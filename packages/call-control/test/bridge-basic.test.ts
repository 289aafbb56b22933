import assert from "node:assert/strict";
import { test } from "node:test";
import { ANSWER, OFFER, startNode } from "./support/node-under-test.ts";

test("a call is rung, answered and hung up by the caller", async (context) => {
  const node = await startNode(context);
  const caller = node.engine.inject({ body: OFFER, headers: { "Max-Forwards": "20", Subject: "lunch" } });
  const callee = await node.engine.sent();
  assert.equal(callee.request.method, "INVITE");
  assert.equal(callee.request.uri, "sip:4000@127.16.2.1:5060");
  assert.equal(callee.request.body, OFFER);
  assert.equal(callee.request.headers.get("Max-Forwards"), "19");
  assert.equal(callee.request.headers.get("Subject"), "lunch");
  assert.match(callee.request.headers.get("From") ?? "", /^"Alice" <sip:1000@localhost>;tag=/);
  assert.notEqual(callee.request.headers.get("Call-ID"), caller.request.headers.get("Call-ID"));

  callee.respond(180);
  assert.equal((await caller.response()).status, 180);
  assert.equal(node.control.activeCalls()[0]?.state, "ringing");

  callee.respond(200, { body: ANSWER, headers: { "Content-Type": "application/sdp" } });
  const ack = await node.engine.sent();
  assert.equal(ack.request.method, "ACK");
  assert.equal(ack.dialogId, callee.dialogId);
  const answer = await caller.response();
  assert.equal(answer.status, 200);
  assert.equal(answer.body, ANSWER);

  const dialogId = `${caller.request.headers.get("Call-ID") ?? ""};from-tag=alice`;
  node.engine.inject({ method: "ACK", dialogId, to: "<sip:4000@127.16.0.1>;tag=x" });
  const bye = node.engine.inject({
    method: "BYE",
    dialogId,
    to: "<sip:4000@127.16.0.1>;tag=x",
    cseq: 2,
    headers: { Reason: "SIP;cause=200" },
  });
  assert.equal((await bye.response()).status, 200);
  const relayed = await node.engine.sent();
  assert.equal(relayed.request.method, "BYE");
  assert.equal(relayed.dialogId, callee.dialogId);
  assert.equal(relayed.request.headers.get("Reason"), "SIP;cause=200");
  relayed.respond(200);

  const record = await node.record();
  assert.equal(record.result, "answered");
  assert.equal(record.endedBy, "caller");
  assert.equal(record.target, "extension:4000");
  assert.equal(record.from, "1000");
  assert.equal(record.to, "4000");
  assert.deepEqual(node.control.activeCalls(), []);
});
