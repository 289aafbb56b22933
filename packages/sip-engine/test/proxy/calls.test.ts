import assert from "node:assert/strict";
import { test } from "node:test";
import { ANSWER, SDP_HEADERS } from "../engine/support/bridged-call.ts";
import { SDP } from "../engine/support/sip-peer.ts";
import type { PeerMessage, SipPeer } from "../engine/support/sip-peer.ts";
import { finalTo, startProxy, target } from "./support.ts";
import type { ProxyRig } from "./support.ts";

const BUSY = "486 Busy Here";

function answer(peer: SipPeer, invite: PeerMessage, tag: string): PeerMessage {
  return peer.respond(invite, "200 OK", { tag, headers: SDP_HEADERS, body: ANSWER });
}

async function refuse(peer: SipPeer, status: string): Promise<PeerMessage> {
  const invite = await peer.next("INVITE");
  peer.respond(invite, status, { tag: "t", contact: false });
  await peer.next("ACK");
  return invite;
}

/** Fails when one of the peers was sent something that the test did not take. */
function assertQuiet(rig: ProxyRig): void {
  for (const peer of rig.targets) {
    assert.deepEqual(
      peer.unread.map((message) => message.startLine),
      [],
    );
  }
}

test("a request passes with one hop less, our Via on top and everything else as it was", async (context) => {
  const rig = await startProxy(context, 1);
  const sent = rig.invite({ headers: ["X-Custom: a;b", "Subject: lunch"] });
  const came = await target(rig, 0).next("INVITE");
  assert.equal(came.startLine, `INVITE ${target(rig, 0).uri} SIP/2.0`, "a Request-URI of ours becomes the target");
  assert.equal(came.all("Via").length, 2);
  assert.match(came.get("Via"), new RegExp(`^SIP/2.0/UDP ${rig.sip.host}:${rig.sip.port};branch=z9hG4bK`));
  assert.equal(came.get("Max-Forwards"), "69");
  assert.deepEqual(came.all("Record-Route"), []);
  for (const name of ["From", "To", "Call-ID", "CSeq", "Contact", "X-Custom", "Subject"]) {
    assert.deepEqual(came.all(name), sent.all(name), name);
  }
  assert.equal(came.body, SDP);
  target(rig, 0).respond(came, "180 Ringing", { tag: "b" });
  assert.equal((await rig.caller.next(180)).all("Via").length, 1);
  const answered = answer(target(rig, 0), came, "b");
  const ok = await rig.caller.next(200);
  assert.equal(ok.get("Contact"), answered.get("Contact"));
  assert.equal(ok.body, ANSWER);
  const results = await rig.results;
  assert.equal(results.connected, true);
  assert.equal(results.responses[0]?.address, target(rig, 0).host);
  assert.deepEqual(
    results.responses[0]?.msgs.map(({ status }) => status),
    [200],
  );
});

test("a Request-URI of somebody else stays, and the application's headers are put on", async (context) => {
  const rig = await startProxy(context, 1, { proxy: { headers: { "X-Route": "hub", Subject: "new", To: "sip:x@y" } } });
  const sent = rig.invite({ uri: "sip:bob@example.com", headers: ["Subject: old"] });
  const came = await target(rig, 0).next("INVITE");
  assert.equal(came.startLine, "INVITE sip:bob@example.com SIP/2.0");
  assert.equal(came.get("X-Route"), "hub");
  assert.deepEqual(came.all("Subject"), ["new"]);
  assert.equal(came.get("To"), sent.get("To"), "an application that proxies does not change the dialog");
});

test("serial: the next target is tried when one refuses, and the application hears of all", async (context) => {
  const rig = await startProxy(context, 3);
  rig.invite();
  await refuse(target(rig, 0), "404 Not Found");
  await refuse(target(rig, 1), BUSY);
  answer(target(rig, 2), await target(rig, 2).next("INVITE"), "c");
  assert.equal((await rig.caller.next(finalTo("1 INVITE"))).status, 200);
  const { responses, finalStatus } = await rig.results;
  assert.deepEqual(responses.map(({ msgs }) => msgs.map(({ status }) => status)).flat(), [404, 486, 200]);
  assert.equal(finalStatus, 200);
  assertQuiet(rig);
});

test("the best response goes upstream when all refuse: the lowest class, and what helps to try again", async (context) => {
  const rig = await startProxy(context, 4, { proxy: { forking: "simultaneous" } });
  rig.invite();
  await refuse(target(rig, 0), "500 Server Internal Error");
  await refuse(target(rig, 1), "404 Not Found");
  await refuse(target(rig, 2), "484 Address Incomplete");
  await refuse(target(rig, 3), BUSY);
  const final = await rig.caller.next(finalTo("1 INVITE"));
  assert.equal(final.startLine, "SIP/2.0 484 Address Incomplete");
  assert.equal((await rig.results).connected, false);
});

test("challenges of all branches reach the caller in one response", async (context) => {
  const rig = await startProxy(context, 2, { proxy: { forking: "simultaneous" } });
  rig.invite();
  for (const [index, name] of ["WWW-Authenticate", "Proxy-Authenticate"].entries()) {
    const invite = await target(rig, index).next("INVITE");
    const headers = [`${name}: Digest realm="r${index}", nonce="n${index}"`];
    target(rig, index).respond(invite, index === 0 ? "401 Unauthorized" : "407 Proxy Authentication Required", {
      tag: `t${index}`,
      headers,
    });
  }
  const final = await rig.caller.next(finalTo("1 INVITE"));
  assert.equal(final.status, 401);
  assert.match(final.get("WWW-Authenticate"), /realm="r0"/);
  assert.match(final.get("Proxy-Authenticate"), /realm="r1"/);
});

test("serial: a challenge ends the search, so that the caller can answer it", async (context) => {
  const rig = await startProxy(context, 2);
  rig.invite();
  await refuse(target(rig, 0), "407 Proxy Authentication Required");
  assert.equal((await rig.caller.next(finalTo("1 INVITE"))).status, 407);
  assertQuiet(rig);
});

test("a 503 of the only target becomes 500: it is not we who are out of service", async (context) => {
  const rig = await startProxy(context, 1);
  rig.invite();
  await refuse(target(rig, 0), "503 Service Unavailable");
  assert.equal((await rig.caller.next(finalTo("1 INVITE"))).status, 500);
  assert.equal((await rig.results).finalStatus, 503);
});

test("simultaneous: all ring, the first 2xx wins, the others are cancelled and told why", async (context) => {
  const rig = await startProxy(context, 3, { proxy: { forking: "simultaneous" } });
  rig.invite();
  const invites = await Promise.all(rig.targets.map((peer) => peer.next("INVITE")));
  for (const [index, invite] of invites.entries()) {
    assert.equal(invite.get("Max-Breadth"), "3", "the breadth is shared among the branches");
    target(rig, index).respond(invite, "180 Ringing", { tag: `t${index}` });
    assert.match((await rig.caller.next(180)).get("To"), new RegExp(`tag=t${index}$`), "each branch is heard");
  }
  answer(target(rig, 1), invites[1] ?? assert.fail(), "t1");
  assert.match((await rig.caller.next(200)).get("To"), /tag=t1$/);
  for (const index of [0, 2]) {
    const cancel = await target(rig, index).next("CANCEL");
    assert.equal(cancel.get("Via"), invites[index]?.get("Via"));
    assert.match(cancel.get("Reason"), /cause=200;text="Call completed elsewhere"/);
    target(rig, index).respond(cancel, "200 OK");
    target(rig, index).respond(invites[index] ?? assert.fail(), "487 Request Terminated", { tag: `t${index}` });
    await target(rig, index).next("ACK");
  }
  assert.equal((await rig.results).finalStatus, 200);
});

test("every 2xx of every branch reaches the caller, repetitions too", async (context) => {
  const rig = await startProxy(context, 2, { proxy: { forking: "simultaneous" } });
  rig.invite();
  const first = await target(rig, 0).next("INVITE");
  const second = await target(rig, 1).next("INVITE");
  answer(target(rig, 0), first, "a");
  assert.match((await rig.caller.next(200)).get("To"), /tag=a$/);
  answer(target(rig, 1), second, "b");
  assert.match((await rig.caller.next(200)).get("To"), /tag=b$/);
  answer(target(rig, 0), first, "a");
  assert.match((await rig.caller.next(200)).get("To"), /tag=a$/);
  answer(target(rig, 0), first, "fork-of-a");
  assert.match((await rig.caller.next(200)).get("To"), /tag=fork-of-a$/);
});

test("a 6xx ends the search: the others are cancelled, no further target rings, and it goes upstream last", async (context) => {
  const rig = await startProxy(context, 2, { proxy: { forking: "simultaneous" } });
  rig.invite();
  const ringing = await target(rig, 0).next("INVITE");
  target(rig, 0).respond(ringing, "180 Ringing", { tag: "a" });
  await rig.caller.next(180);
  await refuse(target(rig, 1), "603 Decline");
  const cancel = await target(rig, 0).next("CANCEL");
  target(rig, 0).respond(cancel, "200 OK");
  assert.deepEqual(
    rig.caller.unread.filter((message) => (message.status ?? 0) >= 200),
    [],
    "not before the cancelled branch has ended",
  );
  target(rig, 0).respond(ringing, "487 Request Terminated", { tag: "a" });
  assert.equal((await rig.caller.next(finalTo("1 INVITE"))).status, 603);
});

test("serial: a 6xx is final for everyone", async (context) => {
  const rig = await startProxy(context, 2);
  rig.invite();
  await refuse(target(rig, 0), "600 Busy Everywhere");
  assert.equal((await rig.caller.next(finalTo("1 INVITE"))).status, 600);
  assertQuiet(rig);
});

test("provisionalTimeout: a silent target is left, and cancelled when it speaks after all", async (context) => {
  const rig = await startProxy(context, 2, { proxy: { provisionalTimeout: "60ms" } });
  rig.invite();
  const late = await target(rig, 0).next("INVITE");
  const invite = await target(rig, 1).next("INVITE");
  target(rig, 0).respond(late, "180 Ringing", { tag: "late" });
  const cancel = await target(rig, 0).next("CANCEL");
  target(rig, 0).respond(cancel, "200 OK");
  target(rig, 0).respond(late, "487 Request Terminated", { tag: "late" });
  answer(target(rig, 1), invite, "b");
  assert.match((await rig.caller.next(finalTo("1 INVITE"))).get("To"), /tag=b$/);
  const { responses } = await rig.results;
  assert.deepEqual(responses.map(({ msgs }) => msgs.map(({ status }) => status)).flat(), [408, 200]);
});

test("a 2xx of a target that was left is forwarded all the same", async (context) => {
  const rig = await startProxy(context, 2, { proxy: { provisionalTimeout: "40ms" } });
  rig.invite();
  const late = await target(rig, 0).next("INVITE");
  const other = await target(rig, 1).next("INVITE");
  target(rig, 1).respond(other, "180 Ringing", { tag: "b" });
  answer(target(rig, 0), late, "late");
  assert.match((await rig.caller.next(finalTo("1 INVITE"))).get("To"), /tag=late$/);
  await target(rig, 1).next("CANCEL");
});

test("finalTimeout: a target that rings too long is cancelled, and the next one is tried", async (context) => {
  const rig = await startProxy(context, 2, { proxy: { finalTimeout: "80ms" } });
  rig.invite();
  const first = await target(rig, 0).next("INVITE");
  target(rig, 0).respond(first, "180 Ringing", { tag: "a" });
  const cancel = await target(rig, 0).next("CANCEL");
  target(rig, 0).respond(cancel, "200 OK");
  target(rig, 0).respond(first, "487 Request Terminated", { tag: "a" });
  await refuse(target(rig, 1), BUSY);
  assert.equal((await rig.caller.next(finalTo("1 INVITE"))).status, 486, "what was said comes before what was made up");
});

test("nobody answers: 408", async (context) => {
  const rig = await startProxy(context, 1, { engine: { timers: { t1Ms: 2, t2Ms: 8 } } });
  rig.invite();
  const final = await rig.caller.next(finalTo("1 INVITE"));
  assert.equal(final.status, 408);
  assert.match(final.get("To"), /;tag=/);
  assert.equal((await rig.results).finalStatus, 408);
});

test("redirects are followed, the most wanted first and no target twice", async (context) => {
  const rig = await startProxy(context, 1, { proxy: { followRedirects: true } });
  const second = await rig.peer();
  const third = await rig.peer();
  rig.invite({ uri: "sip:bob@example.com" });
  const invite = await target(rig, 0).next("INVITE");
  const contacts = [`<${third.uri}>;q=0.2`, `<${target(rig, 0).uri}>;q=0.9`, `<${second.uri}>;q=0.7`];
  target(rig, 0).respond(invite, "302 Moved Temporarily", {
    tag: "a",
    contact: false,
    headers: [`Contact: ${contacts.join(", ")}`],
  });
  await target(rig, 0).next("ACK");
  assert.equal((await refuse(second, BUSY)).startLine, `INVITE ${second.uri} SIP/2.0`);
  await refuse(third, "480 Temporarily Unavailable");
  assert.equal((await rig.caller.next(finalTo("1 INVITE"))).status, 486);
  assertQuiet(rig);
});

test("redirects that are not to be followed go upstream", async (context) => {
  const rig = await startProxy(context, 1);
  rig.invite();
  const invite = await target(rig, 0).next("INVITE");
  const headers = ["Contact: <sip:bob@10.9.9.9>"];
  target(rig, 0).respond(invite, "302 Moved Temporarily", { tag: "a", contact: false, headers });
  const final = await rig.caller.next(finalTo("1 INVITE"));
  assert.equal(final.status, 302);
  assert.equal(final.get("Contact"), "<sip:bob@10.9.9.9>");
});

test("a caller that gives up: CANCEL with its Reason goes on, and the answer is what the callee says", async (context) => {
  const rig = await startProxy(context, 2);
  const invite = rig.invite();
  const came = await target(rig, 0).next("INVITE");
  target(rig, 0).respond(came, "180 Ringing", { tag: "a" });
  await rig.caller.next(180);
  giveUp(rig, invite, ["Reason: SIP;cause=600"]);
  assert.equal((await rig.caller.next(finalTo("1 CANCEL"))).status, 200);
  const cancelled = await target(rig, 0).next("CANCEL");
  assert.equal(cancelled.get("Reason"), "SIP;cause=600");
  target(rig, 0).respond(cancelled, "200 OK");
  target(rig, 0).respond(came, "487 Request Terminated", { tag: "a" });
  await target(rig, 0).next("ACK");
  assert.equal((await rig.caller.next(finalTo("1 INVITE"))).status, 487);
  assert.equal((await rig.results).finalStatus, 487);
  assertQuiet(rig);
});

test("a 2xx that crosses CANCEL reaches the caller", async (context) => {
  const rig = await startProxy(context, 1);
  const invite = rig.invite();
  const came = await target(rig, 0).next("INVITE");
  target(rig, 0).respond(came, "180 Ringing", { tag: "a" });
  await rig.caller.next(180);
  giveUp(rig, invite);
  await target(rig, 0).next("CANCEL");
  answer(target(rig, 0), came, "a");
  assert.equal((await rig.caller.next(finalTo("1 INVITE"))).status, 200);
});

test("reliable provisional responses pass untouched, repetitions too", async (context) => {
  const rig = await startProxy(context, 1);
  rig.invite({ headers: ["Supported: 100rel"] });
  const came = await target(rig, 0).next("INVITE");
  const options = { tag: "a", headers: ["Require: 100rel", "RSeq: 77"] };
  target(rig, 0).respond(came, "183 Session Progress", options);
  assert.equal((await rig.caller.next(183)).get("RSeq"), "77");
  target(rig, 0).respond(came, "183 Session Progress", options);
  await rig.caller.next(183);
});

test("preloaded routes are not followed: the application says where a request goes", async (context) => {
  const rig = await startProxy(context, 1);
  rig.invite({ headers: [`Route: <sip:${rig.sip.host}:${rig.sip.port};lr>`, "Route: <sip:10.9.9.9;lr>"] });
  assert.deepEqual((await target(rig, 0).next("INVITE")).all("Route"), []);
});

function giveUp(rig: ProxyRig, invite: PeerMessage, headers: readonly string[] = []): void {
  rig.caller.request("CANCEL", rig.sip, {
    uri: invite.startLine.split(" ")[1] ?? "",
    callId: invite.get("Call-ID"),
    from: invite.get("From"),
    to: invite.get("To"),
    branch: /branch=([^;]+)/.exec(invite.get("Via"))?.[1] ?? "",
    headers,
  });
}
