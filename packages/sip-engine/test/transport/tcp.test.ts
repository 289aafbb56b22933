import assert from "node:assert/strict";
import { once } from "node:events";
import { Socket, createServer } from "node:net";
import { test } from "node:test";
import { hasCode } from "@mss/runtime";
import { topVia } from "@mss/sip-message";
import { responseTarget } from "../../src/transport/response-target.ts";
import { HOST, PEER_HOST, openStream, readUntil, requestText, startNode, untilGone } from "./support.ts";

const request = requestText({ transport: "TCP", body: "v=0\r\ns=-\r\n" });

test("a message cut at every byte is the same message", async (t) => {
  const node = await startNode(t);
  const socket = await openStream(t, node.address("tcp"));
  socket.setNoDelay(true);
  for (let cut = 1; cut < request.length; cut += 1) {
    socket.write(request.slice(0, cut), "latin1");
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(request.slice(cut), "latin1");
  }
  const all = await node.until(request.length - 1);
  assert.equal(all.length, request.length - 1);
  assert.ok(all.every(({ message }) => message.body === "v=0\r\ns=-\r\n"));
  assert.equal(node.layer.stats.droppedMalformed, 0);
});

test("one byte at a time, and a hundred messages at once, come out whole and in order", async (t) => {
  const node = await startNode(t);
  const socket = await openStream(t, node.address("tcp"));
  socket.setNoDelay(true);
  for (const byte of request) {
    socket.write(byte, "latin1");
    await new Promise((resolve) => setImmediate(resolve));
  }
  await node.until(1);
  socket.write(Array.from({ length: 100 }, (_, n) => requestText({ transport: "TCP", callId: `${n}@p` })).join(""));
  const all = await node.until(101);
  const callIds = all.slice(1).map(({ message }) => message.headers.get("call-id"));
  assert.deepEqual(
    callIds,
    Array.from({ length: 100 }, (_, n) => `${n}@p`),
  );
});

test("a response goes on the connection of its request; when that is gone, on a new one to sent-by", async (t) => {
  const node = await startNode(t);
  const server = createServer();
  server.listen(0, PEER_HOST);
  await once(server, "listening");
  t.after(() => server.close());
  const bound = server.address();
  assert.ok(typeof bound === "object" && bound !== null);
  const { port } = bound;
  const socket = await openStream(t, node.address("tcp"));
  socket.write(requestText({ via: `SIP/2.0/TCP ${PEER_HOST}:${port};branch=z9hG4bK1` }));
  const [received] = await node.until(1);
  assert.ok(received?.message.kind === "request");
  const target = responseTarget(received.message, received.flow);
  const onSame = readUntil(socket, "first");
  assert.equal((await node.layer.send("first", target)).connection, received.flow.connection);
  await onSame;
  socket.destroy();
  await node.untilClosed(1);
  const accepted = once(server, "connection");
  const flow = await node.layer.send("second", target);
  assert.notEqual(flow.connection, received.flow.connection);
  assert.deepEqual(flow.remote, { host: PEER_HOST, port });
  const events: readonly unknown[] = await accepted;
  const again = events[0];
  assert.ok(again instanceof Socket);
  assert.equal(again.remoteAddress, HOST, "called from the address that the peer knows");
  again.destroy();
});

test("connections are used again, both the accepted and the dialled ones", async (t) => {
  const node = await startNode(t);
  const other = await startNode(t, { listen: [{ transport: "tcp", host: PEER_HOST, port: 0 }] });
  const target = other.address("tcp");
  const sent = await Promise.all([node.layer.send(request, target), node.layer.send(request, target)]);
  assert.equal(sent[0].connection, sent[1].connection);
  const [received] = await other.until(2);
  assert.ok(received !== undefined);
  assert.equal(received.flow.remote.host, HOST);
  const back = { transport: "tcp", ...received.flow.remote } as const;
  assert.equal((await other.layer.send(request, back)).connection, received.flow.connection);
  await node.until(1);
  assert.equal(node.layer.connectionCount, 1);
  assert.equal(other.layer.connectionCount, 1);
});

test("CRLF CRLF is answered with CRLF, a lone CRLF is not", async (t) => {
  const node = await startNode(t);
  const socket = await openStream(t, node.address("tcp"));
  socket.write("\r\n");
  socket.write(request);
  await node.until(1);
  socket.write("\r\n\r\n");
  assert.equal(await readUntil(socket, "\r\n"), "\r\n");
  assert.equal(node.layer.stats.keepalives, 3);
});

test("a stream without message borders is answered and closed, and nothing behind is read", async (t) => {
  const broken = [
    request.replace(/Content-Length: \d+/, "Content-Length: -1"),
    request.replace(/Content-Length: \d+/, "Content-Length: 4294967328"),
    request.replace(/Content-Length: \d+/, "Content-Length: 5\r\nl: 13"),
    request.replace(/Content-Length: \d+\r\n/, ""),
  ];
  const node = await startNode(t);
  for (const text of broken) {
    const socket = await openStream(t, node.address("tcp"));
    const closed = untilGone(socket);
    const answer = readUntil(socket, "\r\n\r\n");
    socket.write(text + request);
    assert.match(await answer, /^SIP\/2\.0 4(00|13)/);
    await closed;
  }
  assert.deepEqual(node.received, []);
});

test("garbage closes the connection and costs nobody else anything", async (t) => {
  const node = await startNode(t);
  const healthy = await openStream(t, node.address("tcp"));
  for (const garbage of ["\0\0\0", "\x16\x03\x01\x02\x00", "GET / HTTP/1.1\r\n\r\n", "x".repeat(70_000), "\r\r\r"]) {
    const socket = await openStream(t, node.address("tcp"));
    const closed = untilGone(socket);
    socket.resume();
    socket.write(garbage, "latin1");
    await closed;
  }
  healthy.write(request);
  await node.until(1);
});

test("SEC-13: peers that end or reset at once leave no connection behind", async (t) => {
  const node = await startNode(t);
  for (let index = 0; index < 50; index += 1) {
    const socket = await openStream(t, node.address("tcp"));
    socket.write(request.slice(0, index * 5));
    if (index % 2 === 0) {
      socket.resetAndDestroy();
    } else {
      socket.end();
    }
  }
  await node.untilClosed(50);
  assert.equal(node.layer.connectionCount, 0);
});

test("a peer that has ended its half gets no more, but the answer can go to its sent-by", async (t) => {
  const node = await startNode(t, {
    onMessage: ({ message, flow }) => {
      if (message.kind === "request") {
        node.layer.send("answer", responseTarget(message, flow)).catch(() => undefined);
      }
    },
  });
  const socket = await openStream(t, node.address("tcp"));
  const answer = readUntil(socket, "answer");
  socket.end(request);
  assert.equal(await answer, "answer", "what was written before the end was seen still goes out");
  await node.untilClosed(1);
});

test("SEC-12: a peer that does not read is dropped at the backlog limit, others are served on", async (t) => {
  const node = await startNode(t, { limits: { backlogBytes: 64 * 1024 } });
  const deaf = await openStream(t, node.address("tcp"));
  deaf.pause();
  deaf.write(request);
  const [received] = await node.until(1);
  assert.ok(received !== undefined);
  const target = { transport: "tcp", ...received.flow.remote, flow: received.flow } as const;
  const sent: Promise<unknown>[] = [];
  while (node.layer.stats.connectionsClogged === 0 && sent.length < 5_000) {
    sent.push(node.layer.send("x".repeat(16 * 1024), target));
    if (sent.length % 4 === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const results = await Promise.allSettled(sent);
  assert.ok(results.some((result) => result.status === "rejected" && hasCode(result.reason, "BACKLOG_EXCEEDED")));
  await node.untilClosed(1);
  const healthy = await openStream(t, node.address("tcp"));
  healthy.write(request);
  await node.until(2);
});

test("SEC-12: a message that takes too long ends its connection, however the bytes trickle", async (t) => {
  const node = await startNode(t, { limits: { messageMs: 100 } });
  const socket = await openStream(t, node.address("tcp"));
  const closed = untilGone(socket);
  socket.resume();
  const trickle = setInterval(() => socket.write("X"), 20);
  t.after(() => clearInterval(trickle));
  await closed;
  assert.equal(node.layer.stats.connectionsSlow, 1);
});

test("SEC-12: an idle connection is closed, one that is held or kept alive is not", async (t) => {
  const node = await startNode(t, { limits: { idleMs: 150 } });
  const held = await openStream(t, node.address("tcp"));
  held.write(request);
  const [received] = await node.until(1);
  assert.ok(received !== undefined);
  const release = node.layer.hold(received.flow);
  const lively = await openStream(t, node.address("tcp"));
  const ping = setInterval(() => lively.write("\r\n\r\n"), 50);
  t.after(() => clearInterval(ping));
  for (let round = 1; round <= 2; round += 1) {
    const idle = await openStream(t, node.address("tcp"));
    idle.resume();
    await node.untilClosed(round);
    assert.equal(node.layer.connectionCount, 2);
  }
  release();
  release();
  held.resume();
  await untilGone(held);
  assert.equal(node.layer.stats.connectionsIdle, 3);
});

test("SEC-12: connections beyond the limit of an address are refused, other addresses are served", async (t) => {
  const node = await startNode(t, { limits: { connectionsPerAddress: 3 } });
  const sockets = await Promise.all([1, 2, 3].map(() => openStream(t, node.address("tcp"))));
  for (const socket of sockets) {
    socket.write(request);
  }
  await node.until(3);
  const tooMany = await openStream(t, node.address("tcp"));
  tooMany.resume();
  await untilGone(tooMany);
  assert.equal(node.layer.stats.connectionsRefused, 1);
  const elsewhere = await openStream(t, node.address("tcp"), "127.12.0.5");
  elsewhere.write(request);
  await node.until(4);
  sockets[0]?.destroy();
  await node.untilClosed(1);
  const again = await openStream(t, node.address("tcp"));
  again.write(request);
  await node.until(5);
});

test("SEC-12: the limit of all connections holds for every address", async (t) => {
  const node = await startNode(t, { limits: { connections: 1 } });
  const first = await openStream(t, node.address("tcp"));
  first.write(request);
  await node.until(1);
  const second = await openStream(t, node.address("tcp"), "127.12.0.5");
  second.resume();
  await untilGone(second);
  assert.equal(node.layer.stats.connectionsRefused, 1);
});

test("nobody listening is CONNECT_FAILED for everything that was queued", async (t) => {
  const node = await startNode(t);
  const target = { transport: "tcp", host: PEER_HOST, port: 9 } as const;
  const results = await Promise.allSettled([node.layer.send("a", target), node.layer.send("b", target)]);
  for (const result of results) {
    assert.ok(result.status === "rejected" && hasCode(result.reason, "CONNECT_FAILED"));
  }
  assert.equal(node.layer.connectionCount, 0);
});

test("a stop closes connections, tells of each and fails what was not written", async (t) => {
  const node = await startNode(t);
  const socket = await openStream(t, node.address("tcp"));
  socket.write(request);
  const [received] = await node.until(1);
  const closed = untilGone(socket);
  socket.resume();
  await node.layer.stop();
  await closed;
  assert.deepEqual(node.closed, [received?.flow.connection]);
  assert.equal(node.layer.connectionCount, 0);
});

test("the Via of a request over TCP tells the true source as over UDP", async (t) => {
  const node = await startNode(t);
  const socket = await openStream(t, node.address("tcp"));
  socket.write(requestText({ via: "SIP/2.0/TCP phone.invalid;branch=z9hG4bK1;received=10.0.0.1" }));
  const [received] = await node.until(1);
  assert.ok(received !== undefined);
  assert.equal(topVia(received.message)?.parameters.get("received"), PEER_HOST);
});

test("rport over TCP tells the port of the connection, and its answer comes on it: RFC 3581 §4", async (t) => {
  const node = await startNode(t);
  const socket = await openStream(t, node.address("tcp"));
  socket.write(requestText({ via: "SIP/2.0/TCP phone.invalid:5099;branch=z9hG4bK1;rport" }));
  const [received] = await node.until(1);
  assert.ok(received?.message.kind === "request");
  const parameters = topVia(received.message)?.parameters;
  assert.equal(parameters?.get("rport"), String(socket.localPort));
  assert.equal(parameters?.get("received"), PEER_HOST);
  const answer = readUntil(socket, "answer");
  await node.layer.send("answer", responseTarget(received.message, received.flow));
  await answer;
});
