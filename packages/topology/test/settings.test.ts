import assert from "node:assert/strict";
import path from "node:path";
import { describe, test } from "node:test";
import { snapshotSchema } from "@mss/model";
import { DEFAULT_STREAM_LIMITS, FLOOD_LIMITS } from "@mss/sip-engine";
import { DEFAULT_LIMITS } from "@mss/sip-message";
import { branchSettings, hubSettings, loadTopology, resolveSecrets, toSnapshot } from "@mss/topology";
import type { Secrets, Topology } from "@mss/topology";
import { GOOD, changed, topologyOf } from "./support/documents.ts";

async function secretsOf(topology: Topology): Promise<Secrets> {
  const resolved = await resolveSecrets(topology, {
    env: {
      HK_TRUNK_SECRET: "trunk-of-hong-kong",
      HK_1000_SECRET: "alice-her-secret",
      LONDON_TRUNK_SECRET: "trunk-of-london",
    },
    readFile: () => Promise.resolve("phones-of-hong-kong"),
  });
  assert.ok(resolved.kind === "resolved");
  return resolved.secrets;
}

const HUB_1 = {
  id: "hub-1",
  addresses: [
    { transport: "udp", host: "192.0.2.1", port: 5060 },
    { transport: "tcp", host: "192.0.2.1", port: 5060 },
    { transport: "tls", host: "192.0.2.1", port: 6060 },
  ],
};

describe("settings", () => {
  test("of a branch have everything, defaults filled in", async () => {
    const topology = topologyOf(GOOD);
    const { extensions, ...settings } = branchSettings(topology, "hk", await secretsOf(topology));
    assert.partialDeepStrictEqual(settings, {
      id: "hk",
      name: "hk",
      federation: "acme",
      listen: [{ transport: "udp", host: "198.51.100.1", port: 5060 }],
      numbers: ["1xxx"],
      numbersElsewhere: [],
      trunk: { secret: "trunk-of-hong-kong", maxCalls: 30 },
      registration: { minExpiresSeconds: 60, maxExpiresSeconds: 3600, defaultExpiresSeconds: 3600 },
      limits: {
        messages: DEFAULT_LIMITS,
        connections: { perAddress: 100, idleSeconds: 60, handshakeSeconds: 5 },
        flood: { unknownSource: { perSecond: 100, burst: 500 }, failures: 10 },
      },
      maxContacts: 3,
      ringTimeoutMs: 60_000,
      dataDirectory: path.resolve("/etc/mss/data/hk"),
      logLevel: "info",
    });
    assert.deepEqual(
      settings.trunk.hubs.map(({ id }) => String(id)),
      ["hub-1", "hub-2"],
    );
    assert.deepEqual(settings.trunk.hubs[0], HUB_1);
    assert.equal("http" in settings, false);
    assert.equal(extensions.size, 11);
    assert.deepEqual([...extensions.keys()].map(String).slice(0, 3), ["1000", "1001", "1002"]);
  });

  test("of a branch follow every key of the document", async () => {
    const topology = topologyOf(
      changed(
        {
          replace: "    extensions:\n",
          by: `    name: Hong Kong
    http: { listen: "[::1]:9000" }
    registration: { minExpiresSeconds: 30, maxExpiresSeconds: 90, defaultExpiresSeconds: 60 }
    limits:
      messages: { datagramBytes: 9000, multipartDepth: 1 }
      connections: { perAddress: 300, idleSeconds: 120 }
      flood: { unknownSource: { burst: 2000 }, banSeconds: 3600 }
    ringTimeoutSeconds: 20
    data: /var/lib/mss/hk
    logLevel: debug
    extensions:
`,
        },
        { replace: "maxCalls: 30", by: "maxCalls: 5, address: 203.0.113.7, hubs: [hub-2, hub-1]" },
      ),
    );
    const secrets = await secretsOf(topology);
    const settings = branchSettings(topology, "hk", secrets);
    assert.partialDeepStrictEqual(settings, {
      name: "Hong Kong",
      http: { host: "::1", port: 9000 },
      registration: { minExpiresSeconds: 30, maxExpiresSeconds: 90, defaultExpiresSeconds: 60 },
      limits: {
        messages: { ...DEFAULT_LIMITS, datagramBytes: 9000, multipartDepth: 1 },
        connections: { perAddress: 300, idleSeconds: 120, total: 10_000 },
        flood: { unknownSource: { perSecond: 100, burst: 2000 }, banSeconds: 3600, failures: 10 },
      },
      ringTimeoutMs: 20_000,
      dataDirectory: "/var/lib/mss/hk",
      logLevel: "debug",
      trunk: { maxCalls: 5 },
    });
    assert.deepEqual(
      settings.trunk.hubs.map(({ id }) => String(id)),
      ["hub-2", "hub-1"],
    );
    const trunks = [...hubSettings(topology, "hub-1", secrets).trunks].map(([id, trunk]) => [String(id), trunk]);
    assert.deepEqual(trunks, [
      ["hk", { secret: "trunk-of-hong-kong", address: "203.0.113.7", maxCalls: 5 }],
      ["london", { secret: "trunk-of-london" }],
    ]);
  });

  test("of limits are those of the embedded engine, where the document gives none", async () => {
    const topology = topologyOf(GOOD);
    const { limits } = hubSettings(topology, "hub-1", await secretsOf(topology));
    assert.ok(limits !== undefined);
    assert.deepEqual(limits.flood, FLOOD_LIMITS);
    assert.deepEqual(limits.connections, {
      perAddress: DEFAULT_STREAM_LIMITS.connectionsPerAddress,
      total: DEFAULT_STREAM_LIMITS.connections,
      dialled: DEFAULT_STREAM_LIMITS.dialledConnections,
      messageSeconds: DEFAULT_STREAM_LIMITS.messageMs / 1000,
      idleSeconds: DEFAULT_STREAM_LIMITS.idleMs / 1000,
      backlogBytes: DEFAULT_STREAM_LIMITS.backlogBytes,
      writeSeconds: DEFAULT_STREAM_LIMITS.writeMs / 1000,
      connectSeconds: DEFAULT_STREAM_LIMITS.connectMs / 1000,
      pingSeconds: DEFAULT_STREAM_LIMITS.pingMs / 1000,
      pongSeconds: DEFAULT_STREAM_LIMITS.pongMs / 1000,
      handshakesPerAddress: DEFAULT_STREAM_LIMITS.handshakesPerAddress,
      handshakes: DEFAULT_STREAM_LIMITS.handshakes,
      handshakeSeconds: DEFAULT_STREAM_LIMITS.handshakeMs / 1000,
    });
  });

  test("of a branch carve out what another branch owns more exactly", async () => {
    const topology = topologyOf(changed({ replace: '["4xxx"]', by: '["4xxx", "15xx", "1600-1609"]' }));
    const secrets = await secretsOf(topology);
    assert.deepEqual(branchSettings(topology, "hk", secrets).numbersElsewhere, ["15xx", "160x"]);
    assert.deepEqual(branchSettings(topology, "london", secrets).numbersElsewhere, []);
  });

  test("of a hub have the trunks that come to it, and wait longer than its branches", async () => {
    const topology = topologyOf(
      changed({ replace: "maxCalls: 30 }", by: "hubs: [hub-2] }\n    ringTimeoutSeconds: 90" }),
    );
    const secrets = await secretsOf(topology);
    const first = hubSettings(topology, "hub-1", secrets);
    const second = hubSettings(topology, "hub-2", secrets);
    assert.deepEqual([...first.trunks.keys()].map(String), ["london"]);
    assert.deepEqual([...second.trunks.keys()].map(String), ["hk", "london"]);
    assert.ok(first.ringTimeoutMs > 60_000 && second.ringTimeoutMs > 90_000);
  });

  test("of a node that does not exist are an error", async () => {
    const topology = topologyOf(GOOD);
    const secrets = await secretsOf(topology);
    assert.throws(() => hubSettings(topology, "hk", secrets), { code: "UNKNOWN_NODE" });
    assert.throws(() => branchSettings(topology, "hub-1", secrets), { code: "UNKNOWN_NODE" });
  });
});

describe("snapshot", () => {
  test("is what the model says it is, and holds no secret and no extension", () => {
    const snapshot = toSnapshot(topologyOf(GOOD));
    assert.deepEqual(snapshotSchema.parse(snapshot), snapshot);
    assert.doesNotMatch(JSON.stringify(snapshot), /secret|SECRET|Alice|1000/);
  });

  test("has the same hash however the file is written, and another when it says something else", () => {
    const { hash } = toSnapshot(topologyOf(GOOD));
    assert.match(hash, /^[0-9a-f]{64}$/);
    const sameSaid = [
      changed({ replace: '["1xxx"]', by: "['1000-1999'] # the same" }),
      changed({ replace: "HK_TRUNK_SECRET", by: "ANOTHER_SECRET" }),
      `${GOOD.slice(0, GOOD.indexOf("  hk:"))}${GOOD.slice(GOOD.indexOf("  london:"))}${GOOD.slice(GOOD.indexOf("  hk:"), GOOD.indexOf("  london:"))}`,
    ];
    for (const text of sameSaid) {
      assert.equal(toSnapshot(topologyOf(text)).hash, hash);
    }
    const otherSaid = [
      changed({ replace: '["1xxx"]', by: '["1xxx", "2xxx"]' }),
      changed({ replace: "maxCalls: 30", by: "maxCalls: 31" }),
      changed({ replace: "udp://192.0.2.2:5060", by: "udp://192.0.2.3:5060" }),
      changed({ replace: "acme", by: "acme2" }),
    ];
    assert.equal(new Set([hash, ...otherSaid.map((text) => toSnapshot(topologyOf(text)).hash)]).size, 5);
  });
});

test("the demo federation has no fault and no warning", async () => {
  const checked = await loadTopology([path.join(import.meta.dirname, "../../../topology/demo.yaml")]);
  assert.equal(checked.kind, "ok");
  assert.deepEqual(checked.warnings, []);
});
