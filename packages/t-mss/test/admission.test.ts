import assert from "node:assert/strict";
import { test } from "node:test";
import { branchSettings, hubSettings, toSnapshot } from "@mss/topology";
import { openPhone, passwordOf, runBranch, runHub, trunkUp } from "./support/federation.ts";
import { topologyOf } from "./support/topology.ts";

const NET = "127.17.190";

const TEXT = `
federation: acme
demo: true
hubs: { hub-1: { sip: { listen: [udp://${NET}.1:5060] } } }
branches:
  hk:
    numbers: ["1xxx"]
    sip: { listen: [udp://${NET}.2:5060], largeRequestBytes: 0 }
    trunk:
      secret: trunk-secret-of-hk
      callRate: { perSecond: 1, burst: 1 }
      probe: { intervalMs: 200, downAfter: 5, goodStatuses: [200, 404] }
    digest: [MD5]
    emergency: { numbers: ["112"], to: ["1001"] }
    limits: { calls: { atOnce: 50, sessionSeconds: 600, lampRefreshSeconds: 10 } }
    extensions:
      "1000": { secret: ${passwordOf("1000")}, maxCalls: 1, callRate: { perSecond: 1, burst: 2 } }
      "1001-1002": { secret: ${passwordOf("1001")} }
  london:
    numbers: ["4xxx"]
    sip: { listen: [udp://${NET}.3:5060] }
    trunk: { secret: trunk-secret-of-london }
    digest: [MD5]
    emergency: { numbers: [] }
    extensions: { "4000": { secret: ${passwordOf("4000")} } }
`;

test("keys of the topology: calls a second of a trunk, calls of an extension, and neither counts a call for help", async (t) => {
  const { topology, secrets } = await topologyOf(TEXT);
  const [hk, london] = ["hk", "london"].map((id) => branchSettings(topology, id, secrets));
  assert.ok(hk !== undefined && london !== undefined);
  assert.deepEqual(hk.trunk.probe, {
    intervalMs: 200,
    timeoutMs: 1_000,
    downAfter: 5,
    upAfter: 3,
    goodStatuses: [200, 404],
  });
  assert.deepEqual([hk.limits?.calls?.atOnce, hk.limits?.calls?.sessionSeconds], [50, 600]);
  assert.deepEqual([hk.largeRequestBytes, london.largeRequestBytes], [0, 1_300]);
  await runHub(t, { settings: hubSettings(topology, "hub-1", secrets), snapshot: toSnapshot(topology) });
  const branches = await Promise.all([hk, london].map((settings) => runBranch(t, settings)));
  await Promise.all(branches.map((branch) => trunkUp(branch)));
  const alice = await openPhone(t, NET, "1000", 50);
  const bob = await openPhone(t, NET, "1001", 51);
  const carol = await openPhone(t, NET, "4000", 150);
  await Promise.all([bob.register(), carol.register()]);

  const first = await alice.call("4000");
  const atCarol = await carol.nextCall();
  assert.match(atCarol.request.headers.get("Session-Expires") ?? "", /^1800/, "of london's own limits");
  atCarol.answer();
  assert.equal((await first.final).status, 200);
  const full = await (await alice.call("1001")).final;
  assert.deepEqual([full.status, full.headers.get("Reason")?.includes("cause=34")], [480, true]);
  const tooFast = await (await alice.call("1001")).final;
  assert.deepEqual([tooFast.status, tooFast.headers.has("Retry-After")], [480, true]);
  assert.match(tooFast.headers.get("Reason") ?? "", /cause=42/);
  const help = await alice.call("112");
  (await bob.nextCall()).answer();
  assert.equal((await help.final).status, 200, "a call for help is in none of the counts");
  assert.equal((await help.bye()).status, 200);
  assert.equal((await first.bye()).status, 200);

  const burst = await Promise.all(Array.from({ length: 6 }, async () => (await bob.call("4999")).final));
  const refused = burst.filter(({ status }) => status === 503);
  assert.ok(refused.length > 0, "six calls at once are too many for the trunk");
  assert.ok(refused.every(({ headers }) => /cause=42/.test(headers.get("Reason") ?? "") && headers.has("Retry-After")));
  assert.ok(burst.every(({ status }) => status === 503 || status === 404));
});
