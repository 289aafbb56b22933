import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { EngineOptions } from "../../src/index.ts";
import { finalResponse } from "./support/app.ts";
import { freshHost, openPeer, startRig } from "./support/rig.ts";
import type { Rig } from "./support/rig.ts";
import { SDP, SipPeer } from "./support/sip-peer.ts";
import { TcpListener } from "./support/tcp-peer.ts";

const PORT = 5060;
const SDP_TYPE = { "Content-Type": "application/sdp" };
const LONG_SDP = `${SDP}${Array.from({ length: 40 }, (_unused, index) => `a=candidate:${index} 1 UDP 2130706431 10.0.0.1 5000\r\n`).join("")}`;

interface LargeRig extends Rig {
  /** The UDP side of the called peer. */
  readonly datagrams: SipPeer;
  readonly uri: string;
  /** Opens its TCP side, on the same port. */
  readonly listenTcp: () => Promise<TcpListener>;
}

async function startLarge(t: TestContext, options: Partial<EngineOptions> = {}): Promise<LargeRig> {
  const host = freshHost();
  const rig = await startRig(t, {
    listen: [
      { transport: "udp", host, port: PORT },
      { transport: "tcp", host, port: PORT },
    ],
    ...options,
  });
  const calleeHost = freshHost();
  const datagrams = await SipPeer.open(calleeHost, PORT);
  t.after(() => datagrams.close());
  return {
    ...rig,
    datagrams,
    uri: `sip:1000@${calleeHost}:${PORT}`,
    listenTcp: async () => {
      const listener = await TcpListener.open(calleeHost, PORT);
      t.after(() => listener.server.close());
      return listener;
    },
  };
}

test("a call with a long description goes over TCP, as its Via says, and so does all that follows", async (t) => {
  const { app, datagrams, uri, listenTcp } = await startLarge(t);
  const listener = await listenTcp();
  const calling = app.createUAC(uri, { localSdp: LONG_SDP });
  const peer = await listener.accepted();
  const invite = await peer.next("INVITE");
  assert.match(invite.get("Via"), /^SIP\/2\.0\/TCP .*:5060;/);
  assert.equal(invite.body, LONG_SDP);
  const headers = [`Contact: <${uri}>`, "Content-Type: application/sdp"];
  peer.respond(invite, "200 OK", headers, SDP);
  const dialog = await calling;
  assert.match((await peer.next("ACK")).get("Via"), /^SIP\/2\.0\/TCP /);
  const modified = dialog.modify(LONG_SDP);
  peer.respond(await peer.next("INVITE"), "200 OK", headers, SDP);
  await modified;
  await peer.next("ACK");
  const bye = dialog.destroy();
  peer.respond(await peer.next("BYE"), "200 OK");
  await bye;
  assert.equal(datagrams.unread.length, 0);
});

test("CANCEL of such a call goes over the connection", async (t) => {
  const { app, uri, listenTcp } = await startLarge(t);
  const listener = await listenTcp();
  const request = await app.request(uri, { method: "INVITE", headers: SDP_TYPE, body: LONG_SDP });
  const outcome = finalResponse(request);
  const peer = await listener.accepted();
  const invite = await peer.next("INVITE");
  peer.respond(invite, "180 Ringing");
  request.cancel();
  peer.respond(await peer.next("CANCEL"), "200 OK");
  peer.respond(invite, "487 Request Terminated");
  assert.equal((await outcome).status, 487);
});

test("a peer without TCP gets the call over UDP at once, and is not asked again", async (t) => {
  const { app, datagrams, uri, listenTcp } = await startLarge(t);
  const first = await app.request(uri, { method: "INVITE", headers: SDP_TYPE, body: LONG_SDP });
  const outcome = finalResponse(first);
  const invite = await datagrams.next("INVITE");
  assert.match(invite.get("Via"), /^SIP\/2\.0\/UDP /);
  datagrams.respond(invite, "486 Busy Here", { tag: "x" });
  assert.equal((await outcome).status, 486);
  const listener = await listenTcp();
  listener.server.once("connection", () => assert.fail("TCP was refused a moment ago"));
  const second = await app.request(uri, {
    method: "MESSAGE",
    headers: { "Content-Type": "text/plain" },
    body: LONG_SDP,
  });
  const answer = finalResponse(second);
  datagrams.respond(await datagrams.next("MESSAGE"), "200 OK", { tag: "y" });
  assert.equal((await answer).status, 200);
});

test("a peer that takes the connection and closes it gets the request over UDP", async (t) => {
  const { app, datagrams, uri, listenTcp } = await startLarge(t);
  const listener = await listenTcp();
  const request = await app.request(uri, {
    method: "MESSAGE",
    headers: { "Content-Type": "text/plain" },
    body: LONG_SDP,
  });
  const answer = finalResponse(request);
  (await listener.accepted()).socket.destroy();
  datagrams.respond(await datagrams.next("MESSAGE"), "200 OK", { tag: "y" });
  assert.equal((await answer).status, 200);
});

const STAYS: readonly (readonly [why: string, options: Partial<EngineOptions>, parameter: string, body: string])[] = [
  ["that fits a datagram", {}, "", SDP],
  ["to a URI that names UDP", {}, ";transport=udp", LONG_SDP],
  ["of an engine that is told so", { datagramBytes: 0 }, "", LONG_SDP],
  ["below the size that is set", { datagramBytes: 10_000 }, "", LONG_SDP],
  ["of an engine that has no TCP", { listen: [{ transport: "udp", host: freshHost(), port: PORT }] }, "", LONG_SDP],
];
for (const [why, options, parameter, body] of STAYS) {
  test(`a request ${why} goes over UDP`, async (t) => {
    const { app, datagrams, uri, listenTcp } = await startLarge(t, options);
    const listener = await listenTcp();
    listener.server.once("connection", () => assert.fail("TCP"));
    const request = await app.request(uri + parameter, { method: "INVITE", headers: SDP_TYPE, body });
    const answer = finalResponse(request);
    const invite = await datagrams.next("INVITE");
    assert.equal(invite.body, body);
    datagrams.respond(invite, "486 Busy Here", { tag: "x" });
    assert.equal((await answer).status, 486);
  });
}

test("a phone that registered over UDP from behind NAT is never dialled over TCP", async (t) => {
  const { app, sip, datagrams, uri, listenTcp } = await startLarge(t);
  const listener = await listenTcp();
  listener.server.once("connection", () => assert.fail("TCP to a phone behind a router"));
  app.register((request, response) => {
    response.send(200, { headers: { Contact: `${request.get("Contact")};expires=60` } });
  });
  const contact = "sip:1000@192.168.1.7:5062";
  datagrams.send(
    [
      `REGISTER sip:${sip.host} SIP/2.0`,
      `Via: SIP/2.0/UDP 192.168.1.7:5062;rport;branch=z9hG4bKreg`,
      "Max-Forwards: 70",
      "From: <sip:1000@acme.test>;tag=1",
      "To: <sip:1000@acme.test>",
      "Call-ID: reg@phone",
      "CSeq: 1 REGISTER",
      `Contact: <${contact}>`,
      "Content-Length: 0",
      "\r\n",
    ].join("\r\n"),
    sip,
  );
  await datagrams.next(200);
  const calling = app.createUAC(contact, { localSdp: LONG_SDP, proxy: uri });
  const invite = await datagrams.next("INVITE");
  datagrams.respond(invite, "200 OK", {
    tag: "x",
    contact: false,
    headers: [`Contact: <${contact}>`, "Content-Type: application/sdp"],
    body: SDP,
  });
  const dialog = await calling;
  const modified = dialog.modify(LONG_SDP);
  const again = await datagrams.next(
    (message) => message.get("CSeq") !== invite.get("CSeq") && message.method === "INVITE",
  );
  datagrams.respond(again, "200 OK", {
    contact: false,
    headers: [`Contact: <${contact}>`, "Content-Type: application/sdp"],
    body: SDP,
  });
  await modified;
});

test("a large request that the engine proxies goes over TCP, whatever it came on", async (t) => {
  const { app, sip, uri, listenTcp } = await startLarge(t);
  const listener = await listenTcp();
  app.invite((request) => {
    void app.proxyRequest(request, uri, { recordRoute: true });
  });
  const caller = await openPeer(t);
  caller.request("INVITE", sip, { headers: ["Content-Type: application/sdp"], body: LONG_SDP });
  const callee = await listener.accepted();
  const invite = await callee.next("INVITE");
  assert.match(invite.get("Via"), /^SIP\/2\.0\/TCP /);
  assert.equal(invite.body, LONG_SDP);
  callee.respond(invite, "486 Busy Here");
  await caller.next(486);
});
