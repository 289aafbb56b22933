import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createTcpServer } from "node:net";
import { test } from "node:test";
import { createServer } from "node:tls";
import { hasCode } from "@mss/runtime";
import { HOST, PEER_HOST, openStream, readUntil, requestText, startNode, untilGone } from "./support.ts";
import { createTestAuthority, dialSecure, openSecure, recordingLog } from "./tls-support.ts";

const authority = await createTestAuthority();
const hub = await authority.node("hub-1.acme");
const branch = await authority.node("hk.acme");
const request = requestText({ transport: "TLS" });
const LISTEN = [{ transport: "tls", host: HOST, port: 0 }] as const;
const PEER_LISTEN = [{ transport: "tls", host: PEER_HOST, port: 0 }] as const;

test("two nodes prove to each other who they are, and one connection carries both directions", async (t) => {
  const there = await startNode(t, { listen: LISTEN, tls: { credentials: hub } });
  const here = await startNode(t, { listen: PEER_LISTEN, tls: { credentials: branch } });
  const to = { ...there.address("tls"), name: "hub-1.acme" };
  const flow = await here.layer.send(request, to);
  assert.deepEqual(flow.peerNames, ["hub-1.acme"]);
  const [received] = await there.until(1);
  assert.ok(received !== undefined);
  assert.equal(received.flow.transport, "tls");
  assert.deepEqual(received.flow.peerNames, ["hk.acme"]);
  assert.equal(received.flow.remote.host, PEER_HOST, "called from the address that the peer knows");
  const back = { transport: "tls", ...received.flow.remote, name: "hk.acme" } as const;
  assert.equal((await there.layer.send(request, back)).connection, received.flow.connection);
  await here.until(1);
  assert.equal((await here.layer.send(request, to)).connection, flow.connection);
  assert.deepEqual([here.layer.connectionCount, there.layer.connectionCount], [1, 1]);
});

test("a phone without certificate is served, and has no name", async (t) => {
  const node = await startNode(t, { listen: LISTEN, tls: { credentials: hub, unprovenPeers: "refuse" } });
  const phone = await openSecure(t, node.address("tls"));
  phone.write(request);
  const [received] = await node.until(1);
  assert.deepEqual(received?.flow.peerNames, []);
  const back = { transport: "tls", ...received.flow.remote } as const;
  const heard = readUntil(phone, "back");
  assert.equal((await node.layer.send("back", back)).connection, received.flow.connection);
  await heard;
});

test("a peer that proves nothing is served as one without a certificate, or refused, as the node says", async (t) => {
  const stranger = await createTestAuthority();
  const shown = [
    ["expired", await authority.node("hk.acme", { days: [-3, -1] }), /has expired/],
    ["of another authority", await stranger.node("hk.acme"), /authority that is not believed/],
    [
      "no node's",
      { certificate: stranger.pair.certificate, key: stranger.pair.key },
      /cannot be verified|not believed/,
    ],
  ] as const;
  for (const unprovenPeers of ["serve-without-name", "refuse"] as const) {
    for (const [what, { certificate, key }, reason] of shown) {
      const { log, lines } = recordingLog();
      const node = await startNode(t, { listen: LISTEN, tls: { credentials: hub, unprovenPeers }, log });
      const peer = dialSecure(t, node.address("tls"), { cert: certificate, key });
      const gone = untilGone(peer);
      peer.write(request);
      if (unprovenPeers === "refuse") {
        await gone;
        assert.equal(node.received.length, 0, what);
      } else {
        const [received] = await node.until(1);
        assert.deepEqual(received?.flow.peerNames, [], what);
        assert.equal(received.flow.remote.port, peer.localPort);
      }
      const said = lines.find((line) => line.msg.startsWith("tls "));
      assert.match(said?.reason ?? "", reason, what);
      assert.ok(said?.advice !== undefined && said.certificate?.["subject"] !== undefined, what);
    }
  }
});

test("a dialled peer that does not prove its name gets not a byte, and the log says which certificate it was", async (t) => {
  const stranger = await createTestAuthority();
  const shown = [
    [await authority.node("hub-1.acme", { days: [-3, -1] }), /has expired/, "expired"],
    [await authority.node("hub-1.acme", { days: [1, 3] }), /not valid yet/, "not yet valid"],
    [await stranger.node("hub-1.acme"), /authority that is not believed/, "of another authority"],
    [await authority.node("hub-2.acme"), /that of somebody else/, "of another node"],
    [{ ...stranger.pair, authority: "" }, /not believed|cannot be verified/, "no node's"],
  ] as const;
  for (const [credentials, reason, what] of shown) {
    const { log, lines } = recordingLog();
    let heard = "";
    const server = createServer({ cert: credentials.certificate, key: credentials.key }, (socket) => {
      socket.on("data", (bytes: Buffer) => (heard += bytes.toString()));
      socket.on("error", () => undefined);
    });
    server.listen(0, PEER_HOST);
    await once(server, "listening");
    const bound = server.address();
    assert.ok(typeof bound === "object" && bound !== null);
    const node = await startNode(t, { listen: LISTEN, tls: { credentials: branch }, log });
    const target = { transport: "tls", host: PEER_HOST, port: bound.port, name: "hub-1.acme" } as const;
    await assert.rejects(node.layer.send(request, target), (error) => hasCode(error, "PEER_NOT_PROVEN"), what);
    await node.untilClosed(1);
    const closed = once(server, "close");
    server.close();
    await closed;
    assert.equal(heard, "", what);
    const said = lines.find(({ msg }) => msg === "tls handshake failed");
    assert.match(said?.reason ?? "", reason, what);
    assert.equal(said?.peer, "hub-1.acme");
    assert.ok(said.certificate?.["subject"] !== undefined, what);
  }
});

test("SEC-15: two peers at one address and port never share a connection", async (t) => {
  const there = await startNode(t, { listen: LISTEN, tls: { credentials: hub } });
  const both = { ...hub, ...(await authority.node("hub-1.acme")) };
  const here = await startNode(t, { listen: PEER_LISTEN, tls: { credentials: both } });
  const address = there.address("tls");
  const first = await here.layer.send(request, { ...address, name: "hub-1.acme" });
  const other = here.layer.send(request, { ...address, name: "hub-2.acme" });
  await assert.rejects(other, (error) => hasCode(error, "PEER_NOT_PROVEN"));
  const byAddress = await here.layer.send(request, address);
  assert.notEqual(byAddress.connection, first.connection, "whoever has the address is another peer than hub-1.acme");
  await there.until(2);
});

test("an accepted connection without a proven name is not used for a peer that is wanted by name", async (t) => {
  const node = await startNode(t, { listen: LISTEN, tls: { credentials: hub } });
  const phone = await openSecure(t, node.address("tls"));
  phone.write(request);
  const [received] = await node.until(1);
  assert.ok(received !== undefined);
  const target = { transport: "tls", ...received.flow.remote, name: "hk.acme" } as const;
  await assert.rejects(node.layer.send("secret", target), (error) => hasCode(error, "CONNECT_FAILED"));
});

test("what is sent before the handshake goes out after it, in order; too much of it drops the connection", async (t) => {
  const there = await startNode(t, { listen: LISTEN, tls: { credentials: hub } });
  const here = await startNode(t, {
    listen: PEER_LISTEN,
    tls: { credentials: branch },
    limits: { backlogBytes: request.length * 20 },
  });
  const to = there.address("tls");
  const texts = Array.from({ length: 10 }, (_, n) => requestText({ transport: "TLS", callId: `${n}@p` }));
  await Promise.all(texts.map((text) => here.layer.send(text, to)));
  const all = await there.until(10);
  assert.deepEqual(
    all.map(({ message }) => message.headers.get("call-id")),
    Array.from({ length: 10 }, (_, n) => `${n}@p`),
  );
  const another = { ...to, name: HOST };
  await here.untilClosed(0);
  const many = Array.from({ length: 30 }, () => here.layer.send(request, { ...another, name: "hub-1.acme" }));
  const outcomes = await Promise.allSettled(many);
  assert.ok(outcomes.some((one) => one.status === "rejected" && hasCode(one.reason, "BACKLOG_EXCEEDED")));
});

test("new credentials are for new connections; those that are up stay; what is unusable changes nothing", async (t) => {
  const node = await startNode(t, { listen: LISTEN, tls: { credentials: hub } });
  const serialOf = async (): Promise<string | undefined> =>
    (await openSecure(t, node.address("tls"))).getPeerX509Certificate()?.serialNumber;
  const old = await openSecure(t, node.address("tls"));
  const before = await serialOf();
  const renewed = await authority.node("hub-1.acme");
  assert.throws(() => node.layer.renewCredentials({ ...renewed, key: hub.key }), /key values mismatch/);
  assert.throws(() => node.layer.renewCredentials({ ...renewed, certificate: "nothing" }));
  assert.equal(await serialOf(), before);
  node.layer.renewCredentials(renewed);
  assert.notEqual(await serialOf(), before);
  old.write(request);
  await node.until(1);
  const other = await startNode(t, { listen: PEER_LISTEN, tls: { credentials: branch } });
  await node.layer.send(request, { ...other.address("tls"), name: "hk.acme" });
  await other.until(1);
});

test("a node without a certificate neither listens on TLS nor dials it", async (t) => {
  await assert.rejects(startNode(t, { listen: LISTEN }), (error) => hasCode(error, "LISTEN_FAILED"));
  const broken = { credentials: { ...hub, key: branch.key } };
  await assert.rejects(startNode(t, { listen: LISTEN, tls: broken }), (error) => hasCode(error, "LISTEN_FAILED"));
  const node = await startNode(t);
  const target = { transport: "tls", host: PEER_HOST, port: 6060 } as const;
  await assert.rejects(node.layer.send(request, target), (error) => hasCode(error, "NO_LISTENER"));
  assert.throws(
    () => node.layer.renewCredentials(hub),
    (error) => hasCode(error, "NO_LISTENER"),
  );
});

test("a peer that is no TLS server, and one that never answers, fail the send", async (t) => {
  const silent = createTcpServer((socket) => socket.on("error", () => undefined));
  silent.listen(0, PEER_HOST);
  await once(silent, "listening");
  t.after(() => silent.close());
  const bound = silent.address();
  assert.ok(typeof bound === "object" && bound !== null);
  const node = await startNode(t, { listen: LISTEN, tls: { credentials: hub }, limits: { connectMs: 50 } });
  const target = { transport: "tls", host: PEER_HOST, port: bound.port } as const;
  await assert.rejects(node.layer.send(request, target), (error) => hasCode(error, "CONNECT_FAILED"));
  const plain = await startNode(t, { listen: [{ transport: "tcp", host: PEER_HOST, port: 0 }] });
  const wrong = { ...plain.address("tcp"), transport: "tls" } as const;
  await assert.rejects(node.layer.send(request, wrong), (error) => hasCode(error, "CONNECT_FAILED"));
  assert.equal(plain.received.length, 0);
});

test("SIP in clear on the TLS port ends that connection alone", async (t) => {
  const { log, lines } = recordingLog();
  const node = await startNode(t, { listen: LISTEN, tls: { credentials: hub }, log });
  const clear = await openStream(t, node.address("tls"));
  const gone = untilGone(clear);
  clear.resume();
  clear.write(requestText({ transport: "TCP" }));
  await gone;
  assert.match(lines.find(({ msg }) => msg === "tls handshake failed")?.reason ?? "", /no TLS/);
  const phone = await openSecure(t, node.address("tls"));
  phone.write(request);
  await node.until(1);
});
