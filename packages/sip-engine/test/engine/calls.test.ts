import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { handler } from "./support/app.ts";
import type { AppRequest } from "./support/app.ts";
import { ANSWER, SDP_HEADERS, bridgeTo, calleeRequest, establishCall } from "./support/bridged-call.ts";
import { startRig } from "./support/rig.ts";
import { SDP } from "./support/sip-peer.ts";

const answers = (cseq: string) => (message: { status: number | undefined; get(name: string): string }) =>
  message.status !== undefined && message.status >= 200 && message.get("CSeq") === cseq;

test("the caller hangs up a bridged call", async (context) => {
  const rig = await startRig(context);
  const call = await establishCall(rig);
  call.caller.requestWithin("BYE", call.a, { sequence: 2 });
  assert.equal((await call.caller.next(answers("2 BYE"))).status, 200);
  const bye = await call.callee.next("BYE");
  assert.equal(bye.startLine, `BYE ${call.callee.uri} SIP/2.0`);
  call.callee.respond(bye, "200 OK");
});

test("the callee hangs up a bridged call", async (context) => {
  const rig = await startRig(context);
  const call = await establishCall(rig);
  calleeRequest(call, "BYE");
  assert.equal((await call.callee.next(200)).status, 200);
  const bye = await call.caller.next("BYE");
  assert.equal(bye.get("Call-ID"), call.a.request.get("Call-ID"));
  assert.equal(bye.get("From"), call.a.response.get("To"));
  assert.equal(bye.get("To"), call.a.request.get("From"));
  call.caller.respond(bye, "200 OK");
});

test("each leg has ids of its own and our address in Contact", async (context) => {
  const rig = await startRig(context);
  const call = await establishCall(rig);
  const own = `<sip:${rig.sip.host}:${rig.sip.port}>`;
  assert.notEqual(call.b.request.get("Call-ID"), call.a.request.get("Call-ID"));
  assert.equal(call.a.response.get("Contact"), own);
  assert.equal(call.b.request.get("Contact"), `<sip:peer@${rig.sip.host}:${rig.sip.port}>`);
  assert.equal(call.b.request.get("Max-Forwards"), "70");
});

test("a callee that refuses: the caller gets its status", async (context) => {
  const rig = await startRig(context);
  const caller = await rig.peer();
  const callee = await rig.peer();
  const dialogs = bridgeTo(rig, callee.uri);
  caller.request("INVITE", rig.sip, { headers: SDP_HEADERS, body: SDP });
  callee.respond(await callee.next("INVITE"), "486 Busy Here", { tag: "b" });
  await callee.next("ACK");
  assert.equal((await caller.next(answers("1 INVITE"))).startLine, "SIP/2.0 486 Busy Here");
  await assert.rejects(dialogs, { status: 486 });
  assert.equal(rig.engine.stats().dialogs, 0);
});

test("a caller that cancels: 200 and 487 for it, CANCEL with its Reason for the callee", async (context) => {
  const rig = await startRig(context);
  const caller = await rig.peer();
  const callee = await rig.peer();
  bridgeTo(rig, callee.uri).catch(() => undefined);
  const invite = caller.request("INVITE", rig.sip, { headers: SDP_HEADERS, body: SDP });
  const second = await callee.next("INVITE");
  callee.respond(second, "180 Ringing", { tag: "b" });
  const ringing = await caller.next(180);
  caller.request("CANCEL", rig.sip, {
    callId: invite.get("Call-ID"),
    from: invite.get("From"),
    branch: /branch=([^;]+)/.exec(invite.get("Via"))?.[1] ?? "",
    headers: ['Reason: SIP;cause=200;text="Call completed elsewhere"'],
  });
  const final = await caller.next(answers("1 INVITE"));
  assert.equal(final.status, 487);
  assert.equal(final.get("To"), ringing.get("To"), "one To tag for all answers");
  assert.equal((await caller.next(answers("1 CANCEL"))).status, 200);
  const cancel = await callee.next("CANCEL");
  assert.equal(cancel.get("Reason"), 'SIP;cause=200;text="Call completed elsewhere"');
  assert.equal(cancel.get("Via"), second.get("Via"));
  callee.respond(cancel, "200 OK");
  callee.respond(second, "487 Request Terminated", { tag: "b" });
  await callee.next("ACK");
});

test("a re-INVITE with the application's answer", async (context) => {
  const rig = await startRig(context);
  const call = await establishCall(rig);
  const held = SDP.replace("RTP/AVP 0", "RTP/AVP 0\r\na=sendonly");
  call.uas.on(
    "modify",
    handler(async (request, response) => {
      response.send(200, { body: await call.uac.modify(request.body) });
    }),
  );
  call.caller.requestWithin("INVITE", call.a, { sequence: 2, headers: SDP_HEADERS, body: held });
  const second = await call.callee.next("INVITE");
  assert.equal(second.body, held);
  assert.equal(second.get("Call-ID"), call.b.request.get("Call-ID"));
  call.callee.respond(second, "200 OK", { headers: SDP_HEADERS, body: ANSWER });
  assert.equal((await call.callee.next("ACK")).get("CSeq"), second.get("CSeq").replace("INVITE", "ACK"));
  const ok = await call.caller.next(answers("2 INVITE"));
  assert.equal(ok.body, ANSWER);
  assert.match(ok.get("Contact"), new RegExp(`:${rig.sip.port}>$`));
  call.caller.requestWithin("ACK", call.a, { sequence: 2 });
});

for (const method of ["INFO", "MESSAGE", "REFER", "NOTIFY", "UPDATE"]) {
  test(`${method} within a call reaches the application, and the other leg`, async (context) => {
    const rig = await startRig(context);
    const call = await establishCall(rig);
    call.uas.on(
      method.toLowerCase(),
      handler(async (request, response) => {
        const headers = { "Content-Type": request.get("Content-Type") };
        const answer = await call.uac.request({ method, headers, body: request.body });
        response.send(answer.status);
      }),
    );
    call.caller.requestWithin(method, call.a, { sequence: 2, headers: ["Content-Type: text/plain"], body: "Signal=5" });
    const relayed = await call.callee.next(method);
    assert.equal(relayed.body, "Signal=5");
    assert.equal(relayed.startLine, `${method} ${call.callee.uri} SIP/2.0`);
    call.callee.respond(relayed, "200 OK");
    assert.equal((await call.caller.next(answers(`2 ${method}`))).status, 200);
  });
}

test("our 2xx is repeated until its ACK comes, and not after", async (context) => {
  const rig = await startRig(context, { timers: { t1Ms: 20 } });
  const caller = await rig.peer();
  rig.app.invite((request, response) => {
    void rig.app.createUAS(request, response, { localSdp: ANSWER });
  });
  const invite = caller.request("INVITE", rig.sip, { headers: SDP_HEADERS, body: SDP });
  const first = await caller.next(200);
  const again = await caller.next(200);
  assert.equal(again.text, first.text);
  caller.requestWithin("ACK", { request: invite, response: first }, { sequence: 1 });
  assert.equal(rig.engine.stats().dialogs, 1);
});

test("a 2xx that is never acknowledged ends in a BYE that the application hears of", async (context) => {
  const rig = await startRig(context, { timers: { t1Ms: 5 } });
  const caller = await rig.peer();
  const ended = Promise.withResolvers<string>();
  rig.app.invite(async (request, response) => {
    const dialog = await rig.app.createUAS(request, response, { localSdp: ANSWER });
    dialog.on("destroy", (_bye: AppRequest, reason: string) => {
      ended.resolve(reason);
    });
  });
  caller.request("INVITE", rig.sip, { headers: SDP_HEADERS, body: SDP });
  const bye = await caller.next("BYE");
  assert.equal(await ended.promise, "ACK timeout");
  caller.respond(bye, "200 OK");
  assert.match(bye.get("Reason"), /ACK timeout/);
});

test("a 2xx that comes again gets the same ACK without the application", async (context) => {
  const rig = await startRig(context);
  const call = await establishCall(rig);
  call.callee.send(call.b.response.text);
  const again = await call.callee.next("ACK");
  assert.equal(again.get("CSeq"), call.b.request.get("CSeq").replace("INVITE", "ACK"));
});

test("a fork that answers late is acknowledged and ended by the engine", async (context) => {
  const rig = await startRig(context);
  const call = await establishCall(rig);
  call.callee.respond(call.b.request, "200 OK", { tag: "late", headers: SDP_HEADERS, body: ANSWER });
  const ack = await call.callee.next("ACK");
  assert.match(ack.get("To"), /;tag=late$/);
  const bye = await call.callee.next("BYE");
  assert.match(bye.get("To"), /;tag=late$/);
  call.callee.respond(bye, "200 OK");
  calleeRequest(call, "INFO", { sequence: 7 });
  assert.equal((await call.callee.next(answers("7 INFO"))).status, 200, "the chosen fork lives on");
});

test("a 2xx that crosses CANCEL is acknowledged, then ended", async (context) => {
  const rig = await startRig(context);
  const callee = await rig.peer();
  const sent = Promise.withResolvers<AppRequest>();
  const dialog = rig.app.createUAC(
    callee.uri,
    { localSdp: SDP },
    { cbRequest: (_error, request) => sent.resolve(request) },
  );
  const invite = await callee.next("INVITE");
  callee.respond(invite, "180 Ringing", { tag: "b" });
  (await sent.promise).cancel();
  const cancel = await callee.next("CANCEL");
  callee.respond(invite, "200 OK", { tag: "b", headers: SDP_HEADERS, body: ANSWER });
  callee.respond(cancel, "200 OK");
  const ended = once(await dialog, "destroy");
  await callee.next("ACK");
  callee.respond(await callee.next("BYE"), "200 OK");
  await ended;
});

test("a re-INVITE while ours is unanswered: 491; a second one before the first is answered: 500", async (context) => {
  const rig = await startRig(context);
  const call = await establishCall(rig);
  call.uac.on("modify", () => undefined);
  const modified = call.uac.modify(SDP);
  const ours = await call.callee.next("INVITE");
  calleeRequest(call, "INVITE", { sequence: 1, headers: SDP_HEADERS, body: SDP });
  assert.equal((await call.callee.next(answers("1 INVITE"))).status, 491);
  call.callee.respond(ours, "200 OK", { headers: SDP_HEADERS, body: ANSWER });
  await modified;
  await call.callee.next("ACK");
  calleeRequest(call, "INVITE", { sequence: 2, headers: SDP_HEADERS, body: SDP });
  calleeRequest(call, "INVITE", { sequence: 3, headers: SDP_HEADERS, body: SDP });
  const refused = await call.callee.next(answers("3 INVITE"));
  assert.equal(refused.status, 500);
  assert.notEqual(refused.get("Retry-After"), "");
});

test("a request with a lower CSeq is out of order, an unknown dialog does not exist", async (context) => {
  const rig = await startRig(context);
  const call = await establishCall(rig);
  call.caller.requestWithin("INFO", call.a, { sequence: 5 });
  assert.equal((await call.caller.next(answers("5 INFO"))).status, 200);
  call.caller.requestWithin("INFO", call.a, { sequence: 4 });
  assert.equal((await call.caller.next(answers("4 INFO"))).status, 500);
  call.caller.requestWithin("INFO", call.a, { sequence: 6, to: `${call.a.request.get("To")};tag=guessed` });
  assert.equal((await call.caller.next(answers("6 INFO"))).status, 481);
});

test("a callee that never answers: 408; one that cannot be reached stays a value", async (context) => {
  const rig = await startRig(context, { timers: { t1Ms: 2, t2Ms: 8 } });
  const silent = await rig.peer();
  await assert.rejects(rig.app.createUAC(silent.uri, { localSdp: SDP }), { status: 408 });
  assert.equal(rig.engine.stats().dialogs, 0);
});

test("the dialog is gone after its BYE, answered or not", async (context) => {
  const rig = await startRig(context, { timers: { t1Ms: 2, t2Ms: 8 } });
  const call = await establishCall(rig);
  void call.uac.destroy();
  call.callee.respond(await call.callee.next("BYE"), "481 Call/Transaction Does Not Exist");
  await call.uas.destroy();
  assert.equal(rig.engine.stats().dialogs, 0);
});

test("the answer of a target refresh moves the target of what follows", async (context) => {
  const rig = await startRig(context);
  const call = await establishCall(rig);
  const modified = call.uac.modify(SDP);
  const second = await call.callee.next("INVITE");
  const moved = `sip:moved@${call.callee.host}:${call.callee.port}`;
  call.callee.respond(second, "200 OK", {
    contact: false,
    headers: [...SDP_HEADERS, `Contact: <${moved}>`],
    body: ANSWER,
  });
  await modified;
  assert.equal((await call.callee.next("ACK")).startLine, `ACK ${moved} SIP/2.0`);
});

test("Record-Route becomes the route of both sides", async (context) => {
  const rig = await startRig(context);
  const caller = await rig.peer();
  const proxy = await rig.peer();
  rig.app.invite((request, response) => {
    void rig.app
      .createUAS(request, response, { localSdp: ANSWER })
      .then((dialog) => dialog.request({ method: "INFO" }));
  });
  const routes = [`<sip:${proxy.host}:${proxy.port};lr>`, `<sip:10.9.9.9;lr>`];
  const headers = [...SDP_HEADERS, ...routes.map((route) => `Record-Route: ${route}`)];
  const invite = caller.request("INVITE", rig.sip, { headers, body: SDP });
  const ok = await caller.next(200);
  assert.deepEqual(ok.all("Record-Route"), routes);
  const info = await proxy.next("INFO");
  assert.deepEqual(info.all("Route"), routes);
  assert.equal(info.startLine, `INFO ${caller.uri} SIP/2.0`);
  caller.requestWithin("ACK", { request: invite, response: ok }, { sequence: 1 });
  proxy.respond(info, "200 OK");
});
