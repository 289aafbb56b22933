import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { OutgoingRequest, RequestOutcome } from "@mss/call-control";
import { hubIdSchema } from "@mss/model";
import type { BranchReach, ReachStore, TransportAddress } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { createMemoryStores } from "@mss/store";
import { waitUntil } from "./support/wait-until.ts";
import { BranchWatch } from "../src/reach/branch-watch.ts";
import { ReachShare } from "../src/reach/reach-share.ts";
import { HUB_ID, LONDON } from "./support/settings.ts";

const OTHER = hubIdSchema.parse("hub-2");
const ADDRESS: TransportAddress = { transport: "udp", host: "192.0.2.3", port: 5060 };
const TIMING = { silentMs: 20, answerMs: 5, lookMs: 5 };
const SILENT: RequestOutcome = { kind: "failed", failure: "timeout", reason: "nothing came" };
const HERE: RequestOutcome = { kind: "answered", status: 404, reason: "", body: "", header: () => undefined };

interface Watching {
  readonly watch: BranchWatch;
  readonly changes: (BranchReach["state"] | undefined)[];
  readonly asked: OutgoingRequest[];
  answers: boolean;
  address: TransportAddress | undefined;
}

async function watching(t: TestContext): Promise<Watching> {
  const watch = new BranchWatch({
    settings: () => ({ id: HUB_ID, federation: "acme" }),
    addressOf: () => seen.address,
    request: async (request) => {
      seen.asked.push(request);
      return seen.answers ? HERE : SILENT;
    },
    onChange: (branch) => seen.changes.push(watch.reachOf(branch)?.state),
    log: silentLog(),
    timing: TIMING,
  });
  const seen: Watching = { watch, changes: [], asked: [], answers: true, address: ADDRESS };
  await watch.start();
  t.after(() => watch.stop());
  watch.registered(LONDON);
  return seen;
}

test("a branch whose questions stay away is asked, is down when it misses two, and up when it answers again", async (t) => {
  const seen = await watching(t);
  seen.answers = false;
  await new Promise((resolve) => setTimeout(resolve, 2 * TIMING.silentMs));
  assert.equal(seen.asked.length, 0, "of one that never asks nothing is known by its silence");
  seen.watch.heardFrom({ ...ADDRESS, port: 5062 }); // somebody else
  seen.watch.heardFrom(ADDRESS);
  await waitUntil("it is down", () => seen.watch.isDown(LONDON));
  assert.ok(seen.asked.length >= 2);
  assert.equal(seen.watch.reachOf(LONDON)?.by, "options");
  seen.answers = true;
  await waitUntil("it is up", () => !seen.watch.isDown(LONDON));
  assert.deepEqual(seen.changes, ["up", "down", "up"]);
});

test("a branch that did not answer a call is asked, and stays up when it answers", async (t) => {
  const seen = await watching(t);
  seen.watch.wasSilent(LONDON);
  assert.equal(seen.watch.isDoubtful(LONDON), true);
  await waitUntil("it is no longer in doubt", () => !seen.watch.isDoubtful(LONDON));
  assert.deepEqual([seen.asked.length, seen.changes], [1, ["up"]]);
});

test("a branch that is registered here no more is not known here", async (t) => {
  const seen = await watching(t);
  seen.address = undefined;
  await waitUntil("it is forgotten", () => seen.watch.reachOf(LONDON) === undefined);
  assert.deepEqual(seen.changes, ["up", undefined]);
});

function sharing(t: TestContext, store: ReachStore): ReachShare {
  const share = new ReachShare({
    store,
    hub: HUB_ID,
    hubs: () => [HUB_ID, OTHER],
    view: () => [],
    onRead: () => undefined,
    log: silentLog(),
    roundMs: 5,
    believedMs: 200,
  });
  t.after(() => share.stop());
  return share;
}

test("what another hub says is believed while it is heard, and forgotten when the store is away", async (t) => {
  const { reach } = createMemoryStores();
  let isAway = false;
  const share = sharing(t, {
    publish: (view, ttlMs) => (isAway ? Promise.reject(new Error("away")) : reach.publish(view, ttlMs)),
    read: (hubs) => (isAway ? Promise.reject(new Error("away")) : reach.read(hubs)),
  });
  const london: BranchReach = { branch: LONDON, state: "up", since: new Date().toISOString(), by: "registration" };
  await reach.publish({ hub: OTHER, branches: [london] }, 60_000);
  await share.start();
  await waitUntil("hub-2 is known to reach it", () => share.reachedBy(LONDON).includes(OTHER));
  isAway = true;
  await waitUntil("nothing is known", () => share.reachedBy(LONDON).length === 0);
  isAway = false;
  await waitUntil("it is known again", () => share.reachedBy(LONDON).includes(OTHER));
  await reach.publish({ hub: OTHER, branches: [{ ...london, state: "down" }] }, 60_000);
  await waitUntil("hub-2 says that it does not reach it", () => share.reachedBy(LONDON).length === 0);
});
