import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { createTransportLayer } from "../../src/transport/layer.ts";
import type { SocketTransportLayer } from "../../src/transport/layer.ts";
import type { Flow, ListenAddress, Target, TransportUser } from "../../src/transport/types.ts";
import { nextDatagram, openDatagram, startNode } from "./support.ts";

const HOST = "127.12.2.1";
const PEER = "127.12.2.2";
const NOBODY: TransportUser = { onMessage: () => undefined };

test("port 0 takes free ports, told in the order of the options", async (t) => {
  const { layer } = await startNode(t, {
    listen: [
      { transport: "tcp", host: HOST, port: 0 },
      { transport: "udp", host: HOST, port: 0 },
      { transport: "udp", host: PEER, port: 0 },
    ],
  });
  assert.deepEqual(
    layer.listening.map(({ transport, host }) => `${transport} ${host}`),
    [`tcp ${HOST}`, `udp ${HOST}`, `udp ${PEER}`],
  );
  assert.ok(layer.listening.every(({ port }) => port > 0));
});

test("an address that is taken is LISTEN_FAILED, and the addresses before it are free again", async (t) => {
  const blocker = createServer().listen(0, HOST);
  t.after(() => blocker.close());
  await once(blocker, "listening");
  const bound = blocker.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const udp = { transport: "udp", host: HOST, port } as const;
  const layer = createTransportLayer({ listen: [udp, { transport: "tcp", host: HOST, port }] });
  await assert.rejects(layer.start(NOBODY), { code: "LISTEN_FAILED" });
  assert.deepEqual(layer.listening, []);
  await assert.rejects(layer.send("x", { transport: "udp", host: PEER, port: 5060 }), { code: "NOT_RUNNING" });
  const node = await startNode(t, { listen: [udp] });
  assert.equal(node.address().port, port);
  await layer.stop();
});

test("an address that is not ours, and a transport that is not there, are LISTEN_FAILED", async () => {
  const faults: readonly ListenAddress[] = [
    { transport: "udp", host: "192.0.2.1", port: 0 },
    { transport: "tcp", host: "192.0.2.1", port: 0 },
    { transport: "tls", host: HOST, port: 0 },
  ];
  for (const address of faults) {
    await assert.rejects(createTransportLayer({ listen: [address] }).start(NOBODY), { code: "LISTEN_FAILED" });
  }
});

test("nothing is opened before the start, and nothing is sent before it or after the stop", async () => {
  const layer = createTransportLayer({ listen: [{ transport: "udp", host: HOST, port: 0 }] });
  const target = { transport: "udp", host: PEER, port: 5060 } as const;
  assert.deepEqual(layer.listening, []);
  await assert.rejects(layer.send("x", target), { code: "NOT_RUNNING" });
  await layer.start(NOBODY);
  const [first, second] = [layer.stop(), layer.stop()];
  await assert.rejects(layer.send("x", target), { code: "NOT_RUNNING" });
  await Promise.all([first, second]);
  await assert.rejects(layer.send("x", target), { code: "NOT_RUNNING" });
});

test("a stop during the start ends the start, and every address is free again", async (t) => {
  const free = await startNode(t, { listen: [{ transport: "udp", host: HOST, port: 0 }] });
  const { port } = free.address();
  await free.layer.stop();
  const listen: readonly ListenAddress[] = [
    { transport: "udp", host: HOST, port },
    { transport: "tcp", host: HOST, port },
    { transport: "udp", host: PEER, port },
  ];
  const layer = createTransportLayer({ listen });
  const started = assert.rejects(layer.start(NOBODY), { code: "NOT_RUNNING" });
  await layer.stop();
  await started;
  await startNode(t, { listen });
});

test("a second start opens nothing twice", async (t) => {
  const layer = createTransportLayer({ listen: [{ transport: "udp", host: HOST, port: 0 }] });
  t.after(() => layer.stop());
  await Promise.all([layer.start(NOBODY), layer.start(NOBODY)]);
  assert.equal(layer.listening.length, 1);
});

async function sendToFirst(layer: SocketTransportLayer, text: string, target: Target): Promise<Flow> {
  const [place = target] = (await layer.locate(target)) ?? [];
  return layer.send(text, place);
}

test("a host name is resolved, to an address that can be reached from a listen address", async (t) => {
  const peer = await openDatagram(t, PEER);
  const arrival = nextDatagram(peer);
  const { layer } = await startNode(t, {
    listen: [{ transport: "udp", host: HOST, port: 0 }],
    resolve: () => Promise.resolve(["::1", PEER]),
  });
  const flow = await sendToFirst(layer, "hello", {
    transport: "udp",
    host: "phone.test",
    port: peer.address().port,
  });
  assert.equal(await arrival, "hello");
  assert.equal(flow.remote.host, PEER);
});

test("a host name without address is RESOLVE_FAILED, however the resolver says so", async (t) => {
  for (const resolve of [() => Promise.resolve([]), () => Promise.reject(new Error("ENOTFOUND"))]) {
    const { layer } = await startNode(t, { listen: [{ transport: "udp", host: HOST, port: 0 }], resolve });
    const target = { transport: "udp", host: "nobody.test", port: 5060 } as const;
    await assert.rejects(sendToFirst(layer, "x", target), { code: "RESOLVE_FAILED" });
    await assert.rejects(layer.send("x", target), { code: "TARGET_REFUSED" }, "a name is no place");
  }
});

test("a resolver cannot lead to an address that is refused", async (t) => {
  const { layer } = await startNode(t, {
    listen: [{ transport: "udp", host: HOST, port: 0 }],
    resolve: () => Promise.resolve(["255.255.255.255"]),
  });
  const target = { transport: "udp", host: "all.test", port: 5060 } as const;
  await assert.rejects(sendToFirst(layer, "x", target), { code: "TARGET_REFUSED" });
});

test("a target that no listen address fits is NO_LISTENER", async (t) => {
  const { layer } = await startNode(t, { listen: [{ transport: "udp", host: HOST, port: 0 }] });
  const targets: readonly Target[] = [
    { transport: "udp", host: "::1", port: 5060 },
    { transport: "tls", host: PEER, port: 5061 },
  ];
  for (const target of targets) {
    await assert.rejects(layer.send("x", target), { code: "NO_LISTENER" });
    assert.throws(() => layer.localAddressFor(target), { code: "NO_LISTENER" });
  }
});

test("a stop while a connection is dialled, or a name looked up, fails what was to go there", async (t) => {
  const server = createServer().listen(0, PEER);
  t.after(() => server.close());
  await once(server, "listening");
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const lookUp = Promise.withResolvers<readonly string[]>();
  const listen = [{ transport: "tcp", host: HOST, port: 0 }] as const;
  const { layer } = await startNode(t, { listen, resolve: () => lookUp.promise });
  const dialled = assert.rejects(layer.send("x", { transport: "tcp", host: PEER, port }), { code: "CONNECTION_LOST" });
  const named = assert.rejects(sendToFirst(layer, "x", { transport: "tcp", host: "phone.test", port }), {
    code: "RESOLVE_FAILED",
  });
  assert.equal(layer.connectionCount, 1);
  await layer.stop();
  lookUp.resolve([PEER]);
  await Promise.all([dialled, named]);
  assert.equal(layer.connectionCount, 0);
});
