import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { ANSWER, SDP_HEADERS } from "../engine/support/bridged-call.ts";
import { defer } from "../engine/support/defer.ts";
import { freshHost } from "../engine/support/rig.ts";
import { SDP } from "../engine/support/sip-peer.ts";
import { TcpListener } from "../engine/support/tcp-peer.ts";
import type { PeerMessage, RequestOptions, SipPeer } from "../engine/support/sip-peer.ts";
import { finalTo, startProxy, target } from "./support.ts";
import type { ProxyRig } from "./support.ts";

interface RecordedCall {
  readonly rig: ProxyRig;
  readonly callee: SipPeer;
  readonly invite: PeerMessage;
  readonly ok: PeerMessage;
  /** Route headers of the caller's requests within the call. */
  readonly routes: readonly string[];
}

async function recordedCall(context: TestContext): Promise<RecordedCall> {
  const rig = await startProxy(context, 1, { proxy: { recordRoute: true } });
  const callee = target(rig, 0);
  const invite = rig.invite();
  const came = await callee.next("INVITE");
  const recorded = came.all("Record-Route");
  const headers = [...SDP_HEADERS, ...recorded.map((value) => `Record-Route: ${value}`)];
  callee.respond(came, "200 OK", { tag: "b", headers, body: ANSWER });
  const ok = await rig.caller.next(200);
  const routes = ok.all("Record-Route").toReversed();
  return { rig, callee, invite, ok, routes };
}

function fromCaller(call: RecordedCall, method: string, options: RequestOptions = {}): PeerMessage {
  const headers = [...call.routes.map((route) => `Route: ${route}`), ...(options.headers ?? [])];
  return call.rig.caller.requestWithin(method, { request: call.invite, response: call.ok }, { ...options, headers });
}

function fromCallee(call: RecordedCall, method: string, options: RequestOptions = {}): PeerMessage {
  return call.callee.request(method, call.rig.sip, {
    uri: call.rig.caller.uri,
    from: call.ok.get("To"),
    to: call.invite.get("From"),
    callId: call.invite.get("Call-ID"),
    ...options,
    headers: [...call.routes.map((route) => `Route: ${route}`), ...(options.headers ?? [])],
  });
}

test("one Record-Route of ours, loose and marked, when both sides are on one address", async (context) => {
  const { rig, routes } = await recordedCall(context);
  assert.equal(routes.length, 1);
  assert.match(routes[0] ?? "", new RegExp(`^<sip:${rig.sip.host}:${rig.sip.port};lr;call=[\\w-]{16}>$`));
});

test("the ACK of the 2xx goes to the callee, with one hop less and without our Route", async (context) => {
  const call = await recordedCall(context);
  fromCaller(call, "ACK", { sequence: 1 });
  const ack = await call.callee.next("ACK");
  assert.equal(ack.startLine, `ACK ${call.callee.uri} SIP/2.0`);
  assert.deepEqual(ack.all("Route"), []);
  assert.equal(ack.get("Max-Forwards"), "69");
  assert.equal(ack.all("Via").length, 2);
});

test("requests within the call pass in both directions, and their answers come back", async (context) => {
  const call = await recordedCall(context);
  fromCaller(call, "ACK", { sequence: 1 });
  await call.callee.next("ACK");
  fromCaller(call, "INFO", { sequence: 2, headers: ["Content-Type: text/plain"], body: "Signal=5" });
  const info = await call.callee.next("INFO");
  assert.equal(info.body, "Signal=5");
  call.callee.respond(info, "200 OK");
  assert.equal((await call.rig.caller.next(finalTo("2 INFO"))).status, 200);
  fromCallee(call, "BYE", { sequence: 1 });
  const bye = await call.rig.caller.next("BYE");
  assert.equal(bye.startLine, `BYE ${call.rig.caller.uri} SIP/2.0`);
  call.rig.caller.respond(bye, "200 OK");
  assert.equal((await call.callee.next(finalTo("1 BYE"))).status, 200);
});

test("a re-INVITE, its ACK and its CANCEL pass", async (context) => {
  const call = await recordedCall(context);
  fromCaller(call, "ACK", { sequence: 1 });
  await call.callee.next("ACK");
  const again = fromCaller(call, "INVITE", { sequence: 2, headers: SDP_HEADERS, body: SDP });
  const first = await call.callee.next("INVITE");
  call.callee.respond(first, "200 OK", { headers: SDP_HEADERS, body: ANSWER });
  await call.rig.caller.next(finalTo("2 INVITE"));
  fromCaller(call, "ACK", { sequence: 2 });
  assert.equal((await call.callee.next("ACK")).get("CSeq"), "2 ACK");
  assert.equal(again.get("Call-ID"), first.get("Call-ID"));
  const third = fromCaller(call, "INVITE", { sequence: 3, headers: SDP_HEADERS, body: SDP });
  const second = await call.callee.next("INVITE");
  call.callee.respond(second, "180 Ringing");
  await call.rig.caller.next(180);
  fromCaller(call, "CANCEL", { sequence: 3, branch: /branch=([^;]+)/.exec(third.get("Via"))?.[1] ?? "" });
  assert.equal((await call.rig.caller.next(finalTo("3 CANCEL"))).status, 200);
  call.callee.respond(await call.callee.next("CANCEL"), "200 OK");
  call.callee.respond(second, "487 Request Terminated");
  assert.equal((await call.rig.caller.next(finalTo("3 INVITE"))).status, 487);
});

test("PRACK and UPDATE of an early dialog pass along Record-Route", async (context) => {
  const rig = await startProxy(context, 1, { proxy: { recordRoute: true } });
  const callee = target(rig, 0);
  const invite = rig.invite({ headers: ["Supported: 100rel"] });
  const came = await callee.next("INVITE");
  const recorded = came.all("Record-Route").map((value) => `Record-Route: ${value}`);
  callee.respond(came, "183 Session Progress", { tag: "b", headers: ["Require: 100rel", "RSeq: 9", ...recorded] });
  const progress = await rig.caller.next(183);
  const routes = progress.all("Record-Route").toReversed();
  const call: RecordedCall = { rig, callee, invite, ok: progress, routes };
  fromCaller(call, "PRACK", { sequence: 2, headers: ["RAck: 9 1 INVITE"] });
  const prack = await callee.next("PRACK");
  assert.equal(prack.get("RAck"), "9 1 INVITE");
  callee.respond(prack, "200 OK");
  assert.equal((await rig.caller.next(finalTo("2 PRACK"))).status, 200);
  fromCallee(call, "UPDATE", { sequence: 1 });
  rig.caller.respond(await rig.caller.next("UPDATE"), "200 OK");
  assert.equal((await callee.next(finalTo("1 UPDATE"))).status, 200);
});

test("what did not come along our Record-Route is forwarded nowhere", async (context) => {
  const call = await recordedCall(context);
  const stranger = await call.rig.peer();
  const victim = await call.rig.peer();
  const own = `<sip:${call.rig.sip.host}:${call.rig.sip.port};lr>`;
  const marked = call.routes[0] ?? "";
  const cases = [
    { name: "no mark", route: own, callId: call.invite.get("Call-ID") },
    {
      name: "a guessed mark",
      route: marked.replace(/call=[^>]+/, "call=AAAAAAAAAAAAAAAA"),
      callId: call.invite.get("Call-ID"),
    },
    {
      name: "bytes for a mark",
      route: marked.replace(/call=[^>]+/, "call=%ff%ff%ff%ff%ff%f"),
      callId: call.invite.get("Call-ID"),
    },
    { name: "the mark of another call", route: marked, callId: "another-call" },
    { name: "no route at all", route: undefined, callId: call.invite.get("Call-ID") },
  ];
  for (const [index, { name, route, callId }] of cases.entries()) {
    stranger.request("MESSAGE", call.rig.sip, {
      uri: victim.uri,
      to: `<${victim.uri}>;tag=forged`,
      callId,
      sequence: index + 1,
      headers: route === undefined ? [] : [`Route: ${route}`],
    });
    assert.equal((await stranger.next(finalTo(`${index + 1} MESSAGE`))).status, 481, name);
  }
  stranger.request("ACK", call.rig.sip, {
    uri: victim.uri,
    to: `<${victim.uri}>;tag=forged`,
    headers: [`Route: ${own}`],
  });
  stranger.request("OPTIONS", call.rig.sip, { sequence: 9 });
  await stranger.next(finalTo("9 OPTIONS"));
  assert.deepEqual(victim.unread, []);
});

test("a hop that knows strict routing only finds its way", async (context) => {
  const call = await recordedCall(context);
  const marked = /<([^>]+)>/.exec(call.routes[0] ?? "")?.[1] ?? "";
  call.rig.caller.requestWithin(
    "INFO",
    { request: call.invite, response: call.ok },
    { sequence: 2, uri: marked, headers: [`Route: <${call.callee.uri}>`] },
  );
  const info = await call.callee.next("INFO");
  assert.equal(info.startLine, `INFO ${call.callee.uri} SIP/2.0`);
  assert.deepEqual(info.all("Route"), []);
});

test("the next route is where a request goes on", async (context) => {
  const call = await recordedCall(context);
  const further = await call.rig.peer();
  const next = `<sip:${further.host}:${further.port};lr>`;
  fromCaller(call, "INFO", { sequence: 2, headers: [`Route: ${next}`] });
  const info = await further.next("INFO");
  assert.equal(info.startLine, `INFO ${call.callee.uri} SIP/2.0`);
  assert.deepEqual(info.all("Route"), [next]);
});

test("no hops left: 483; a call that passed before a restart passes after it", async (context) => {
  const call = await recordedCall(context);
  fromCaller(call, "INFO", { sequence: 2, maxForwards: 0 });
  assert.equal((await call.rig.caller.next(finalTo("2 INFO"))).status, 483);
  const after = await startProxy(context, 0);
  call.rig.caller.request("INFO", after.sip, {
    uri: call.callee.uri,
    from: call.invite.get("From"),
    to: call.ok.get("To"),
    callId: call.invite.get("Call-ID"),
    sequence: 3,
    headers: call.routes.map((route) => `Route: ${route}`),
  });
  await call.callee.next("INFO");
});

test("each side gets a Record-Route that it can reach when the transports differ", async (context) => {
  const host = freshHost();
  const listen = [
    { transport: "udp", host, port: 5060 },
    { transport: "tcp", host, port: 5062 },
  ] as const;
  const rig = await startProxy(context, 0, { engine: { listen } });
  const calleeHost = freshHost();
  const listener = await TcpListener.open(calleeHost);
  rig.app.subscribe((request) => {
    void rig.app.proxyRequest(request, `sip:x@${calleeHost}:${listener.port};transport=tcp`, { recordRoute: true });
  });
  rig.caller.request("SUBSCRIBE", rig.sip, { headers: ["Event: presence"] });
  const peer = await listener.accepted();
  defer(context, () => {
    peer.socket.destroy();
    listener.server.close();
  });
  const subscribe = await peer.next("SUBSCRIBE");
  const sides = subscribe.all("Record-Route").map((value) => value.replace(/;call=[^>]+/, ""));
  assert.deepEqual(sides, [`<sip:${host}:5062;transport=tcp;lr>`, `<sip:${host}:5060;lr>`]);
});
