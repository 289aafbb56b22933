import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { RemoteInfo, Socket } from "node:dgram";
import { test } from "node:test";
import { parseMessage } from "@mss/sip-message";
import type { HostPort } from "../../src/transport/types.ts";
import { HOST, PEER_HOST, openDatagram, requestText, startNode } from "./support.ts";

/** The top Via of a peer that is elsewhere, or lies. */
const CLAIMED = "SIP/2.0/UDP 10.9.9.9:5099;branch=z9hG4bK1";

interface Datagram {
  readonly text: string;
  readonly from: RemoteInfo;
}

function send(socket: Socket, bytes: string | Buffer, to: HostPort): void {
  socket.send(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, to.port, to.host);
}

/** The next datagrams, however close together they arrive. To be called before what makes them come. */
function nextDatagrams(socket: Socket, count: number): Promise<readonly Datagram[]> {
  const { promise, resolve } = Promise.withResolvers<readonly Datagram[]>();
  const all: Datagram[] = [];
  socket.on("message", (bytes, from) => {
    all.push({ text: bytes.toString("latin1"), from });
    if (all.length === count) {
      resolve(all);
    }
  });
  return promise;
}

function viaOf(text: string | undefined): string {
  const outcome = parseMessage(text ?? "");
  return outcome.kind === "message" ? (outcome.message.headers.get("via") ?? "") : "";
}

test("a request gets received and rport of its true source, whatever it claims", async (t) => {
  const node = await startNode(t);
  const peer = await openDatagram(t);
  const remote = { host: PEER_HOST, port: peer.address().port };
  send(peer, requestText({ via: `${CLAIMED};rport=1;received=1.2.3.4` }), node.address());
  const [first] = await node.until(1);
  assert.equal(first?.message.headers.get("via"), `${CLAIMED};rport=${remote.port};received=${PEER_HOST}`);
  assert.deepEqual(first?.flow, { transport: "udp", local: { host: HOST, port: node.address().port }, remote });
});

test("what is sent comes from the listen address, and the flow of an arrival leads back", async (t) => {
  const node = await startNode(t);
  const peer = await openDatagram(t);
  send(peer, requestText(), node.address());
  const [first] = await node.until(1);
  assert.ok(first !== undefined);
  const arrival = nextDatagrams(peer, 1);
  const sent = await node.layer.send("an answer", { transport: "udp", ...first.flow.remote, flow: first.flow });
  const [datagram] = await arrival;
  assert.equal(datagram?.text, "an answer");
  assert.deepEqual({ host: datagram?.from.address, port: datagram?.from.port }, first.flow.local);
  assert.deepEqual(sent, first.flow);
  assert.equal(node.layer.stats.sent, 1);
});

test("every byte value arrives as it was sent, in both directions", async (t) => {
  const node = await startNode(t);
  const peer = await openDatagram(t);
  const body = Array.from({ length: 256 }, (_unused, code) => String.fromCharCode(code)).join("");
  const extra = "Content-Type: application/octet-stream\r\n";
  send(peer, requestText({ method: "MESSAGE", extra, body }), node.address());
  assert.equal((await node.until(1))[0]?.message.body, body);
  const arrival = nextDatagrams(peer, 1);
  await node.layer.send(body, { transport: "udp", host: PEER_HOST, port: peer.address().port });
  assert.equal((await arrival)[0]?.text, body);
});

test("garbage is counted, answered by nothing, and the socket goes on", async (t) => {
  const node = await startNode(t);
  const peer = await openDatagram(t);
  for (let count = 0; count < 20; count += 1) {
    send(peer, Buffer.concat([Buffer.from([1]), randomBytes(200)]), node.address());
  }
  send(peer, requestText(), node.address());
  await node.until(1);
  assert.equal(node.layer.stats.droppedMalformed, 20);
  assert.equal(node.layer.stats.received, 1);
  assert.equal(node.layer.stats.sent, 0);
});

test("keepalives, zero bytes and empty datagrams are counted and not answered", async (t) => {
  const node = await startNode(t);
  const peer = await openDatagram(t);
  for (const keepalive of ["\r\n\r\n", "\r\n", "\0\0\0\0", ""]) {
    send(peer, keepalive, node.address());
  }
  send(peer, requestText(), node.address());
  await node.until(1);
  assert.equal(node.layer.stats.keepalives, 4);
  assert.equal(node.layer.stats.sent, 0);
});

test("a malformed request is answered 400 with the same To tag each time, a malformed response is dropped", async (t) => {
  const node = await startNode(t);
  const peer = await openDatagram(t);
  const arrival = nextDatagrams(peer, 2);
  const request = requestText({ via: `${CLAIMED};rport` }).replace("CSeq: 1 OPTIONS", "CSeq: 1 INVITE");
  send(peer, request.replace(/^.*\r\n/, "SIP/2.0 200 OK\r\n").replace("CSeq: 1", "CSeq: one"), node.address());
  send(peer, request, node.address());
  send(peer, request, node.address());
  const [first, second] = await arrival;
  assert.match(first?.text ?? "", /^SIP\/2\.0 400 /);
  assert.equal(viaOf(first?.text), `${CLAIMED};rport=${peer.address().port};received=${PEER_HOST}`);
  assert.equal(first?.text, second?.text);
  assert.deepEqual(node.layer.stats.refused, { "400": 2 });
  assert.equal(node.layer.stats.droppedMalformed, 1);
  assert.equal(node.received.length, 0);
});

test("a port that nobody listens on refuses by ICMP, and the socket goes on", async (t) => {
  const node = await startNode(t);
  const peer = await openDatagram(t);
  for (let count = 0; count < 5; count += 1) {
    await node.layer.send("OPTIONS", { transport: "udp", host: "127.12.0.99", port: 9 }).catch(() => undefined);
  }
  send(peer, requestText(), node.address());
  await node.until(1);
  assert.equal(node.layer.stats.received, 1);
});

test("a message that no datagram holds is MESSAGE_TOO_LARGE", async (t) => {
  const { layer } = await startNode(t);
  const to = { transport: "udp", host: PEER_HOST, port: 5060 } as const;
  await assert.rejects(layer.send("x".repeat(65_508), to), { code: "MESSAGE_TOO_LARGE" });
});

for (const [host, port] of [
  ["255.255.255.255", 5060],
  ["224.0.1.75", 5060],
  ["0.0.0.0", 5060],
  ["ff02::1", 5060],
  ["::ffff:255.255.255.255", 5060],
  [PEER_HOST, 0],
  [PEER_HOST, 65_536],
] as const) {
  test(`nothing is sent to ${host} port ${port}`, async (t) => {
    const { layer } = await startNode(t);
    await assert.rejects(layer.send("x", { transport: "udp", host, port }), { code: "TARGET_REFUSED" });
  });
}
