import assert from "node:assert/strict";
import { test } from "node:test";
import type { Binding, LimitSettings } from "@mss/model";
import { DEFAULT_LIMITS } from "@mss/sip-message";
import { DEFAULT_STREAM_LIMITS, FLOOD_LIMITS, createEngine } from "@mss/sip-engine";
import { NodeTls, engineOptions, knownSources } from "@mss/call-control/node";
import { createLog, silentLog } from "@mss/runtime";

const LISTEN = [{ transport: "udp", host: "127.17.200.1", port: 0 }] as const;

const LIMITS: LimitSettings = {
  messages: DEFAULT_LIMITS,
  connections: {
    perAddress: 1,
    total: 2,
    dialled: 3,
    messageSeconds: 4,
    idleSeconds: 5,
    backlogBytes: 6,
    writeSeconds: 7,
    connectSeconds: 8,
    pingSeconds: 9,
    pongSeconds: 10,
    handshakesPerAddress: 11,
    handshakes: 12,
    handshakeSeconds: 13,
  },
  flood: { ...FLOOD_LIMITS, banSeconds: 14 },
};

async function optionsOf(limits: LimitSettings | undefined, trusted: readonly string[] = []) {
  const tls = await NodeTls.open({ listen: LISTEN, requiresCertificates: false, isEmbedded: true, log: silentLog() });
  const settings = limits === undefined ? {} : { limits };
  return engineOptions({ settings, tls, unprovenPeers: "refuse", trusted, secret: "s", log: silentLog() });
}

test("every limit of the settings becomes one of the engine, in its units", async () => {
  const { connectionLimits, flood, messageLimits } = await optionsOf(LIMITS);
  assert.deepEqual(connectionLimits, {
    connectionsPerAddress: 1,
    connections: 2,
    dialledConnections: 3,
    messageMs: 4_000,
    idleMs: 5_000,
    backlogBytes: 6,
    writeMs: 7_000,
    connectMs: 8_000,
    pingMs: 9_000,
    pongMs: 10_000,
    handshakesPerAddress: 11,
    handshakes: 12,
    handshakeMs: 13_000,
  });
  assert.deepEqual(Object.keys(connectionLimits).toSorted(), Object.keys(DEFAULT_STREAM_LIMITS).toSorted());
  assert.equal(flood?.banSeconds, 14);
  assert.deepEqual(messageLimits, DEFAULT_LIMITS);
  assert.equal("flood" in (await optionsOf(undefined)), false, "the defaults of the engine");
});

test("peers that the settings name by address are trusted, once each; those that they name by name are not", async () => {
  const options = await optionsOf(undefined, ["192.0.2.1", "hub.example", "192.0.2.1", "2001:db8::1"]);
  assert.deepEqual(options.trusted, ["192.0.2.1", "2001:db8::1"]);
  createEngine(options);
});

function binding(host: string, expiresAt: number): Binding {
  const source = { transport: "udp", host, port: 5060 } as const;
  return { aor: "1000", contact: `sip:1000@${host}`, source, callId: "c", cseq: 1, expiresAt };
}

test("what is registered is known to the engine for as long as it lasts", async () => {
  const known: (readonly [string, number])[] = [];
  const part = knownSources({
    engine: { know: ({ host }, seconds) => known.push([host, Math.round(seconds)]) },
    bindings: (nowMs) => Promise.resolve([binding("192.0.2.7", nowMs + 90_000), binding("192.0.2.8", nowMs + 5_000)]),
    log: silentLog(),
  });
  await part.start();
  await part.stop();
  assert.deepEqual(known, [
    ["192.0.2.7", 90],
    ["192.0.2.8", 5],
  ]);
});

test("a store that cannot tell what is registered keeps no node from starting", async () => {
  const said: string[] = [];
  const part = knownSources({
    engine: { know: () => assert.fail("nobody is known") },
    bindings: () => Promise.reject(new Error("away")),
    log: createLog({ level: "info", destination: { write: (text) => void said.push(text) } }),
  });
  await part.start();
  assert.match(said.join(""), /"level":"warn".*away.*strangers until they register again/);
});
