import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { EngineOptions } from "../../src/index.ts";
import type { App } from "./support/app.ts";
import { connectApp } from "./support/app.ts";
import { defer } from "./support/defer.ts";
import { freshHost, startEngine } from "./support/rig.ts";
import type { Rig } from "./support/rig.ts";
import { TcpPeer } from "./support/tcp-peer.ts";
import { untilGone } from "../transport/support.ts";
import { waitUntil } from "./support/wait-until.ts";

interface SlowRig extends Omit<Rig, "peer"> {
  connect(): Promise<TcpPeer>;
}

async function startTcp(t: TestContext, options: Partial<EngineOptions> = {}): Promise<SlowRig> {
  const { engine, sip } = await startEngine(t, {
    listen: [{ transport: "tcp", host: freshHost(), port: 0 }],
    ...options,
  });
  const app: App = await connectApp(t, engine);
  app.options((_request, response) => {
    response.send(200);
  });
  const connect = async (): Promise<TcpPeer> => {
    const peer = await TcpPeer.connect(sip, freshHost());
    defer(t, () => {
      peer.socket.destroy();
    });
    return peer;
  };
  return { engine, app, sip, connect };
}

/** An OPTIONS whose Vias come back with the answer. */
function question(id: number, vias: number): readonly string[] {
  const via = `Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK${"x".repeat(180)}`;
  return [
    "OPTIONS sip:h SIP/2.0",
    ...Array.from({ length: vias }, (_, index) => `${via}${id}-${index}`),
    "From: <sip:a@b>;tag=1",
    "To: <sip:h>",
    `Call-ID: ${id}`,
    "CSeq: 1 OPTIONS",
    "Max-Forwards: 70",
  ];
}

async function assertServed(rig: SlowRig): Promise<void> {
  const phone = await rig.connect();
  phone.send(question(Math.random(), 1));
  await phone.next(200);
}

test("SEC-12: a peer that asks and asks and reads no answer is cut off, and others are served", async (t) => {
  const rig = await startTcp(t, { connectionLimits: { backlogBytes: 64 * 1024 } });
  await assertServed(rig);
  const deaf = await rig.connect();
  const gone = untilGone(deaf.socket);
  deaf.socket.pause();
  for (let id = 0; rig.engine.stats().transport.connectionsClogged === 0; id += 1) {
    assert.ok(id < 20_000, "it is never cut off");
    deaf.send(question(id, 60));
    await new Promise((resolve) => setImmediate(resolve));
    while (deaf.socket.writableLength > 1_000_000 && rig.engine.stats().transport.connectionsClogged === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  await assertServed(rig);
  deaf.socket.resume();
  await gone;
  await waitUntil("nothing is kept for it", () => rig.engine.stats().transactions.server === 0);
});

test("SEC-12: a message that comes a byte at a time, and a header that never ends, have their time and no more", async (t) => {
  const rig = await startTcp(t, { connectionLimits: { messageMs: 500 } });
  const text = [...question(1, 1), "", ""].join("\r\n");
  const slow = await rig.connect();
  const endless = await rig.connect();
  slow.socket.write("OPTIONS");
  endless.socket.write("OPTIONS sip:h SIP/2.0\r\n");
  let sent = 7;
  const drip = setInterval(() => {
    slow.socket.write(text.charAt(sent));
    endless.socket.write("X-A: 1\r\n");
    sent += 1;
  }, 50);
  t.after(() => clearInterval(drip));
  await Promise.all([slow, endless].map((peer) => untilGone(peer.socket.resume())));
  clearInterval(drip);
  assert.equal(rig.engine.stats().transport.connectionsSlow, 2);
  assert.ok(sent < text.length);
  await assertServed(rig);
});

const IDLE = 5_000;
const PER_ADDRESS = 100;

test("SEC-12: 5,000 idle connections: an address has its hundred, others are served, none is kept for long", async (t) => {
  const rig = await startTcp(t, { connectionLimits: { idleMs: 60_000 } });
  const net = (process.pid % 200) + 20;
  const closed: TcpPeer[] = [];
  const idle: TcpPeer[] = [];
  for (let address = 0; address < IDLE / PER_ADDRESS; address += 1) {
    const host = `127.14.${net}.${address + 1}`;
    const peers = await Promise.all(Array.from({ length: PER_ADDRESS }, () => TcpPeer.connect(rig.sip, host)));
    idle.push(...peers);
    peers.forEach((peer) => peer.socket.once("close", () => closed.push(peer)));
  }
  defer(t, () => {
    idle.forEach(({ socket }) => socket.destroy());
  });
  await waitUntil("all are taken in", () => rig.engine.stats().connections === IDLE);
  const tooMany = await TcpPeer.connect(rig.sip, `127.14.${net}.1`);
  await untilGone(tooMany.socket);
  assert.equal(rig.engine.stats().transport.connectionsRefused, 1);
  await assertServed(rig);
  assert.equal(closed.length, 0, "and it was not at the cost of those that are there");
});

test("SEC-12: idle connections end after their time", async (t) => {
  const rig = await startTcp(t, { connectionLimits: { idleMs: 300 } });
  const idle = await Promise.all(Array.from({ length: 200 }, () => rig.connect()));
  await Promise.all(idle.map(({ socket }) => (socket.closed ? Promise.resolve() : untilGone(socket.resume()))));
  await waitUntil("the engine has none left", () => rig.engine.stats().connections === 0);
  assert.equal(rig.engine.stats().transport.connectionsIdle, idle.length);
});
