import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SECRET, handler } from "./support/app.ts";
import type { AppMessage, AppRequest, AppResponse } from "./support/app.ts";
import { ANSWER, SDP_HEADERS, calleeRequest, establishCall } from "./support/bridged-call.ts";
import { defer } from "./support/defer.ts";
import type { RecordedFrame } from "./support/recording.ts";
import { RawApp } from "./support/replay.ts";
import { openPeer, startEngine, startRig } from "./support/rig.ts";
import { SDP } from "./support/sip-peer.ts";
import type { PeerMessage, SipPeer } from "./support/sip-peer.ts";

const finalTo = (cseq: string) => (message: PeerMessage) =>
  (message.status ?? 0) >= 200 && message.get("CSeq") === cseq;

/** An INVITE of a raw application, as the callee has it. */
async function startCall(context: TestContext) {
  const { engine } = await startEngine(context);
  const callee = await openPeer(context);
  const app = await RawApp.connect(engine.controlAddress);
  defer(context, () => app.close());
  app.send(`a|authenticate|${SECRET}|`);
  app.send(`i|sip||\r\nINVITE ${callee.uri} SIP/2.0\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`);
  const invite = await callee.next("INVITE");
  const next = (start: string): Promise<RecordedFrame> =>
    app.next((frame) => frame.tokens[1] === "sip" && frame.message?.startsWith(start) === true, start);
  return { engine, app, callee, invite, next };
}

function progress(callee: SipPeer, invite: PeerMessage, tag: string, sequence: number): void {
  const headers = [...SDP_HEADERS, "Require: 100rel", `RSeq: ${sequence}`];
  callee.respond(invite, "183 Session Progress", { tag, headers, body: ANSWER });
}

test("two forks that ring: each early dialog has a name, its own PRACK and its own CSeq", async (context) => {
  const { app, callee, invite, next } = await startCall(context);
  const names: string[] = [];
  for (const [index, tag] of ["one", "two"].entries()) {
    progress(callee, invite, tag, 10 + index);
    const frame = await next("SIP/2.0 183");
    names.push(frame.tokens[9] ?? "");
  }
  const [one = "", two = ""] = names;
  assert.match(one, /;from-tag=[^;]+$/);
  assert.equal(two, `${one};to-tag=two`);
  for (const [name, tag, rack] of [
    [two, "two", 11],
    [one, "one", 10],
  ] as const) {
    const sequence = invite.get("CSeq").split(" ")[0];
    app.send(`p|sip||${name}\r\nPRACK sip:placeholder SIP/2.0\r\nRAck: ${rack} ${sequence} INVITE\r\n\r\n`);
    const prack = await callee.next("PRACK");
    assert.match(prack.get("To"), new RegExp(`;tag=${tag}$`));
    callee.respond(prack, "200 OK");
  }
  app.send(`u|sip||${one}\r\nUPDATE sip:placeholder SIP/2.0\r\n\r\n`);
  const update = await callee.next("UPDATE");
  assert.match(update.get("To"), /;tag=one$/);
  callee.respond(update, "200 OK");
});

test("repetitions of reliable responses are told once for each fork, and in their order", async (context) => {
  const { callee, invite, next } = await startCall(context);
  for (const [tag, sequence] of [
    ["one", 5],
    ["two", 5],
    ["one", 5],
    ["two", 7],
    ["two", 6],
  ] as const) {
    progress(callee, invite, tag, sequence);
  }
  callee.respond(invite, "180 Ringing", { tag: "end" });
  const told: string[] = [];
  for (let frame = await next("SIP/2.0 18"); !frame.text.includes("180 Ringing"); frame = await next("SIP/2.0 18")) {
    told.push(/;tag=(\w+)\r\nCall-ID[^]*RSeq: (\d)/.exec(frame.text)?.slice(1).join() ?? frame.text);
  }
  assert.deepEqual(told, ["one,5", "two,5", "two,6"]);
});

test("the fork that answers has the plain name, the others are gone", async (context) => {
  const { engine, app, callee, invite, next } = await startCall(context);
  progress(callee, invite, "one", 1);
  const plain = (await next("SIP/2.0 183")).tokens[9] ?? "";
  progress(callee, invite, "two", 1);
  const second = (await next("SIP/2.0 183")).tokens[9] ?? "";
  callee.respond(invite, "200 OK", { tag: "two", headers: SDP_HEADERS, body: ANSWER });
  assert.equal((await next("SIP/2.0 200")).tokens[9], plain);
  app.send(`k|sip||${plain}\r\nACK sip:placeholder SIP/2.0\r\n\r\n`);
  assert.match((await callee.next("ACK")).get("To"), /;tag=two$/);
  assert.equal(engine.stats().dialogs, 1);
  app.send(`x|sip||${second}\r\nINFO sip:placeholder SIP/2.0\r\n\r\n`);
  const answer = await app.next((frame) => frame.tokens[2] === "x", "x");
  assert.equal(answer.tokens[3], "NOK");
});

test("a request of a fork that rings reaches the application under the name of that fork", async (context) => {
  const { app, callee, invite, next } = await startCall(context);
  progress(callee, invite, "one", 1);
  await next("SIP/2.0 183");
  progress(callee, invite, "two", 1);
  const name = (await next("SIP/2.0 183")).tokens[9];
  const via = /SIP\/2\.0\/UDP ([^:;]+):(\d+)/.exec(invite.get("Via"));
  callee.request(
    "UPDATE",
    { host: via?.[1] ?? "", port: Number(via?.[2]) },
    {
      uri: /<([^>]+)>/.exec(invite.get("Contact"))?.[1] ?? "",
      from: `${invite.get("To")};tag=two`,
      to: invite.get("From"),
      callId: invite.get("Call-ID"),
      headers: SDP_HEADERS,
      body: SDP,
    },
  );
  const update = await next("UPDATE");
  assert.equal(update.tokens[9], name);
  app.send(`r|sip|${update.tokens[8]}|\r\nSIP/2.0 200 OK\r\n\r\n`);
  const ok = await callee.next(finalTo("1 UPDATE"));
  assert.match(ok.get("Contact"), /<sip:/, "RFC 3311 asks for a Contact");
});

test("more early dialogs than a fork can have do not fill the table", async (context) => {
  const { engine, callee, invite, next } = await startCall(context);
  for (let count = 0; count < 40; count += 1) {
    callee.respond(invite, "180 Ringing", { tag: `t${count}` });
    await next("SIP/2.0 180");
  }
  assert.equal(engine.stats().dialogs, 32);
});

test("a 2xx without To tag is a dialog whose tag is empty, and one without Contact is the application's to judge", async (context) => {
  const rig = await startRig(context);
  const callee = await rig.peer();
  const failed = assert.rejects(rig.app.createUAC(callee.uri, { localSdp: SDP }), { status: 500 });
  const invite = await callee.next("INVITE");
  callee.respond(invite, "200 OK", { headers: SDP_HEADERS, body: ANSWER, contact: false });
  assert.equal((await callee.next("ACK")).get("To"), invite.get("To"));
  callee.respond(await callee.next("BYE"), "200 OK");
  await failed;
  const dialog = rig.app.createUAC(callee.uri, { localSdp: SDP });
  callee.respond(await callee.next("INVITE"), "200 OK", { headers: SDP_HEADERS, body: ANSWER });
  await callee.next("ACK");
  const ended = (await dialog).destroy();
  callee.respond(await callee.next("BYE"), "200 OK");
  await ended;
});

test("of two tags in the To of a response the first counts, as SIPp scenarios expect", async (context) => {
  const rig = await startRig(context);
  const call = await establishCall(rig);
  const modified = call.uac.modify(SDP);
  const again = await call.callee.next("INVITE");
  const tag = /;tag=.*/.exec(again.get("To"))?.[0] ?? "";
  const doubled = call.callee.respond(again, "200 OK", { headers: SDP_HEADERS, body: ANSWER });
  call.callee.send(doubled.text.replace(`${tag}\r\nCall-ID`, `${tag};tag=other\r\nCall-ID`));
  await modified;
});

test("a caller's PRACK reaches the application, which hears of it by its callback", async (context) => {
  const rig = await startRig(context);
  const caller = await rig.peer();
  const acknowledged = Promise.withResolvers<AppRequest>();
  rig.app.invite((_request, response) => {
    const options = { headers: { Require: "100rel" }, body: ANSWER };
    response.send(183, options, undefined, (prack) => acknowledged.resolve(prack));
  });
  const invite = caller.request("INVITE", rig.sip, { headers: [...SDP_HEADERS, "Supported: 100rel"], body: SDP });
  const reliable = await caller.next(183);
  assert.match(reliable.get("Contact"), /<sip:/);
  const headers = [`RAck: ${reliable.get("RSeq")} 1 INVITE`];
  caller.requestWithin("PRACK", { request: invite, response: reliable }, { sequence: 2, headers });
  assert.equal((await caller.next(finalTo("2 PRACK"))).status, 200);
  assert.equal((await acknowledged.promise).get("RAck"), headers[0]?.slice(6));
  caller.requestWithin(
    "PRACK",
    { request: invite, response: reliable },
    { sequence: 3, headers: ["RAck: 1 1 INVITE"] },
  );
  assert.equal((await caller.next(finalTo("3 PRACK"))).status, 481, "of nothing that was sent");
});

test("a 2xx waits for the PRACK of what described the session before it", async (context) => {
  const rig = await startRig(context, { timers: { t1Ms: 30 } });
  const caller = await rig.peer();
  rig.app.invite((request, response) => {
    response.send(183, { headers: { Require: "100rel" }, body: ANSWER });
    void rig.app.createUAS(request, response, { localSdp: ANSWER });
  });
  const invite = caller.request("INVITE", rig.sip, { headers: [...SDP_HEADERS, "Supported: 100rel"], body: SDP });
  const reliable = await caller.next(183);
  await caller.next(183);
  assert.deepEqual(
    caller.unread.filter(({ status }) => status === 200),
    [],
  );
  const headers = [`RAck: ${reliable.get("RSeq")} 1 INVITE`];
  caller.requestWithin("PRACK", { request: invite, response: reliable }, { sequence: 2, headers });
  const ok = await caller.next(finalTo("1 INVITE"));
  assert.equal(ok.status, 200);
  assert.equal(ok.get("To"), reliable.get("To"));
  caller.requestWithin("ACK", { request: invite, response: ok }, { sequence: 1 });
});

test("a caller that gives up while the 2xx waits gets 487", async (context) => {
  const rig = await startRig(context);
  const caller = await rig.peer();
  const cancelled = Promise.withResolvers<AppMessage>();
  rig.app.invite((request, response) => {
    request.on("cancel", cancelled.resolve);
    response.send(183, { headers: { Require: "100rel" }, body: ANSWER });
    response.send(200, { body: ANSWER });
  });
  const invite = caller.request("INVITE", rig.sip, { headers: [...SDP_HEADERS, "Supported: 100rel"], body: SDP });
  await caller.next(183);
  caller.request("CANCEL", rig.sip, {
    callId: invite.get("Call-ID"),
    from: invite.get("From"),
    branch: /branch=([^;]+)/.exec(invite.get("Via"))?.[1] ?? "",
  });
  assert.equal((await caller.next(finalTo("1 INVITE"))).status, 487);
  while (rig.engine.stats().dialogs + rig.engine.stats().openRequests > 0) {
    await new Promise(setImmediate);
  }
});

test("a second UPDATE before the first is answered: 500; one that meets ours with an offer: 491", async (context) => {
  const rig = await startRig(context);
  const call = await establishCall(rig);
  const first = Promise.withResolvers<() => void>();
  call.uac.on("update", (_request: AppRequest, response: AppResponse) => {
    first.resolve(() => response.send(200));
  });
  calleeRequest(call, "UPDATE", { sequence: 1 });
  const answer = await first.promise;
  calleeRequest(call, "UPDATE", { sequence: 2 });
  const refused = await call.callee.next(finalTo("2 UPDATE"));
  assert.equal(refused.status, 500);
  assert.notEqual(refused.get("Retry-After"), "");
  answer();
  assert.equal((await call.callee.next(finalTo("1 UPDATE"))).status, 200);
  const headers = { "Content-Type": "application/sdp" };
  const ours = call.uac.request({ method: "UPDATE", headers, body: SDP });
  const sent = await call.callee.next("UPDATE");
  calleeRequest(call, "UPDATE", { sequence: 3, headers: SDP_HEADERS, body: SDP });
  assert.equal((await call.callee.next(finalTo("3 UPDATE"))).status, 491);
  calleeRequest(call, "INVITE", { sequence: 4, headers: SDP_HEADERS, body: SDP });
  assert.equal((await call.callee.next(finalTo("4 INVITE"))).status, 491);
  call.callee.respond(sent, "200 OK");
  await ours;
  call.uac.removeAllListeners("update");
  calleeRequest(call, "UPDATE", { sequence: 5, headers: SDP_HEADERS, body: SDP });
  assert.equal((await call.callee.next(finalTo("5 UPDATE"))).status, 200);
});

test("an UPDATE with an offer while the peer's re-INVITE waits is refused", async (context) => {
  const rig = await startRig(context);
  const call = await establishCall(rig);
  call.uac.on("modify", () => undefined);
  calleeRequest(call, "INVITE", { sequence: 1, headers: SDP_HEADERS, body: SDP });
  await call.callee.next(100);
  calleeRequest(call, "UPDATE", { sequence: 2, headers: SDP_HEADERS, body: SDP });
  assert.equal((await call.callee.next(finalTo("2 UPDATE"))).status, 500);
});

test("UPDATE before the call is answered reaches the application on both sides of a bridge", async (context) => {
  const rig = await startRig(context);
  const caller = await rig.peer();
  const callee = await rig.peer();
  rig.app.invite(
    handler(async (request, response) => {
      await rig.app.createB2BUA(request, response, callee.uri, { localSdpB: request.body });
    }),
  );
  const headers = [...SDP_HEADERS, "Supported: 100rel"];
  const invite = caller.request("INVITE", rig.sip, { headers, body: SDP });
  const second = await callee.next("INVITE");
  callee.respond(second, "183 Session Progress", { tag: "b", headers: SDP_HEADERS, body: ANSWER });
  const reliable = await caller.next(183);
  caller.requestWithin(
    "UPDATE",
    { request: invite, response: reliable },
    { sequence: 2, headers: SDP_HEADERS, body: SDP },
  );
  assert.equal((await caller.next(finalTo("2 UPDATE"))).status, 200);
});
