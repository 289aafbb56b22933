import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { finalResponse } from "./support/app.ts";
import type { AppRequest } from "./support/app.ts";
import { ANSWER, SDP_HEADERS } from "./support/bridged-call.ts";
import { startEngine, startRig, openPeer } from "./support/rig.ts";
import { SDP } from "./support/sip-peer.ts";
import type { PeerMessage } from "./support/sip-peer.ts";

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

const isFinal = (message: PeerMessage): boolean => (message.status ?? 0) >= 200;

test("REGISTER is answered by the application, headers under their usual names", async (context) => {
  const rig = await startRig(context);
  const phone = await rig.peer();
  rig.app.register((request, response) => {
    response.send(200, {
      headers: { contact: `${request.get("Contact")};expires=60`, "min-expires": "30", "x-trace-id": "1" },
    });
  });
  phone.request("REGISTER", rig.sip);
  const ok = await phone.next(200);
  assert.equal(ok.get("Contact"), `<${phone.uri}>;expires=60`);
  assert.match(ok.get("To"), /;tag=/);
  assert.deepEqual(ok.headers.map(([name]) => name).slice(-4), [
    "Contact",
    "Min-Expires",
    "X-Trace-Id",
    "Content-Length",
  ]);
});

test("OPTIONS out and in", async (context) => {
  const rig = await startRig(context);
  const peer = await rig.peer();
  rig.app.options((_request, response) => {
    response.send(200);
  });
  peer.request("OPTIONS", rig.sip);
  assert.equal((await peer.next(200)).status, 200);
  const request = await rig.app.request(peer.uri, { method: "OPTIONS", headers: { "User-Agent": "hub" } });
  const came = await peer.next("OPTIONS");
  assert.equal(came.get("User-Agent"), "hub");
  assert.equal(came.get("To"), `<${peer.uri}>`);
  const answered = finalResponse(request);
  peer.respond(came, "200 OK", { tag: "x" });
  assert.equal((await answered).status, 200);
});

test("MESSAGE outside a dialog keeps its body byte for byte", async (context) => {
  const rig = await startRig(context);
  const peer = await rig.peer();
  const came = Promise.withResolvers<string>();
  rig.app.message((request, response) => {
    came.resolve(request.body);
    response.send(202);
  });
  const text = Buffer.from("Grüße, 你好", "utf8").toString("latin1");
  peer.request("MESSAGE", rig.sip, { headers: ["Content-Type: text/plain;charset=utf-8"], body: text });
  assert.equal((await peer.next(202)).status, 202);
  assert.equal(await came.promise, "Grüße, 你好");
  void rig.app.request(peer.uri, { method: "MESSAGE", headers: { "Content-Type": "text/plain" }, body: "Grüße" });
  const relayed = await peer.next("MESSAGE");
  assert.equal(Buffer.from(relayed.body, "latin1").toString("utf8"), "Grüße");
  assert.equal(relayed.get("Content-Length"), "7");
});

test("createUAC answers a challenge with the next CSeq of the same call", async (context) => {
  const rig = await startRig(context);
  const callee = await rig.peer();
  const dialog = rig.app.createUAC(callee.uri, { localSdp: SDP, auth: { username: "hk", password: "secret" } });
  const first = await callee.next("INVITE");
  callee.respond(first, "401 Unauthorized", {
    tag: "c",
    headers: ['WWW-Authenticate: Digest realm="acme", nonce="n1"'],
  });
  await callee.next("ACK");
  const second = await callee.next("INVITE");
  assert.equal(second.get("Call-ID"), first.get("Call-ID"));
  assert.equal(second.get("From"), first.get("From"));
  assert.equal(Number.parseInt(second.get("CSeq"), 10), Number.parseInt(first.get("CSeq"), 10) + 1);
  const expected = md5(`${md5("hk:acme:secret")}:n1:${md5(`INVITE:${callee.uri}`)}`);
  assert.match(second.get("Authorization"), new RegExp(`response="${expected}"`));
  callee.respond(second, "200 OK", { tag: "d", headers: SDP_HEADERS, body: ANSWER });
  await callee.next("ACK");
  const bye = (await dialog).destroy();
  callee.respond(await callee.next("BYE"), "200 OK");
  await bye;
});

test("a request goes to the outbound proxy that the application names, its Request-URI as it is", async (context) => {
  const rig = await startRig(context);
  const proxy = await rig.peer();
  void rig.app.request("sip:4000@london.example", { method: "OPTIONS", proxy: `sip:${proxy.host}:${proxy.port}` });
  const came = await proxy.next("OPTIONS");
  assert.equal(came.startLine, "OPTIONS sip:4000@london.example SIP/2.0");
});

test("an application's From, To, Max-Forwards and Call-ID stand; localhost is our address", async (context) => {
  const rig = await startRig(context);
  const peer = await rig.peer();
  const headers = {
    From: '"Al, B" <sip:1000@localhost>;tag=mine',
    To: "sip:4000@acme",
    "Max-Forwards": "9",
    "Call-ID": "my-call",
  };
  void rig.app.request(peer.uri, { method: "OPTIONS", headers });
  const came = await peer.next("OPTIONS");
  assert.equal(came.get("From"), `"Al, B" <sip:1000@${rig.sip.host}:${rig.sip.port}>;tag=mine`);
  assert.equal(came.get("To"), "<sip:4000@acme>");
  assert.equal(came.get("Max-Forwards"), "9");
  assert.equal(came.get("Call-ID"), "my-call");
});

test("requests that cannot be sent are refused with a reason", async (context) => {
  const rig = await startRig(context);
  const peer = await rig.peer();
  const own = `sip:${rig.sip.host}:${rig.sip.port}`;
  await assert.rejects(rig.app.request(own, { method: "OPTIONS" }), { message: "can not send request to myself" });
  await assert.rejects(rig.app.request(peer.uri, { method: "MESSAGE", body: "x" }), {
    message: "missing content-type",
  });
  await assert.rejects(rig.app.request("sip:a@b;transport=tcp", { method: "OPTIONS" }), {
    message: "requested protocol/transport not available",
  });
  await assert.rejects(rig.app.request("mailto:a@b", { method: "OPTIONS" }), { message: /^invalid request-uri/ });
});

const REFUSED: readonly {
  readonly name: string;
  readonly method: string;
  readonly status: number;
  readonly header?: string;
  readonly options?: object;
}[] = [
  { name: "an unknown method", method: "FROBNICATE", status: 501, header: "Allow" },
  { name: "a method that only looks known", method: "INVITEX", status: 501 },
  { name: "a method in lower case", method: "invite", status: 501 },
  { name: "a percent-encoded method", method: "RE%47IST%45R", status: 501 },
  { name: "a method that no application wants", method: "PUBLISH", status: 405, header: "Allow" },
  { name: "an INVITE without hops left", method: "INVITE", status: 483, options: { maxForwards: 0 } },
  { name: "a BYE without dialog", method: "BYE", status: 481 },
  { name: "an UPDATE without dialog", method: "UPDATE", status: 481 },
  { name: "an INVITE with a foreign To tag", method: "INVITE", status: 481, options: { to: "<sip:a@b>;tag=x" } },
  {
    name: "Proxy-Require",
    method: "INVITE",
    status: 420,
    header: "Unsupported",
    options: { headers: ["Proxy-Require: gin"] },
  },
  { name: "a scheme that is not ours", method: "INVITE", status: 416, options: { uri: "mailto:a@b" } },
];

for (const { name, method, status, header, options } of REFUSED) {
  test(`${name} is answered ${status} without the application`, async (context) => {
    const rig = await startRig(context);
    const peer = await rig.peer();
    let asked = 0;
    rig.app.invite(() => {
      asked += 1;
    });
    rig.app.options((_request, response) => {
      response.send(200);
    });
    peer.request("OPTIONS", rig.sip);
    await peer.next(200); // the routes are known by now
    peer.request(method, rig.sip, options);
    const answer = await peer.next(isFinal);
    assert.equal(answer.status, status);
    assert.match(answer.get("To"), /;tag=/);
    assert.notEqual(header === undefined ? "none" : answer.get(header), "");
    assert.equal(asked, 0);
  });
}

test("without any application, a request is answered 503 with Retry-After", async (context) => {
  const { sip } = await startEngine(context);
  const peer = await openPeer(context);
  peer.request("INVITE", sip);
  const answer = await peer.next(isFinal);
  assert.equal(answer.status, 503);
  assert.equal(answer.get("Retry-After"), "5");
});

test("the same INVITE on another way is a loop", async (context) => {
  const rig = await startRig(context);
  const peer = await rig.peer();
  rig.app.invite(() => undefined);
  const invite = peer.request("INVITE", rig.sip, { headers: SDP_HEADERS, body: SDP });
  await peer.next(100);
  peer.request("INVITE", rig.sip, { callId: invite.get("Call-ID"), from: invite.get("From") });
  assert.equal((await peer.next(isFinal)).status, 482);
});

test("more open requests than the limit are refused", async (context) => {
  const rig = await startRig(context, { limits: { openRequests: 1 } });
  const peer = await rig.peer();
  const asked = Promise.withResolvers<void>();
  rig.app.invite(() => {
    asked.resolve();
  });
  peer.request("INVITE", rig.sip);
  await asked.promise;
  peer.request("INVITE", rig.sip);
  assert.equal((await peer.next(isFinal)).status, 503);
});

test("an answer that comes twice, or for nothing, is not sent", async (context) => {
  const rig = await startRig(context);
  const peer = await rig.peer();
  const failed = Promise.withResolvers<unknown>();
  rig.app.invite((request, response) => {
    request.on("cancel", () => {
      response.send(487, {}, (error) => {
        failed.resolve(error);
      });
    });
  });
  const invite = peer.request("INVITE", rig.sip);
  await peer.next(100);
  peer.request("CANCEL", rig.sip, {
    callId: invite.get("Call-ID"),
    from: invite.get("From"),
    branch: /branch=([^;]+)/.exec(invite.get("Via"))?.[1] ?? "",
  });
  assert.equal(await failed.promise, "Response not sent due to unknown transaction");
});

test("a subscription: NOTIFY may come before its 200, and the last one ends it", async (context) => {
  const rig = await startRig(context);
  const notifier = await rig.peer();
  rig.app.notify((_request, response) => {
    response.send(200);
  });
  const dialog = rig.app.createUAC(notifier.uri, {
    method: "SUBSCRIBE",
    headers: { From: `<sip:peer@${notifier.host}>`, Event: "presence", Expires: "60" },
  });
  const subscribe = await notifier.next("SUBSCRIBE");
  const notify = {
    from: `${subscribe.get("To")};tag=n`,
    to: subscribe.get("From"),
    callId: subscribe.get("Call-ID"),
    uri: "sip:x@y",
  };
  notifier.request("NOTIFY", rig.sip, { ...notify, headers: ["Event: presence", "Subscription-State: pending"] });
  assert.equal((await notifier.next(200)).get("CSeq"), "1 NOTIFY");
  notifier.respond(subscribe, "200 OK", { tag: "n", headers: ["Expires: 60"] });
  const ended = once(await dialog, "destroy");
  notifier.request("NOTIFY", rig.sip, {
    ...notify,
    sequence: 2,
    headers: ["Event: presence", "Subscription-State: terminated"],
  });
  assert.equal((await notifier.next(200)).get("CSeq"), "2 NOTIFY");
  await ended;
});

test("a reliable provisional answer is repeated until its PRACK", async (context) => {
  const rig = await startRig(context, { timers: { t1Ms: 20 } });
  const caller = await rig.peer();
  const invites = Promise.withResolvers<AppRequest>();
  rig.app.invite((request, response) => {
    invites.resolve(request);
    response.send(183, { headers: { Require: "100rel" }, body: ANSWER });
  });
  const invite = caller.request("INVITE", rig.sip, { headers: [...SDP_HEADERS, "Supported: 100rel"], body: SDP });
  const first = await caller.next(183);
  const again = await caller.next(183);
  assert.equal(again.text, first.text);
  assert.match(first.get("RSeq"), /^\d+$/);
  const prack = { request: invite, response: first };
  caller.requestWithin("PRACK", prack, { sequence: 2, headers: [`RAck: ${Number(first.get("RSeq")) + 1} 1 INVITE`] });
  assert.equal((await caller.next((message) => message.get("CSeq") === "2 PRACK")).status, 481);
  caller.requestWithin("PRACK", prack, { sequence: 3, headers: [`RAck: ${first.get("RSeq")} 1 INVITE`] });
  assert.equal((await caller.next((message) => message.get("CSeq") === "3 PRACK")).status, 200);
});

test("100rel towards a caller that does not know it is refused", async (context) => {
  const rig = await startRig(context);
  const caller = await rig.peer();
  const failed = Promise.withResolvers<unknown>();
  rig.app.invite((_request, response) => {
    response.send(183, { headers: { Require: "100rel" } }, (error) => {
      failed.resolve(error);
    });
  });
  caller.request("INVITE", rig.sip);
  assert.equal(await failed.promise, "Remote endpoint does not support 100rel");
});
