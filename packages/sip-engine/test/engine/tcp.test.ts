import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { silentLog } from "@mss/runtime";
import { SECRET, connectApp } from "./support/app.ts";
import type { App, AppDialog } from "./support/app.ts";
import { ANSWER } from "./support/bridged-call.ts";
import { defer } from "./support/defer.ts";
import { freshHost } from "./support/rig.ts";
import { SDP } from "./support/sip-peer.ts";
import { startEngineForTest } from "./support/start-engine.ts";
import { TcpListener, TcpPeer } from "./support/tcp-peer.ts";
import type { Engine } from "../../src/index.ts";

interface TcpRig {
  readonly engine: Engine;
  readonly app: App;
  readonly sip: { readonly host: string; readonly port: number };
}

async function startTcp(context: TestContext): Promise<TcpRig> {
  const host = freshHost();
  const engine = await startEngineForTest({
    listen: [
      { transport: "udp", host, port: 0 },
      { transport: "tcp", host, port: 0 },
    ],
    control: { host: "127.0.0.1", port: 0, secret: SECRET },
    log: silentLog(),
  });
  defer(context, () => engine.stop());
  const port = engine.listening.find((address) => address.transport === "tcp")?.port ?? 0;
  return { engine, app: await connectApp(context, engine), sip: { host, port } };
}

async function dial(context: TestContext, rig: TcpRig): Promise<TcpPeer> {
  const peer = await TcpPeer.connect(rig.sip, freshHost());
  defer(context, () => {
    peer.socket.destroy();
  });
  return peer;
}

function request(method: string, contact: string, extra: readonly string[] = []): readonly string[] {
  return [
    `${method} sip:service@acme SIP/2.0`,
    `Via: SIP/2.0/TCP 192.168.1.5:5060;branch=z9hG4bK${method}${Math.random()}`,
    "From: <sip:1000@acme>;tag=a",
    "To: <sip:service@acme>",
    "Call-ID: tcp-call",
    `CSeq: 1 ${method}`,
    `Contact: <${contact}>`,
    "Max-Forwards: 70",
    ...extra,
  ];
}

test("a call over TCP stays on its connection, and Contact says so", async (context) => {
  const rig = await startTcp(context);
  const caller = await dial(context, rig);
  const dialogs = Promise.withResolvers<AppDialog>();
  rig.app.invite(async (incoming, response) => {
    dialogs.resolve(await rig.app.createUAS(incoming, response, { localSdp: ANSWER }));
  });
  caller.send(request("INVITE", "sip:1000@192.168.1.5:5060", ["Content-Type: application/sdp"]), SDP);
  const ok = await caller.next(200);
  assert.equal(ok.get("Contact"), `<sip:${rig.sip.host}:${rig.sip.port};transport=tcp>`);
  const ended = (await dialogs.promise).destroy();
  const bye = await caller.next("BYE");
  assert.equal(bye.startLine, "BYE sip:1000@192.168.1.5:5060 SIP/2.0");
  caller.respond(bye, "200 OK");
  await ended;
  assert.equal(rig.engine.stats().dialogs, 0);
});

test("a phone that registered over TCP is called on the connection it opened", async (context) => {
  const rig = await startTcp(context);
  const phone = await dial(context, rig);
  const contact = "sip:1000@192.168.1.5:5060;transport=tcp";
  rig.app.register((incoming, response) => {
    response.send(200, { headers: { Contact: `${incoming.get("Contact")};expires=60` } });
  });
  phone.send(request("REGISTER", contact));
  await phone.next(200);
  const dialog = rig.app.createUAC(contact, { localSdp: SDP });
  const invite = await phone.next("INVITE");
  assert.equal(invite.startLine, `INVITE ${contact} SIP/2.0`);
  assert.equal(invite.get("Contact"), `<sip:${rig.sip.host}:${rig.sip.port};transport=tcp>`);
  phone.respond(invite, "200 OK", [`Contact: <${contact}>`, "Content-Type: application/sdp"], ANSWER);
  await phone.next("ACK");
  const ended = (await dialog).destroy();
  phone.respond(await phone.next("BYE"), "200 OK");
  await ended;
});

test("a request to a TCP address opens a connection", async (context) => {
  const rig = await startTcp(context);
  const host = freshHost();
  const listener = await TcpListener.open(host);
  defer(context, () => {
    listener.server.close();
  });
  const dialog = rig.app.createUAC(`sip:4000@${host}:${listener.port};transport=tcp`, { localSdp: SDP });
  const callee = await listener.accepted();
  defer(context, () => {
    callee.socket.destroy();
  });
  const invite = await callee.next("INVITE");
  assert.match(invite.get("Via"), /^SIP\/2\.0\/TCP /);
  const headers = [`Contact: <sip:4000@${host}:${listener.port};transport=tcp>`, "Content-Type: application/sdp"];
  callee.respond(invite, "200 OK", headers, ANSWER);
  await callee.next("ACK");
  const ended = (await dialog).destroy();
  callee.respond(await callee.next("BYE"), "200 OK");
  await ended;
});

test("a TCP address where nobody listens is 503", async (context) => {
  const rig = await startTcp(context);
  await assert.rejects(rig.app.createUAC(`sip:4000@${freshHost()}:9;transport=tcp`, { localSdp: SDP }), {
    status: 503,
  });
});

test("a caller whose connection drops leaves nothing behind once its application gave up", async (context) => {
  const rig = await startTcp(context);
  const caller = await dial(context, rig);
  const asked = Promise.withResolvers<void>();
  rig.app.invite((_incoming, response) => {
    caller.socket.destroy();
    caller.socket.once("close", () => {
      response.send(486);
      asked.resolve();
    });
  });
  caller.send(request("INVITE", "sip:1000@192.168.1.5:5060"), "");
  await asked.promise;
  while (rig.engine.stats().openRequests > 0) {
    await new Promise(setImmediate);
  }
  assert.equal(rig.engine.stats().dialogs, 0);
});
