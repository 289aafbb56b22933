import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { PEER_NAMES_HEADER } from "@mss/sip-message";
import { connectApp, finalResponse } from "./support/app.ts";
import type { App, AppDialog, AppRequest } from "./support/app.ts";
import { ANSWER, SDP_HEADERS } from "./support/bridged-call.ts";
import { freshHost, openPeer, startEngine } from "./support/rig.ts";
import { SDP } from "./support/sip-peer.ts";
import { TcpPeer } from "./support/tcp-peer.ts";
import { createTestAuthority, openSecure } from "../transport/tls-support.ts";
import type { TlsCredentials } from "@mss/certificates";
import type { Engine } from "../../src/index.ts";

const authority = await createTestAuthority();
const hubCredentials = await authority.node("hub-1.acme");
const branchCredentials = await authority.node("hk.acme");

interface TlsRig {
  readonly engine: Engine;
  readonly app: App;
  readonly host: string;
  port(transport: string): number;
}

async function startTls(t: TestContext, credentials: TlsCredentials): Promise<TlsRig> {
  const host = freshHost();
  const transports = ["udp", "tcp", "tls"] as const;
  const listen = transports.map((transport) => ({ transport, host, port: 0 }));
  const { engine } = await startEngine(t, { listen, tls: { credentials } });
  const port = (transport: string): number =>
    engine.listening.find((address) => address.transport === transport)?.port ?? 0;
  return { engine, app: await connectApp(t, engine), host, port };
}

function nextRequest(app: App, status = 200): Promise<AppRequest> {
  const { promise, resolve } = Promise.withResolvers<AppRequest>();
  app.options((request, response) => {
    response.send(status);
    resolve(request);
  });
  return promise;
}

/** A phone on TLS with, if it has one, a certificate. */
async function dialTls(t: TestContext, rig: TlsRig, credentials?: TlsCredentials): Promise<TcpPeer> {
  const shown = credentials === undefined ? {} : { cert: credentials.certificate, key: credentials.key };
  return new TcpPeer(
    await openSecure(t, { host: rig.host, port: rig.port("tls") }, { localAddress: "127.0.0.1", ...shown }),
  );
}

function lines(method: string, uri: string, extra: readonly string[] = []): readonly string[] {
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK${method}${Math.random()};rport`,
    "From: <sip:1000@acme>;tag=a",
    "To: <sip:service@acme>",
    "Call-ID: tls-call",
    `CSeq: 1 ${method}`,
    "Contact: <sips:1000@127.0.0.1:5061>",
    "Max-Forwards: 70",
    ...extra,
  ];
}

test("the application of the hub hears which branch it is; that of the branch says which hub it wants", async (t) => {
  const hub = await startTls(t, hubCredentials);
  const branch = await startTls(t, branchCredentials);
  const heard = nextRequest(hub.app);
  const address = `${hub.host}:${hub.port("tls")};transport=tls`;
  const sent = await branch.app.request(`sip:${address}`, {
    method: "OPTIONS",
    proxy: `sip:${address};tls-name=hub-1.acme`,
  });
  const answer = await finalResponse(sent);
  assert.equal(answer.status, 200);
  assert.equal(sent.uri, `sip:${address}`);
  assert.equal((await heard).get(PEER_NAMES_HEADER), "hk.acme");
  assert.equal(answer.has(PEER_NAMES_HEADER), false);
});

test("a peer that is not the one wanted gets nothing, and the application a 503", async (t) => {
  const hub = await startTls(t, hubCredentials);
  const branch = await startTls(t, branchCredentials);
  hub.app.options(() => assert.fail("reached"));
  const address = `sip:${hub.host}:${hub.port("tls")};transport=tls`;
  for (const proxy of [`${address};tls-name=hub-2.acme`, address]) {
    // by its address alone: the certificate holds 127.12.0.1 and not this one
    const answer = await finalResponse(await branch.app.request(address, { method: "OPTIONS", proxy }));
    assert.equal(answer.status, 503, proxy);
  }
});

const FORGED = [
  `${PEER_NAMES_HEADER}: hk.acme`,
  `${PEER_NAMES_HEADER.toLowerCase()}: hk.acme`,
  `${PEER_NAMES_HEADER.toUpperCase()} : hk.acme`,
  `${PEER_NAMES_HEADER}\t:\r\n hk.acme`,
  `${PEER_NAMES_HEADER}: hk.acme\r\n${PEER_NAMES_HEADER}: london.acme`,
] as const;

test("SEC-08: what the network writes into our header never reaches an application", async (t) => {
  const hub = await startTls(t, hubCredentials);
  const seen: string[] = [];
  hub.app.options((request, response) => {
    seen.push(request.get(PEER_NAMES_HEADER) ?? "");
    response.send(200);
  });
  const phone = await dialTls(t, hub);
  const branch = await dialTls(t, hub, branchCredentials);
  const peer = await openPeer(t);
  for (const forged of FORGED) {
    phone.send(lines("OPTIONS", "sip:service@acme", [forged]));
    await phone.next(200);
    branch.send(lines("OPTIONS", "sip:service@acme", [forged.replaceAll("hk", "london")]));
    await branch.next(200);
    peer.request("OPTIONS", { host: hub.host, port: hub.port("udp") }, { headers: [forged] });
    await peer.next(200);
  }
  assert.deepEqual([...new Set(seen)].toSorted(), ["", "hk.acme"]);
  assert.equal(seen.filter((names) => names === "hk.acme").length, FORGED.length);
});

test("an application cannot send our header out", async (t) => {
  const hub = await startTls(t, hubCredentials);
  const peer = await openPeer(t);
  const request = await hub.app.request(peer.uri, {
    method: "OPTIONS",
    headers: { [PEER_NAMES_HEADER]: "hk.acme", "X-Other": "stays" },
  });
  const came = await peer.next("OPTIONS");
  peer.respond(came, "200 OK", { tag: "x", headers: [`${PEER_NAMES_HEADER}: hk.acme`] });
  const answer = await finalResponse(request);
  assert.deepEqual(
    [came.all(PEER_NAMES_HEADER), came.get("X-Other"), answer.has(PEER_NAMES_HEADER)],
    [[], "stays", false],
  );
});

test("SEC-15: a sips URI is taken on TLS and refused everywhere else", async (t) => {
  const rig = await startTls(t, hubCredentials);
  const uris: string[] = [];
  rig.app.options((request, response) => {
    uris.push(request.uri);
    response.send(200);
  });
  const phone = await dialTls(t, rig);
  phone.send(lines("OPTIONS", "sips:service@acme"));
  await phone.next(200);
  const peer = await openPeer(t);
  peer.request("OPTIONS", { host: rig.host, port: rig.port("udp") }, { uri: "SIPS:service@acme" });
  assert.match((await peer.next(480)).get("Warning"), /^380 /);
  const tcp = await TcpPeer.connect({ host: rig.host, port: rig.port("tcp") }, freshHost());
  tcp.send(lines("OPTIONS", "sips:service@acme").map((line) => line.replace("SIP/2.0/TLS", "SIP/2.0/TCP")));
  await tcp.next(480);
  tcp.socket.destroy();
  assert.deepEqual(uris, ["sips:service@acme"]);
});

test("SEC-15: a sips URI leaves on TLS or not at all", async (t) => {
  const rig = await startTls(t, branchCredentials);
  const peer = await openPeer(t);
  const asked = [
    [`sips:peer@${peer.host}:${peer.port};transport=udp`, undefined],
    [`sips:peer@${peer.host}`, peer.uri],
    [`sips:peer@${peer.host}`, `${peer.host}:${peer.port}`],
    [`sips:peer@${peer.host}`, `sip:${peer.host}:${peer.port};transport=tcp`],
  ] as const;
  for (const [uri, proxy] of asked) {
    const sent = rig.app.request(uri, { method: "OPTIONS", ...(proxy === undefined ? {} : { proxy }) });
    await assert.rejects(sent, /sips|invalid/, `${uri} ${proxy}`);
  }
  assert.equal(peer.unread.length, 0);
});

test("a call to a sips URI has sips Contacts, and no request of it leaves TLS", async (t) => {
  const rig = await startTls(t, hubCredentials);
  const dialogs = Promise.withResolvers<AppDialog>();
  rig.app.invite(async (incoming, response) => {
    dialogs.resolve(await rig.app.createUAS(incoming, response, { localSdp: ANSWER }));
  });
  const phone = await dialTls(t, rig);
  const spy = await openPeer(t);
  const invite = lines("INVITE", "sips:service@acme", SDP_HEADERS);
  // A Contact that leads off TLS: the dialog is secure all the same
  phone.send(
    invite.map((line) => (line.startsWith("Contact") ? `Contact: <${spy.uri}>` : line)),
    SDP,
  );
  const ok = await phone.next(200);
  assert.equal(ok.get("Contact"), `<sips:${rig.host}:${rig.port("tls")}>`);
  const dialog = await dialogs.promise;
  void dialog.request({ method: "INFO" }).catch(() => undefined); // drachtio-srf tells nobody what became of it
  const probe = await rig.app.request(spy.uri, { method: "OPTIONS" }); // carried out after the INFO
  spy.respond(await spy.next(() => true), "200 OK", { tag: "x" });
  assert.equal((await finalResponse(probe)).status, 200);
  assert.equal(spy.unread.length, 0);
});

test("a call over TLS goes on when the certificate is renewed, and new connections see the new one", async (t) => {
  const rig = await startTls(t, hubCredentials);
  const dialogs = Promise.withResolvers<AppDialog>();
  rig.app.invite(async (incoming, response) => {
    dialogs.resolve(await rig.app.createUAS(incoming, response, { localSdp: ANSWER }));
  });
  const phone = await dialTls(t, rig);
  phone.send(lines("INVITE", "sips:service@acme", SDP_HEADERS), SDP);
  await phone.next(200);
  const dialog = await dialogs.promise;
  const renewed = await authority.node("hub-1.acme");
  rig.engine.renewCredentials(renewed);
  const ended = dialog.destroy();
  const bye = await phone.next("BYE");
  phone.respond(bye, "200 OK");
  await ended;
  const again = await openSecure(t, { host: rig.host, port: rig.port("tls") }, { localAddress: "127.0.0.1" });
  assert.equal(again.getPeerX509Certificate()?.toString().trim(), renewed.certificate.trim());
  assert.throws(() => rig.engine.renewCredentials({ ...renewed, key: hubCredentials.key }));
});
