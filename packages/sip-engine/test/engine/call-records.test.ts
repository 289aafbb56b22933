import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SECRET } from "./support/app.ts";
import { ANSWER, SDP_HEADERS, bridgeTo, establishCall } from "./support/bridged-call.ts";
import { defer } from "./support/defer.ts";
import { RawApp } from "./support/replay.ts";
import { startRig } from "./support/rig.ts";
import type { Rig } from "./support/rig.ts";
import { SDP } from "./support/sip-peer.ts";

/** An application that asks for records and nothing else; gives the next record without its time. */
async function recorder(context: TestContext, rig: Rig): Promise<() => Promise<string>> {
  const app = await RawApp.connect(rig.engine.controlAddress);
  defer(context, () => app.close());
  app.send(`a|authenticate|${SECRET}|`);
  for (const kind of ["attempt", "start", "stop"]) {
    app.send(`${kind}|route|cdr:${kind}`);
    const answer = await app.next((frame) => frame.tokens[2] === kind, kind);
    assert.equal(answer.tokens[3], "OK");
  }
  return async () => {
    const frame = await app.next((candidate) => candidate.tokens[1]?.startsWith("cdr:") === true, "a record");
    const [, kind, source, time, ...details] = frame.tokens;
    assert.match(time ?? "", /^\d\d:\d\d:\d\d\.\d{6}$/);
    const startLine = frame.message?.split("\r\n")[0] ?? "";
    const subject = startLine.startsWith("SIP/") ? startLine.split(" ")[1] : startLine.split(" ")[0];
    return [kind, source, ...details, subject].join(" ");
  };
}

async function records(next: () => Promise<string>, count: number): Promise<readonly string[]> {
  const list: string[] = [];
  while (list.length < count) {
    list.push(await next());
  }
  return list.toSorted();
}

test("a bridged call: two attempts, two starts, two stops", async (context) => {
  const rig = await startRig(context);
  const next = await recorder(context, rig);
  const call = await establishCall(rig);
  assert.deepEqual(await records(next, 4), [
    "cdr:attempt application INVITE",
    "cdr:attempt network INVITE",
    "cdr:start application uas 200",
    "cdr:start network uac 200",
  ]);
  call.caller.requestWithin("BYE", call.a, { sequence: 2 });
  call.callee.respond(await call.callee.next("BYE"), "200 OK");
  assert.deepEqual(await records(next, 2), [
    "cdr:stop application normal-release BYE",
    "cdr:stop network normal-release BYE",
  ]);
});

test("a refused and a cancelled call are stopped without a start", async (context) => {
  const rig = await startRig(context);
  const next = await recorder(context, rig);
  const caller = await rig.peer();
  const callee = await rig.peer();
  bridgeTo(rig, callee.uri).catch(() => undefined);
  caller.request("INVITE", rig.sip, { headers: SDP_HEADERS, body: SDP });
  callee.respond(await callee.next("INVITE"), "486 Busy Here", { tag: "b" });
  assert.deepEqual((await records(next, 4)).slice(2), [
    "cdr:stop application call-rejected 486",
    "cdr:stop network call-rejected 486",
  ]);
  const invite = caller.request("INVITE", rig.sip, { headers: SDP_HEADERS, body: SDP });
  const second = await callee.next("INVITE");
  callee.respond(second, "180 Ringing", { tag: "b" });
  await caller.next(180);
  caller.request("CANCEL", rig.sip, {
    callId: invite.get("Call-ID"),
    from: invite.get("From"),
    branch: /branch=([^;]+)/.exec(invite.get("Via"))?.[1] ?? "",
  });
  callee.respond(await callee.next("CANCEL"), "200 OK");
  callee.respond(second, "487 Request Terminated", { tag: "b" });
  assert.deepEqual((await records(next, 4)).slice(2), [
    "cdr:stop network call-canceled 487",
    "cdr:stop network call-canceled INVITE",
  ]);
});

test("a call that nobody takes is an attempt and a stop", async (context) => {
  const rig = await startRig(context);
  const next = await recorder(context, rig);
  const caller = await rig.peer();
  caller.request("INVITE", rig.sip, { headers: SDP_HEADERS, body: SDP });
  assert.deepEqual(await records(next, 2), ["cdr:attempt network INVITE", "cdr:stop application call-rejected 503"]);
});

test("a proxied call has records on both sides", async (context) => {
  const rig = await startRig(context);
  const next = await recorder(context, rig);
  const caller = await rig.peer();
  const callee = await rig.peer();
  rig.app.invite((request) => {
    rig.app.proxyRequest(request, callee.uri).catch(() => undefined);
  });
  caller.request("INVITE", rig.sip, { headers: SDP_HEADERS, body: SDP });
  callee.respond(await callee.next("INVITE"), "200 OK", { tag: "b", headers: SDP_HEADERS, body: ANSWER });
  assert.deepEqual(await records(next, 4), [
    "cdr:attempt application INVITE",
    "cdr:attempt network INVITE",
    "cdr:start application proxy-uas 200",
    "cdr:start network proxy-uac 200",
  ]);
});

test("drachtio-srf hands records to its cdr listeners", async (context) => {
  const rig = await startRig(context);
  const told = Promise.withResolvers<readonly unknown[]>();
  rig.app.on("cdr:stop", (...details: readonly unknown[]) => told.resolve(details.slice(0, 3)));
  const caller = await rig.peer();
  rig.app.invite((_request, response) => response.send(480));
  caller.request("INVITE", rig.sip, { headers: SDP_HEADERS, body: SDP });
  const [source, , reason] = await told.promise;
  assert.deepEqual([source, reason], ["application", "call-rejected"]);
});
