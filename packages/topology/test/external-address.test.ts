import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { snapshotSchema } from "@mss/model";
import { branchSettings, hubSettings, resolveSecrets, toSnapshot } from "@mss/topology";
import type { Secrets, Topology } from "@mss/topology";
import { GOOD, changed, check, topologyOf } from "./support/documents.ts";

const HUB = "    sip: { listen: [udp://192.0.2.1:5060, tcp://192.0.2.1:5060] }\n";
const HK = "    sip: { listen: [udp://198.51.100.1:5060] }\n";

async function secretsOf(topology: Topology): Promise<Secrets> {
  const resolved = await resolveSecrets(topology, {
    env: { HK_TRUNK_SECRET: "trunk-of-hong-kong", HK_1000_SECRET: "alice-her-secret", LONDON_TRUNK_SECRET: "london-x" },
    readFile: () => Promise.resolve("phones-of-hong-kong"),
  });
  assert.ok(resolved.kind === "resolved");
  return resolved.secrets;
}

const keysOfNode = (listen: string, externalAddress: string, networks: string): string =>
  `${listen}    externalAddress: ${externalAddress}\n    localNetworks: ${networks}\n`;

test("a node's settings have its external address and its networks, in one spelling", async () => {
  const topology = topologyOf(
    changed(
      { replace: HUB, by: keysOfNode(HUB, '"::ffff:203.0.113.1"', '[10.0.0.0/8, 192.0.2.0/24, "FD00:0::/8"]') },
      { replace: HK, by: keysOfNode(HK, "203.0.113.2", "[10.7.7.7]") },
    ),
  );
  const secrets = await secretsOf(topology);
  assert.deepEqual(hubSettings(topology, "hub-1", secrets).external, {
    address: "203.0.113.1",
    localNetworks: ["10.0.0.0/8", "192.0.2.0/24", "fd00::/8"],
  });
  assert.deepEqual(branchSettings(topology, "hk", secrets).external, {
    address: "203.0.113.2",
    localNetworks: ["10.7.7.7/32"],
  });
  assert.equal("external" in branchSettings(topology, "london", secrets), false);
});

test("the snapshot tells other nodes of a hub's two addresses, and is another one with them", () => {
  const external = { address: "203.0.113.1", localNetworks: ["10.0.0.0/8"] };
  const snapshot = toSnapshot(
    topologyOf(changed({ replace: HUB, by: keysOfNode(HUB, external.address, "[10.0.0.0/8]") })),
  );
  assert.deepEqual(snapshotSchema.parse(snapshot), snapshot);
  assert.deepEqual(
    snapshot.hubs.map((hub) => hub.external),
    [external, undefined],
  );
  assert.notEqual(snapshot.hash, toSnapshot(topologyOf(GOOD)).hash);
});

describe("a branch calls a hub behind a router", () => {
  const hub = { replace: HUB, by: keysOfNode(HUB, "203.0.113.1", "[10.0.0.0/8, 198.51.100.0/24]") };
  const cases: readonly [name: string, hk: { replace: string; by: string }, host: string][] = [
    ["at its own address from one of its networks", { replace: HK, by: HK }, "192.0.2.1"],
    [
      "at the external one from elsewhere",
      { replace: HK, by: HK.replace("198.51.100.1", "198.18.0.1") },
      "203.0.113.1",
    ],
    [
      "at its own address behind the same router, whatever the branch listens on",
      { replace: HK, by: `${HK.replace("198.51.100.1:5060", "172.16.0.1:5080")}    externalAddress: 203.0.113.1\n` },
      "192.0.2.1",
    ],
    [
      "at the external one behind another router, though the networks have the same numbers",
      { replace: HK, by: `${HK.replace("198.51.100.1", "10.0.0.1")}    externalAddress: 203.0.113.9\n` },
      "203.0.113.1",
    ],
    [
      "by the address that the trunk is said to call from",
      { replace: "{ env: HK_TRUNK_SECRET }, maxCalls: 30", by: "{ env: HK_TRUNK_SECRET }, address: 203.0.113.77" },
      "203.0.113.1",
    ],
    [
      "at the external one from a branch that listens on all addresses",
      { replace: HK, by: HK.replace("198.51.100.1", "0.0.0.0") },
      "203.0.113.1",
    ],
  ];
  for (const [name, hk, host] of cases) {
    test(name, async () => {
      const topology = topologyOf(changed(hub, hk));
      const settings = branchSettings(topology, "hk", await secretsOf(topology));
      assert.deepEqual(settings.trunk.hubs[0]?.addresses, [
        { transport: "udp", host, port: 5060 },
        { transport: "tcp", host, port: 5060 },
        { transport: "tls", host, port: 6060 },
      ]);
    });
  }
});

test("with an external address a hub may listen on all addresses: it is called there", async () => {
  const text = changed({
    replace: "    sip: { listen: [udp://192.0.2.2:5060] }\n",
    by: "    sip: { listen: [udp://0.0.0.0] }\n    externalAddress: 203.0.113.1\n    localNetworks: [198.51.100.0/24]\n",
  });
  assert.deepEqual(check(text).warnings, []);
  const topology = topologyOf(text);
  const hubs = branchSettings(topology, "hk", await secretsOf(topology)).trunk.hubs;
  assert.deepEqual(hubs[1]?.addresses, [
    { transport: "udp", host: "203.0.113.1", port: 5060 },
    { transport: "tls", host: "203.0.113.1", port: 6060 },
  ]);
});
