import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { TimerSettings } from "../../src/transaction/types.ts";
import { a, naptr, srv, startDnsServer } from "../transport/dns-server.ts";
import { finalResponse } from "./support/app.ts";
import { TcpListener } from "./support/tcp-peer.ts";
import { freshHost, openPeer, startRig } from "./support/rig.ts";
import type { Rig } from "./support/rig.ts";
import { SDP } from "./support/sip-peer.ts";
import type { SipPeer } from "./support/sip-peer.ts";

const NAME = "pbx.acme.test";
const SDP_TYPE = { "Content-Type": "application/sdp" };

interface NamedRig extends Rig {
  readonly first: SipPeer;
  readonly second: SipPeer;
}

/** A name with two places, the first of them preferred. */
async function startNamed(t: TestContext, timers: Partial<TimerSettings> = {}): Promise<NamedRig> {
  const server = await startDnsServer(t, freshHost());
  const rig = await startRig(t, {
    dns: { servers: [server.address], hostsFile: "/nonexistent" },
    timers,
  });
  const [first, second] = [await openPeer(t), await openPeer(t)];
  server.zone.set(`SRV _sip._udp.${NAME}`, [
    srv(`_sip._udp.${NAME}`, { target: `one.${NAME}`, port: first.port, priority: 1 }),
    srv(`_sip._udp.${NAME}`, { target: `two.${NAME}`, port: second.port, priority: 2 }),
  ]);
  server.zone.set(`A one.${NAME}`, [a(`one.${NAME}`, first.host)]);
  server.zone.set(`A two.${NAME}`, [a(`two.${NAME}`, second.host)]);
  return { ...rig, first, second };
}

test("a call to a name whose first place is overloaded is one call of the application, at the second", async (t) => {
  const { app, first, second } = await startNamed(t);
  const statuses: number[] = [];
  const calling = app.createUAC(
    `sip:1000@${NAME}`,
    { localSdp: SDP },
    { cbProvisional: ({ status }) => void statuses.push(status) },
  );
  first.respond(await first.next("INVITE"), "503 Service Unavailable", { headers: ["Retry-After: 60"] });
  await first.next("ACK");
  const invite = await second.next("INVITE");
  second.respond(invite, "180 Ringing", { tag: "two" });
  second.respond(invite, "200 OK", { tag: "two", headers: ["Content-Type: application/sdp"], body: SDP });
  const dialog = await calling;
  await second.next("ACK");
  assert.deepEqual(statuses, [180]);
  const bye = dialog.destroy();
  second.respond(await second.next("BYE"), "200 OK");
  await bye;
  assert.equal(first.unread.length, 0);
  const again = await app.request(`sip:${NAME}`, { method: "OPTIONS" });
  second.respond(await second.next("OPTIONS"), "200 OK"); // the one that was overloaded comes last for a while
  assert.equal((await finalResponse(again)).status, 200);
});

test("CANCEL of the application goes to the place where the INVITE is", async (t) => {
  const { app, first, second } = await startNamed(t);
  const request = await app.request(`sip:1000@${NAME}`, { method: "INVITE", headers: SDP_TYPE, body: SDP });
  const outcome = finalResponse(request);
  first.respond(await first.next("INVITE"), "503 Service Unavailable");
  const invite = await second.next("INVITE");
  second.respond(invite, "180 Ringing", { tag: "two" });
  request.cancel();
  const cancel = await second.next("CANCEL");
  assert.equal(cancel.get("Via"), invite.get("Via"));
  second.respond(cancel, "200 OK");
  second.respond(invite, "487 Request Terminated", { tag: "two" });
  assert.equal((await outcome).status, 487);
  assert.ok(first.unread.every(({ method }) => method === "ACK"));
});

test("a proxied call passes a silent place of a name by, and the caller sees one call", async (t) => {
  const { app, sip, first, second } = await startNamed(t, { t1Ms: 20 });
  app.invite((request) => void app.proxyRequest(request, `sip:1000@${NAME}`, { recordRoute: true }));
  const caller = await openPeer(t);
  const invite = caller.request("INVITE", sip, { headers: ["Content-Type: application/sdp"], body: SDP });
  const silent = await first.next("INVITE");
  const answered = await second.next("INVITE");
  assert.notEqual(answered.get("Via"), silent.get("Via"));
  second.respond(answered, "200 OK", { tag: "two" });
  assert.equal((await caller.next(200)).get("CSeq"), invite.get("CSeq"));
});

test("NAPTR sends a call over TCP, and Via says so", async (t) => {
  const server = await startDnsServer(t, freshHost());
  const host = freshHost();
  const { app } = await startRig(t, {
    listen: [
      { transport: "udp", host, port: 0 },
      { transport: "tcp", host, port: 0 },
    ],
    dns: { servers: [server.address], hostsFile: "/nonexistent" },
  });
  const calleeHost = freshHost();
  const callee = await TcpListener.open(calleeHost);
  t.after(() => callee.server.close());
  server.zone.set(`NAPTR ${NAME}`, [naptr(NAME, { service: "SIP+D2T", replacement: `_sip._tcp.${NAME}` })]);
  server.zone.set(`SRV _sip._tcp.${NAME}`, [srv(`_sip._tcp.${NAME}`, { target: `one.${NAME}`, port: callee.port })]);
  server.zone.set(`A one.${NAME}`, [a(`one.${NAME}`, calleeHost)]);
  const request = await app.request(`sip:${NAME}`, { method: "OPTIONS" });
  const peer = await callee.accepted();
  const options = await peer.next("OPTIONS");
  assert.match(options.get("Via"), /^SIP\/2\.0\/TCP /);
  peer.respond(options, "200 OK");
  peer.socket.end();
  assert.equal((await finalResponse(request)).status, 200);
});
