import assert from "node:assert/strict";
import { test } from "node:test";
import { branchPartBodySchema } from "@mss/model";
import type { BranchSettings } from "@mss/model";
import {
  branchParts,
  branchSettings,
  checkTopology,
  resolveSecrets,
  settingsWithPart,
  toSnapshot,
} from "@mss/topology";

const TEXT = `
federation: acme
demo: true
hubs: { hub-1: { sip: { listen: [udp://192.0.2.1:5060] } } }
branches:
  hk:
    numbers: ["1xxx"]
    sip: { listen: [udp://10.1.0.1:5060] }
    externalAddress: 198.51.100.1
    localNetworks: [10.1.0.0/16]
    trunk: { secret: the-secret-of-hk, maxCalls: 5 }
    direct: true
  london:
    numbers: ["64xxx"]
    siteCode: "6"
    timeZone: Europe/London
    emergency: { numbers: ["999"], to: ["4000"] }
    sip: { listen: [udp://203.0.113.1:5060, tls://203.0.113.1:5061] }
    trunk: { secret: the-secret-of-london }
    direct: true
    extensions: { "4000": { name: Carol, secret: carols-password } }
  paris:
    name: Gare du Nord
    numbers: ["5xxx", "15xx"]
    emergency: { numbers: [] }
    sip: { listen: [udp://192.0.2.77:5060] }
    trunk: { secret: the-secret-of-paris }
blocked: { premium: { numbers: ["0900*"] } }
`;

async function whole() {
  const checked = checkTopology([{ file: "/etc/acme.yaml", text: TEXT }]);
  assert.ok(checked.kind === "ok", JSON.stringify(checked));
  const { topology } = checked;
  const resolved = await resolveSecrets(topology, { env: {}, readFile: () => Promise.reject(new Error("none")) });
  assert.ok(resolved.kind === "resolved");
  return { topology, settings: (id: string): BranchSettings => branchSettings(topology, id, resolved.secrets) };
}

test("a branch with direct gets the rules of the federation and where the others that have it are reached", async () => {
  const { topology, settings } = await whole();
  const { direct } = settings("hk");
  assert.deepEqual(direct?.peers, [
    { id: "london", addresses: [{ transport: "tls", host: "203.0.113.1", port: 5061 }] },
  ]);
  assert.deepEqual(settings("london").direct?.peers, [
    { id: "hk", addresses: [{ transport: "tls", host: "198.51.100.1", port: 6060 }] },
  ]);
  const { branches, blocked } = toSnapshot(topology);
  assert.deepEqual(
    direct?.rules.branches.map(({ id, numbers }) => ({ id, numbers })),
    branches.map(({ id, numbers }) => ({ id, numbers })),
  );
  assert.deepEqual(direct?.rules.blocked, blocked);
  assert.equal(settings("paris").direct, undefined);
  assert.deepEqual(
    branches.flatMap(({ id, direct: isDirect }) => (isDirect === true ? [id] : [])),
    ["hk", "london"],
  );
});

test("its part of what is published has the same, and no secret, phone or name of another branch", async () => {
  const { topology, settings } = await whole();
  const bodies = branchParts(topology).map((body) => branchPartBodySchema.parse(structuredClone(body)));
  const hk = bodies.find(({ branch }) => branch === "hk");
  const paris = bodies.find(({ branch }) => branch === "paris");
  assert.ok(hk !== undefined && paris !== undefined);
  assert.deepEqual(
    settingsWithPart({ ...settings("hk"), direct: { rules: { branches: [] }, peers: [] } }, hk),
    settings("hk"),
  );
  assert.doesNotMatch(JSON.stringify(hk), /secret|password|Carol|Gare du Nord|192\.0\.2\.77/);
  assert.equal(paris.direct, undefined);
  const { direct, ...without } = settings("london");
  assert.ok(direct !== undefined);
  assert.equal(
    settingsWithPart({ ...settings("paris"), direct }, paris).direct,
    undefined,
    "taken back by what is published",
  );
  assert.equal("direct" in without, false);
});
