import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { hasCode } from "@mss/runtime";
import { Keepalive } from "../../src/transport/keepalive.ts";
import type { PongHabit } from "../../src/transport/keepalive.ts";
import type { Flow } from "../../src/transport/types.ts";
import { PEER_HOST, openStream, readUntil, requestText, startNode, untilGone } from "./support.ts";
import type { Node } from "./support.ts";

const PING = "\r\n\r\n";
const FAST = { pingMs: 40, pongMs: 40 };

/** A peer that listens; what it does with its connections is the test's business. */
async function openServer(t: TestContext, onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.setEncoding("latin1");
    socket.on("error", () => undefined);
    t.after(() => socket.destroy());
    onSocket(socket);
  });
  server.listen(0, PEER_HOST);
  await once(server, "listening");
  t.after(() => server.close());
  return server;
}

function targetOf(server: Server): { transport: "tcp"; host: string; port: number } {
  const address = server.address();
  return {
    transport: "tcp",
    host: PEER_HOST,
    port: typeof address === "object" && address !== null ? address.port : 0,
  };
}

async function dialHeld(node: Node, server: Server): Promise<Flow> {
  const flow = await node.layer.send(requestText(), targetOf(server));
  node.layer.hold(flow);
  return flow;
}

test("a dialled connection that is held is pinged, and closed soon after its peer ceases to answer", async (t) => {
  const node = await startNode(t, { limits: FAST });
  let pongsLeft = 3;
  const server = await openServer(t, (socket) => {
    socket.on("data", (text) => {
      if (String(text).endsWith(PING) && pongsLeft > 0) {
        pongsLeft -= 1;
        socket.write("\r\n");
      }
    });
  });
  const flow = await dialHeld(node, server);
  await node.untilClosed(1);
  assert.deepEqual(node.closed, [flow.connection]);
  assert.equal(pongsLeft, 0);
  assert.equal(node.layer.stats.connectionsDead, 1);
});

test("a peer that never answers pings keeps its connection; the first silence makes the next message try another", async (t) => {
  const node = await startNode(t, { limits: FAST });
  const pinged = new EventEmitter();
  const server = await openServer(t, (socket) => {
    socket.on("data", (text) => {
      if (String(text) === PING) {
        pinged.emit("ping", socket);
      }
    });
  });
  const fourPings = async (): Promise<void> => {
    for (let count = 0; count < 4; count += 1) {
      await once(pinged, "ping");
    }
  };
  const first = await dialHeld(node, server);
  await fourPings();
  assert.deepEqual(node.closed, []);
  const second = await dialHeld(node, server);
  assert.notEqual(second.connection, first.connection);
  await fourPings();
  const third = await node.layer.send(requestText(), targetOf(server));
  assert.equal(third.connection, second.connection, "it is known by now that this peer answers no ping");
  assert.deepEqual(node.closed, []);
});

test("two nodes of ours keep a connection between them alive", async (t) => {
  const node = await startNode(t, { limits: { ...FAST, idleMs: 150 } });
  const other = await startNode(t, {
    listen: [{ transport: "tcp", host: PEER_HOST, port: 0 }],
    limits: { idleMs: 150 },
  });
  const flow = await node.layer.send(requestText(), other.address("tcp"));
  const release = node.layer.hold(flow);
  while (other.layer.stats.keepalives < 10) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.deepEqual([node.closed, other.closed], [[], []]);
  release();
  await Promise.all([node.untilClosed(1), other.untilClosed(1)]);
  assert.equal(node.layer.stats.connectionsDead, 0);
});

function createKeepalive(t: TestContext): { readonly keepalive: Keepalive; readonly told: string[] } {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const told: string[] = [];
  let habit: PongHabit = "unknown";
  const keepalive = new Keepalive({
    pingMs: 100,
    pongMs: 10,
    habit: () => habit,
    ping: () => told.push("ping"),
    onPong: () => {
      habit = "answers";
    },
    onDoubt: () => told.push("doubt"),
    onDead: () => told.push("dead"),
  });
  return { keepalive, told };
}

/** Time passes timer by timer. */
function pass(t: TestContext, ms: number): void {
  for (let passed = 0; passed < ms; passed += 10) {
    t.mock.timers.tick(10);
  }
}

test("anything that comes is a sign of life, and spares the ping", (t) => {
  const { keepalive, told } = createKeepalive(t);
  keepalive.start();
  for (let round = 0; round < 10; round += 1) {
    pass(t, 70);
    keepalive.heard();
  }
  assert.deepEqual(told, []);
  pass(t, 100);
  assert.deepEqual(told, ["ping"]);
});

test("the death of a peer that answered once is told once, and ends the pings", (t) => {
  const { keepalive, told } = createKeepalive(t);
  keepalive.start();
  pass(t, 100);
  keepalive.heard();
  pass(t, 10_000);
  assert.deepEqual(told, ["ping", "ping", "dead"]);
});

test("the silence of a peer that never answered is a doubt, and the pings go on", (t) => {
  const { keepalive, told } = createKeepalive(t);
  keepalive.start();
  pass(t, 220);
  assert.deepEqual(told, ["ping", "doubt", "ping", "doubt"]);
});

test("pings stop with the last hold, and begin again with the next", (t) => {
  const { keepalive, told } = createKeepalive(t);
  keepalive.start();
  pass(t, 100);
  keepalive.stop();
  pass(t, 1_000);
  keepalive.heard();
  assert.deepEqual(told, ["ping"]);
  keepalive.start();
  keepalive.start();
  pass(t, 100);
  assert.deepEqual(told, ["ping", "ping"]);
});

test("a peer that reads nothing for too long is dropped, however little waits for it", async (t) => {
  const node = await startNode(t, { limits: { backlogBytes: 64 * 1024 * 1024, writeMs: 100 } });
  const deaf = await openStream(t, node.address("tcp"));
  deaf.pause();
  deaf.write(requestText());
  const [received] = await node.until(1);
  assert.ok(received !== undefined);
  const target = { transport: "tcp", ...received.flow.remote, flow: received.flow } as const;
  const failures: unknown[] = [];
  while (node.closed.length === 0) {
    node.layer.send("x".repeat(64 * 1024), target).catch((error: unknown) => failures.push(error));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.ok(failures.some((error) => hasCode(error, "BACKLOG_EXCEEDED")));
  assert.equal(node.layer.stats.connectionsClogged, 1);
});

test("a peer that reads slowly, but reads, is kept", async (t) => {
  const node = await startNode(t, { limits: { backlogBytes: 64 * 1024 * 1024, writeMs: 2_000 } });
  const slow = await openStream(t, node.address("tcp"));
  slow.write(requestText());
  const [received] = await node.until(1);
  assert.ok(received !== undefined);
  const target = { transport: "tcp", ...received.flow.remote, flow: received.flow } as const;
  const piece = "x".repeat(4 * 1024 * 1024);
  const sending = Promise.all([1, 2, 3, 4].map(() => node.layer.send(piece, target)));
  sending.catch(() => undefined);
  let read = 0;
  while (read < 4 * piece.length) {
    const chunk: unknown = slow.read();
    read += typeof chunk === "string" ? chunk.length : 0;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await sending;
  assert.deepEqual(node.closed, []);
});

test("no more connections are made than the limit says, and those that are there serve on", async (t) => {
  const node = await startNode(t, { limits: { dialledConnections: 1 } });
  const one = await openServer(t, () => undefined);
  const other = await openServer(t, () => undefined);
  const flow = await node.layer.send(requestText(), targetOf(one));
  await assert.rejects(node.layer.send(requestText(), targetOf(other)), { code: "CONNECT_FAILED" });
  assert.equal((await node.layer.send(requestText(), targetOf(one))).connection, flow.connection);
  const accepted = await openStream(t, node.address("tcp"));
  accepted.write(requestText());
  await node.until(1);
});

test("a ping of a peer is answered on both kinds of connections", async (t) => {
  const node = await startNode(t);
  const dialled = Promise.withResolvers<Socket>();
  const server = await openServer(t, (socket) => dialled.resolve(socket));
  await node.layer.send(requestText(), targetOf(server));
  const accepted = await openStream(t, node.address("tcp"));
  for (const socket of [await dialled.promise, accepted]) {
    const pong = readUntil(socket, "\r\n");
    socket.write(PING);
    assert.ok((await pong).endsWith("\r\n"));
  }
  const gone = untilGone(accepted);
  accepted.resume();
  await node.layer.stop();
  await gone;
});
