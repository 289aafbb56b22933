import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SipPhone } from "@mss/call-control/testing";
import { hubIdSchema } from "@mss/model";
import type { BranchId } from "@mss/model";
import { startRedis } from "@mss/store/testing";
import { hashedSnapshot } from "@mss/topology";
import type { RunningHub } from "@mss/t-mss";
import { waitUntil } from "./support/wait-until.ts";
import { runHub } from "./support/federation.ts";
import { HK, LONDON, hubSettings, snapshotOf, trunkSecretOf } from "./support/settings.ts";

const reason = process.env["MSS_SKIP_REDIS"];
const skip = reason === undefined || reason === "" ? false : reason;

const NET = "127.17.80";
const HUBS = [1, 2].map((place) => ({
  id: hubIdSchema.parse(`hub-${place}`),
  listen: [{ transport: "udp" as const, host: `${NET}.${place}`, port: 5060 }],
}));
const { hash: _, ...plain } = snapshotOf();
const SNAPSHOT = hashedSnapshot({ ...plain, hubs: HUBS });

interface Two {
  readonly hubs: readonly [RunningHub, RunningHub];
  /** Hong Kong, as each hub sees it. */
  readonly hk: readonly [SipPhone, SipPhone];
  /** London: the line to a hub is cut when its end is closed. */
  readonly london: readonly [SipPhone, SipPhone];
}

async function endOf(t: TestContext, branch: BranchId, hub: number): Promise<SipPhone> {
  const [number, base] = branch === HK ? ["1000", 10] : ["4000", 20];
  const peer = await SipPhone.open({
    username: branch,
    password: trunkSecretOf(branch),
    number,
    host: `${NET}.${base + hub}`,
    server: { host: `${NET}.${hub}`, port: 5060 },
  });
  t.after(() => peer.close());
  // one contact by both ways, as of a branch behind one address
  const headers = [
    { name: "Contact", value: `<sip:${branch}@${NET}.${base}:5060>` },
    { name: "Expires", value: "60" },
  ];
  const register = { to: `<sip:${branch}@acme>`, from: `<sip:${branch}@acme>;tag=${branch}${hub}`, headers };
  assert.equal((await peer.register(register)).status, 200);
  return peer;
}

/** Two hubs with one Redis, and two branches at both. */
async function start(t: TestContext): Promise<Two> {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const hubAt = (place: number): Promise<RunningHub> =>
    runHub(t, {
      settings: hubSettings(`${NET}.${place}`, { id: hubIdSchema.parse(`hub-${place}`) }),
      store: { kind: "redis", url: redis.url },
      snapshot: SNAPSHOT,
      branchFirstResponseTimeoutMs: 200,
      branchWatch: { answerMs: 200, lookMs: 50 },
    });
  const hubs = [await hubAt(1), await hubAt(2)] as const;
  const hk = [await endOf(t, HK, 1), await endOf(t, HK, 2)] as const;
  const london = [await endOf(t, LONDON, 1), await endOf(t, LONDON, 2)] as const;
  await waitUntil("the hubs know of each other", () =>
    hubs.every((hub) => trunkOf(hub, LONDON)?.otherHubs.length === 1 && trunkOf(hub, HK)?.otherHubs.length === 1),
  );
  return { hubs, hk, london };
}

function trunkOf(hub: RunningHub, branch: BranchId) {
  return hub.status().trunks.find((trunk) => trunk.branch === branch);
}

test(
  "what a hub cannot reach and another one can is refused at once, and up calls are given to it",
  { skip },
  async (t) => {
    const { hubs, hk, london } = await start(t);
    const up = await hk[0].call("4000");
    (await london[0].nextCall()).answer();
    assert.equal((await up.final).status, 200);
    await london[0].close();
    assert.equal((await (await hk[0].call("4000")).final).status, 503, "silent");
    const bye = await hk[0].next("BYE");
    assert.match(bye.headers.get("Reason") ?? "", /^Q\.850;cause=38;/);
    const here = trunkOf(hubs[0], LONDON);
    assert.deepEqual([here?.state, here?.by, here?.otherHubs], ["down", "calls", ["hub-2"]]);

    const refused = await (await hk[0].call("4000")).final;
    assert.equal(refused.status, 503);
    assert.match(refused.headers.get("Reason") ?? "", /london is reached by hub-2/);
    const again = await hk[1].call("4000");
    (await london[1].nextCall()).answer();
    assert.equal((await again.final).status, 200);
    await again.bye();
    // advice that is not there changes nothing: a hub that is alone tries the branch itself
    await hubs[1].stop();
    await waitUntil("hub-2 has said that it stops", () => trunkOf(hubs[0], LONDON)?.otherHubs.length === 0);
    const tried = await (await hk[0].call("4000")).final;
    assert.match(tried.headers.get("Reason") ?? "", /did not answer/);
  },
);
