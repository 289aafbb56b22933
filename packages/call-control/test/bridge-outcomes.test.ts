import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { ANSWER, OFFER, plan, startNode, step, target } from "./support/node-under-test.ts";
import type { NodeUnderTest } from "./support/node-under-test.ts";

const PHONES = ["a", "b", "c"].map((name) => target(`phone:${name}`, { uri: `sip:${name}@127.16.2.1` }));

function forkNode(context: TestContext): Promise<NodeUnderTest> {
  return startNode(context, { plan: plan([step(...PHONES)]) });
}

async function sentNext({ engine }: NodeUnderTest): Promise<readonly [method: string, dialogId: string | undefined]> {
  const { request, dialogId } = await engine.sent();
  return [request.method, request.method === "BYE" ? dialogId : undefined];
}

test("the callee's refusal reaches the caller with its status and words", async (context) => {
  const node = await startNode(context);
  const caller = node.engine.inject({ body: OFFER });
  const callee = await node.engine.sent();
  callee.respond(180);
  assert.equal((await caller.response()).status, 180);
  callee.respond(486, { headers: { "Retry-After": "30" } });
  const answer = await caller.response();
  assert.equal(answer.status, 486);
  assert.equal(answer.reason, "Busy Here");
  assert.equal(answer.headers.get("Retry-After"), "30");
  assert.equal(answer.headers.get("Reason"), 'Q.850;cause=17;text="callee is busy"');
  const record = await node.record();
  assert.deepEqual(
    [record.result, record.code, record.status, record.endedBy, record.target],
    ["busy", "TARGET_BUSY", 486, "callee", "extension:4000"],
  );
});

test("a final refusal does not make the next step ring", async (context) => {
  for (const status of [404, 486, 487, 603]) {
    const node = await startNode(context, { plan: plan([step(target("first")), step(target("second"))]) });
    const caller = node.engine.inject({ body: OFFER });
    (await node.engine.sent()).respond(status);
    assert.equal((await caller.response()).status, status);
    await node.record();
    assert.equal(node.engine.unseen, 0);
  }
});

test("a target that takes no call now makes the next step ring", async (context) => {
  const node = await startNode(context, { plan: plan([step(target("first")), step(target("second"))]) });
  const caller = node.engine.inject({ body: OFFER });
  (await node.engine.sent()).respond(503);
  const second = await node.engine.sent();
  second.respond(200, { body: ANSWER });
  assert.equal((await caller.response()).status, 200);
  assert.equal(node.control.activeCalls()[0]?.target, "second");
});

test("once a target has rung, its failure is final", async (context) => {
  const node = await startNode(context, { plan: plan([step(target("first")), step(target("second"))]) });
  const caller = node.engine.inject({ body: OFFER });
  const first = await node.engine.sent();
  first.respond(180);
  await caller.response();
  first.respond(503, { headers: { "Retry-After": "9" } });
  const answer = await caller.response();
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("Retry-After"), "9");
  assert.equal(node.engine.unseen, 0);
});

test("a silent target is called off and the next step rings", async (context) => {
  const silent = target("first", { firstResponseTimeoutMs: 30 });
  const node = await startNode(context, { plan: plan([step(silent), step(target("second"))]) });
  const caller = node.engine.inject({ body: OFFER });
  const first = await node.engine.sent();
  first.respond(100);
  const next = [await node.engine.sent(), await node.engine.sent()];
  const cancel = next.find(({ request }) => request.method === "CANCEL");
  const second = next.find(({ request }) => request.method === "INVITE");
  assert.equal(cancel?.request.headers.get("Reason"), 'Q.850;cause=38;text="target did not answer the request"');
  second?.respond(200, { body: ANSWER });
  assert.equal((await caller.response()).status, 200);
  const ack = await node.engine.sent();
  assert.equal(ack.request.method, "ACK");

  // The first one wakes up and answers: that dialog is ended, the caller hears nothing of it.
  first.respond(200, { body: ANSWER, toTag: "late" });
  assert.equal((await node.engine.sent()).request.method, "ACK");
  const bye = await node.engine.sent();
  assert.equal(bye.request.method, "BYE");
  assert.equal(bye.dialogId, first.dialogId);
});

test("a peer that was silent is not called off before another attempt has come to the callee's node", async (context) => {
  const silent = target("hub:hub-1", { firstResponseTimeoutMs: 30, trusted: true });
  const node = await startNode(context, { plan: plan([step(silent), step(target("hub:hub-2", { trusted: true }))]) });
  const caller = node.engine.inject({ body: OFFER });
  const first = await node.engine.sent();
  first.respond(100);
  const second = await node.engine.sent();
  assert.equal(second.request.method, "INVITE");
  first.respond(200, { body: ANSWER, toTag: "late" });
  assert.deepEqual(await sentNext(node), ["ACK", undefined]);
  assert.equal(node.engine.unseen, 0, "its phone has answered, and waits for the other attempt");
  second.respond(200, { body: ANSWER });
  assert.equal((await caller.response()).status, 200);
  const rest = [await sentNext(node), await sentNext(node)].map((sent) => sent.join(" "));
  assert.deepEqual(rest.toSorted(), ["ACK ", `BYE ${first.dialogId}`]);
});

for (const origin of ["extension:1000", "hub:hub-1"]) {
  const isPassedOn = origin.startsWith("hub");
  const name = isPassedOn ? "a little later, when another node may try another way" : "at once, when no way is left";
  test(`a silent peer is called off ${name}`, async (context) => {
    const silent = target("branch:london", { firstResponseTimeoutMs: 30, trusted: true });
    const node = await startNode(context, { plan: plan([step(silent)], { origin, trusted: isPassedOn }) });
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const caller = node.engine.inject({ body: OFFER });
    const first = await node.engine.sent();
    first.respond(100);
    if (isPassedOn) {
      assert.equal((await caller.response()).status, 183);
    }
    await node.engine.inject({ method: "OPTIONS" }).response(); // what came before it has been read
    context.mock.timers.tick(30);
    assert.equal((await caller.response()).status, 503);
    if (isPassedOn) {
      assert.equal(node.engine.unseen, 0);
      context.mock.timers.tick(5_000);
    }
    assert.equal((await node.engine.sent()).request.method, "CANCEL");
    context.mock.timers.reset();
  });
}

test("a caller that gives up calls off the silent peer as well", async (context) => {
  const silent = target("hub:hub-1", { firstResponseTimeoutMs: 30, trusted: true });
  const node = await startNode(context, { plan: plan([step(silent), step(target("hub:hub-2", { trusted: true }))]) });
  const caller = node.engine.inject({ body: OFFER });
  (await node.engine.sent()).respond(100);
  (await node.engine.sent()).respond(100);
  caller.cancel();
  assert.equal((await caller.response()).status, 487);
  assert.deepEqual([(await sentNext(node))[0], (await sentNext(node))[0]], ["CANCEL", "CANCEL"]);
});

test("no route is left when every target is away", async (context) => {
  const silent = { firstResponseTimeoutMs: 20 };
  const node = await startNode(context, {
    plan: plan([step(target("first", silent)), step(target("second", silent))]),
  });
  const caller = node.engine.inject({ body: OFFER });
  const answer = await caller.response();
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("Retry-After"), "5");
  const record = await node.record();
  assert.deepEqual([record.result, record.code, record.target], ["unreachable", "TARGET_SILENT", "second"]);
});

test("a phone that rings and is not picked up is cancelled, and the caller gets 480", async (context) => {
  const node = await startNode(context, {
    plan: plan([step(target("phone", { ringTimeoutMs: 60 })), step(target("no"))]),
  });
  const caller = node.engine.inject({ body: OFFER });
  const callee = await node.engine.sent();
  callee.respond(180);
  assert.equal((await caller.response()).status, 180);
  const cancel = await node.engine.sent();
  assert.equal(cancel.request.method, "CANCEL");
  callee.respond(487);
  const answer = await caller.response();
  assert.equal(answer.status, 480);
  assert.match(answer.headers.get("Reason") ?? "", /^Q\.850;cause=19;/);
  assert.equal((await node.record()).result, "no-answer");
});

test("the caller's CANCEL goes to the callee with its Reason", async (context) => {
  const node = await startNode(context);
  const caller = node.engine.inject({ body: OFFER });
  const callee = await node.engine.sent();
  callee.respond(180);
  await caller.response();
  caller.cancel('SIP;cause=600;text="changed my mind"');
  const cancel = await node.engine.sent();
  assert.equal(cancel.request.method, "CANCEL");
  assert.equal(cancel.request.headers.get("Reason"), 'SIP;cause=600;text="changed my mind"');
  assert.equal((await caller.response()).status, 487);
  callee.respond(487);
  const record = await node.record();
  assert.deepEqual([record.result, record.status, record.endedBy], ["cancelled", 487, "caller"]);
});

test("an answer that crosses the caller's CANCEL is acknowledged and ended", async (context) => {
  const node = await startNode(context);
  const caller = node.engine.inject({ body: OFFER });
  const callee = await node.engine.sent();
  callee.respond(180);
  await caller.response();
  caller.cancel();
  assert.equal((await node.engine.sent()).request.method, "CANCEL");
  callee.respond(200, { body: ANSWER });
  assert.equal((await node.engine.sent()).request.method, "ACK");
  assert.equal((await node.engine.sent()).request.method, "BYE");
  assert.equal((await caller.response()).status, 487);
  assert.equal((await node.record()).result, "cancelled");
  assert.equal(node.records.length, 1);
});

test("a call that is cancelled while its route is looked for rings nobody", async (context) => {
  const found = Promise.withResolvers<void>();
  const node = await startNode(context, {
    route: async () => {
      await found.promise;
      return { kind: "next", ctx: plan([step(target())]) };
    },
  });
  const caller = node.engine.inject({ body: OFFER });
  caller.cancel();
  assert.equal((await caller.response()).status, 487);
  found.resolve();
  assert.equal((await node.record()).result, "cancelled");
  assert.equal(node.engine.unseen, 0);
});

test("the engine refuses our answer because the caller is gone: the callee is hung up", async (context) => {
  const node = await startNode(context);
  node.engine.inject({ body: OFFER });
  const callee = await node.engine.sent();
  node.engine.refuseNextAnswer = true;
  callee.respond(200, { body: ANSWER });
  assert.equal((await node.engine.sent()).request.method, "ACK");
  assert.equal((await node.engine.sent()).request.method, "BYE");
  assert.notEqual((await node.record()).result, "answered");
});

test("of three phones the first to answer has the call and the others are cancelled", async (context) => {
  const node = await forkNode(context);
  const caller = node.engine.inject({ body: OFFER });
  const phones = [await node.engine.sent(), await node.engine.sent(), await node.engine.sent()];
  for (const phone of phones) {
    phone.respond(180);
  }
  assert.equal((await caller.response()).status, 180);
  phones[1]?.respond(200, { body: ANSWER });
  const sent = [await node.engine.sent(), await node.engine.sent(), await node.engine.sent()];
  const cancels = sent.filter(({ request }) => request.method === "CANCEL");
  assert.equal(cancels.length, 2);
  for (const { request } of cancels) {
    assert.equal(request.headers.get("Reason"), 'SIP;cause=200;text="Call completed elsewhere"');
  }
  assert.equal(sent.find(({ request }) => request.method === "ACK")?.dialogId, phones[1]?.dialogId);
  phones[0]?.respond(487);
  phones[2]?.respond(486);
  const answer = await caller.response(); // one 180 for three, then the answer
  assert.equal(answer.status, 200);
  assert.equal(answer.body, ANSWER);
  assert.equal(node.control.activeCalls()[0]?.target, "phone:b");
});

test("early media is heard from a single target only", async (context) => {
  const single = await startNode(context);
  const caller = single.engine.inject({ body: OFFER });
  (await single.engine.sent()).respond(183, { body: ANSWER, headers: { "Content-Type": "application/sdp" } });
  const progress = await caller.response();
  assert.deepEqual([progress.status, progress.body], [183, ANSWER]);

  const fork = await forkNode(context);
  const forked = fork.engine.inject({ body: OFFER });
  (await fork.engine.sent()).respond(183, { body: ANSWER, headers: { "Content-Type": "application/sdp" } });
  const silent = await forked.response();
  assert.deepEqual([silent.status, silent.body, silent.headers.get("Content-Type")], [183, "", undefined]);
});

test("a 6xx of one phone ends the ringing of all", async (context) => {
  const node = await forkNode(context);
  const caller = node.engine.inject({ body: OFFER });
  const phones = [await node.engine.sent(), await node.engine.sent(), await node.engine.sent()];
  phones[2]?.respond(180);
  phones[0]?.respond(603);
  assert.equal((await node.engine.sent()).request.method, "CANCEL");
  assert.equal((await node.engine.sent()).request.method, "CANCEL");
  assert.equal((await caller.response()).status, 180);
  assert.equal((await caller.response()).status, 603);
  assert.equal((await node.record()).code, "TARGET_DECLINED");
});

test("when all phones fail, the caller is told what says most", async (context) => {
  const node = await forkNode(context);
  const caller = node.engine.inject({ body: OFFER });
  const phones = [await node.engine.sent(), await node.engine.sent(), await node.engine.sent()];
  phones[0]?.respond(503);
  phones[1]?.respond(480);
  phones[2]?.respond(486);
  assert.equal((await caller.response()).status, 486);
});

test("a challenge that is not for us never reaches the caller", async (context) => {
  const node = await startNode(context);
  const caller = node.engine.inject({ body: OFFER });
  (await node.engine.sent()).respond(401, {
    headers: { "WWW-Authenticate": 'Digest realm="elsewhere", nonce="n", qop="auth", algorithm=MD5' },
  });
  const answer = await caller.response();
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("WWW-Authenticate"), undefined);
  assert.equal(node.engine.unseen, 0);
});

test("a route that throws fails its call alone", async (context) => {
  let first = true;
  const node = await startNode(context, {
    route: () => {
      if (first) {
        first = false;
        throw new Error("broken");
      }
      return { kind: "reply", status: 404, code: "UNKNOWN_NUMBER", origin: "extension:1000" };
    },
  });
  assert.equal((await node.engine.inject({ body: OFFER }).response()).status, 500);
  assert.equal((await node.record()).code, "INTERNAL");
  assert.equal((await node.engine.inject({ body: OFFER }).response()).status, 404);
  const record = await node.record();
  assert.deepEqual([record.code, record.origin, record.endedBy], ["UNKNOWN_NUMBER", "extension:1000", "system"]);
});

test("a challenge to the caller leaves no record", async (context) => {
  const node = await startNode(context, {
    route: () => ({ kind: "reply", status: 407, headers: { "Proxy-Authenticate": ["Digest a=1", "Digest b=2"] } }),
  });
  const answer = await node.engine.inject({ body: OFFER }).response();
  assert.deepEqual(answer.headers.all("Proxy-Authenticate"), ["Digest a=1", "Digest b=2"]);
  assert.deepEqual(node.control.activeCalls(), []);
  assert.equal(node.records.length, 0);
});

test("SEC-25: Max-Forwards 0 is 483 and an extension we do not carry is 420", async (context) => {
  const node = await startNode(context);
  const looped = await node.engine.inject({ body: OFFER, headers: { "Max-Forwards": "0" } }).response();
  assert.equal(looped.status, 483);
  const required = await node.engine.inject({ body: OFFER, headers: { Require: "precondition" } }).response();
  assert.equal(required.status, 420);
  assert.equal(required.headers.get("Unsupported"), "precondition");
});

test("a peer that brings a call hears at once that we are at work, and its phones hear nothing of that", async (context) => {
  const steps = [step(target("hub:hub-1", { trusted: true })), step(target("hub:hub-2", { trusted: true }))];
  const hub = await startNode(context, { plan: plan(steps, { origin: "branch:hk", trusted: true }) });
  const peer = hub.engine.inject({ body: OFFER });
  const atWork = await peer.response();
  assert.deepEqual([atWork.status, atWork.body], [183, ""]);
  assert.equal(hub.control.activeCalls()[0]?.state, "routing");

  const branch = await startNode(context, { plan: plan(steps) });
  const phone = branch.engine.inject({ body: OFFER });
  const first = await branch.engine.sent();
  first.respond(183);
  first.respond(503);
  const second = await branch.engine.sent(); // a 183 without SDP is no ringing: the next hub is tried
  second.respond(183);
  second.respond(180);
  assert.equal((await phone.response()).status, 180);
});

test("a 183 without SDP is not silence", async (context) => {
  const slow = target("hub:hub-1", { trusted: true, firstResponseTimeoutMs: 40, ringTimeoutMs: 120 });
  const node = await startNode(context, { plan: plan([step(slow)]) });
  const caller = node.engine.inject({ body: OFFER });
  const leg = await node.engine.sent();
  leg.respond(183);
  const cancel = await node.engine.sent(); // at the ring timeout, not before
  assert.equal(cancel.request.method, "CANCEL");
  await caller.response();
  const record = await node.record();
  assert.ok(record.setupMs >= 100);
});

test("SEC-25: the same INVITE by another way is 482, and the first one goes on", async (context) => {
  const node = await startNode(context);
  const first = node.engine.inject({ body: OFFER, callId: "twice" });
  const leg = await node.engine.sent();
  assert.equal((await node.engine.inject({ body: OFFER, callId: "twice" }).response()).status, 482);
  leg.respond(486);
  assert.equal((await first.response()).status, 486);
  assert.equal(node.engine.unseen, 0);
});
