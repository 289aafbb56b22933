import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { AppDialog } from "./support/app.ts";
import { ANSWER, SDP_HEADERS } from "./support/bridged-call.ts";
import { defer } from "./support/defer.ts";
import { startRig } from "./support/rig.ts";
import type { Rig } from "./support/rig.ts";
import { SDP, SipPeer } from "./support/sip-peer.ts";

const NODE = "127.15.0.1";
const EXTERNAL = "127.15.200.1";
const LOCAL_PEER = "127.15.1.5";
const OUTSIDE_PEER = "127.15.2.5";

async function startBehindNat(context: TestContext): Promise<Rig> {
  const rig = await startRig(context, {
    listen: [{ transport: "udp", host: NODE, port: 0 }],
    externalAddress: EXTERNAL,
    localNetworks: ["127.15.1.0/24"],
  });
  return { ...rig, sip: { host: NODE, port: rig.engine.listening[0]?.port ?? 0 } };
}

async function openPeer(context: TestContext, host: string): Promise<SipPeer> {
  const peer = await SipPeer.open(host);
  defer(context, () => peer.close());
  return peer;
}

/** The router of the office: what comes to the external address goes on to the node, and its answers go back. */
async function openRouter(context: TestContext, node: { host: string; port: number }): Promise<void> {
  const outside = await bind(context, EXTERNAL, node.port);
  const inside = await bind(context, EXTERNAL, 0);
  let peer = { address: "", port: 0 };
  outside.on("message", (bytes, from) => {
    peer = from;
    inside.send(bytes, node.port, node.host);
  });
  inside.on("message", (bytes) => outside.send(bytes, peer.port, peer.address));
}

async function bind(context: TestContext, host: string, port: number): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(port, host);
  await once(socket, "listening");
  defer(context, () => {
    socket.close();
  });
  return socket;
}

for (const [where, host, seen] of [
  ["of the local network sees the local", LOCAL_PEER, NODE],
  ["outside sees the external", OUTSIDE_PEER, EXTERNAL],
] as const) {
  test(`a callee ${where} address in Via, From, Contact`, async (context) => {
    const rig = await startBehindNat(context);
    const callee = await openPeer(context, host);
    const dialog = rig.app.createUAC(callee.uri, { localSdp: SDP });
    const invite = await callee.next("INVITE");
    const own = `${seen}:${rig.sip.port}`;
    assert.match(invite.get("Via"), new RegExp(`^SIP/2.0/UDP ${own};`));
    assert.equal(invite.get("Contact"), `<sip:${own}>`);
    assert.match(invite.get("From"), new RegExp(`<sip:${own}>`));
    callee.respond(invite, "200 OK", { tag: "b", headers: SDP_HEADERS, body: ANSWER });
    assert.match((await callee.next("ACK")).get("Via"), new RegExp(`^SIP/2.0/UDP ${own};`));
    const ended = (await dialog).destroy();
    callee.respond(await callee.next("BYE"), "200 OK");
    await ended;
  });
}

test("a caller outside gets the external address as Contact, and ends the call there", async (context) => {
  const rig = await startBehindNat(context);
  await openRouter(context, rig.sip);
  const caller = await openPeer(context, OUTSIDE_PEER);
  const dialogs = Promise.withResolvers<AppDialog>();
  rig.app.invite(async (request, response) => {
    dialogs.resolve(await rig.app.createUAS(request, response, { localSdp: ANSWER }));
  });
  const outside = { host: EXTERNAL, port: rig.sip.port };
  const invite = caller.request("INVITE", outside, { headers: SDP_HEADERS, body: SDP });
  const ok = await caller.next((message) => message.status === 200);
  assert.equal(ok.get("Contact"), `<sip:${EXTERNAL}:${rig.sip.port}>`);
  const leg = { request: invite, response: ok };
  caller.requestWithin("ACK", leg, { sequence: 1 });
  const ended = once(await dialogs.promise, "destroy");
  caller.requestWithin("BYE", leg, { sequence: 2 });
  await caller.next((message) => message.get("CSeq") === "2 BYE");
  await ended;
  assert.equal(rig.engine.stats().dialogs, 0);
});

test("a request to the own external address is refused like one to the own address", async (context) => {
  const rig = await startBehindNat(context);
  for (const host of [NODE, EXTERNAL]) {
    const call = rig.app.createUAC(`sip:1000@${host}:${rig.sip.port}`, { localSdp: SDP });
    await assert.rejects(call, /can not send request to myself/);
  }
});
