import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createTestAgent } from "../../src/testing/index.ts";
import type { TestAgent } from "../../src/testing/index.ts";
import { createTransportLayer } from "../../src/transport/layer.ts";
import type { SocketTransportLayer } from "../../src/transport/layer.ts";
import { freshHost } from "../engine/support/rig.ts";
import { TcpListener, TcpPeer } from "../engine/support/tcp-peer.ts";
import { a, srv, startDnsServer } from "../transport/dns-server.ts";
import type { DnsServer } from "../transport/dns-server.ts";
import { untilGone } from "../transport/support.ts";

const NAME = "gw.acme.test";

interface Node {
  readonly agent: TestAgent;
  readonly layer: SocketTransportLayer;
  readonly dns: DnsServer;
}

async function startNode(t: TestContext): Promise<Node> {
  const dns = await startDnsServer(t, freshHost());
  const layer = createTransportLayer({
    listen: [{ transport: "tcp", host: freshHost(), port: 0 }],
    dns: { servers: [dns.address], hostsFile: "/nonexistent" },
  });
  const agent = createTestAgent({ transport: layer });
  await agent.start();
  t.after(() => agent.stop());
  return { agent, layer, dns };
}

/** A request that came on a connection which is gone by now, to be answered. */
async function requestOfLost(node: Node, from: string, sentBy: string): Promise<void> {
  const peer = await TcpPeer.connect(node.agent.address, from);
  const { address } = node.agent;
  peer.send([
    `INVITE sip:${address.host}:${address.port} SIP/2.0`,
    `Via: SIP/2.0/TCP ${sentBy};branch=z9hG4bK${from}`,
    "Max-Forwards: 70",
    "From: <sip:gw@acme.test>;tag=1",
    "To: <sip:acme.test>",
    `Call-ID: ${from}`,
    "CSeq: 1 INVITE",
    `Contact: <sip:gw@${from}>`,
  ]);
  const { transaction } = await node.agent.next("request");
  const gone = untilGone(peer.socket);
  peer.socket.resetAndDestroy();
  await gone;
  while (node.layer.connectionCount > 0) {
    await new Promise((resolve) => void setImmediate(resolve));
  }
  node.agent.respond(transaction, 200);
}

async function listen(t: TestContext, host: string): Promise<TcpListener> {
  const listener = await TcpListener.open(host);
  t.after(() => listener.server.close());
  return listener;
}

function publish(dns: DnsServer, host: string, port: number): void {
  dns.zone.set(`SRV _sip._tcp.${NAME}`, [srv(`_sip._tcp.${NAME}`, { target: `one.${NAME}`, port })]);
  dns.zone.set(`A one.${NAME}`, [a(`one.${NAME}`, host)]);
}

test("the answer goes on a new connection to the port of sent-by, at the address the request came from", async (t) => {
  const node = await startNode(t);
  const from = freshHost();
  const listener = await listen(t, from);
  await requestOfLost(node, from, `elsewhere.test:${listener.port}`);
  const peer = await listener.accepted();
  const answer = await peer.next(200);
  assert.match(answer.get("Via"), new RegExp(`;received=${from}`));
  peer.socket.destroy();
  assert.deepEqual(node.dns.asked, [], "a port that is written down is not looked up");
});

test("where sent-by is a name, its SRV records say the port: RFC 3263 §5", async (t) => {
  const node = await startNode(t);
  const from = freshHost();
  const listener = await listen(t, from);
  publish(node.dns, from, listener.port);
  await requestOfLost(node, from, NAME);
  const peer = await listener.accepted();
  await peer.next(200);
  peer.socket.destroy();
});

test("a sent-by that leads to a third party gets nothing: the answer is lost, and that is told", async (t) => {
  const node = await startNode(t);
  const [from, victim] = [freshHost(), freshHost()];
  const listener = await listen(t, victim);
  listener.server.once("connection", () => assert.fail("an answer to a third party"));
  publish(node.dns, victim, listener.port);
  await requestOfLost(node, from, NAME);
  assert.equal((await node.agent.next("serverFailure")).failure, "transport");
});
