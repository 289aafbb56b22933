import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Revision, TopologyStore } from "@mss/model";
import { hasCode, silentLog } from "@mss/runtime";
import { createMemoryStores } from "@mss/store";
import { PlanFeed } from "../src/plan-feed.ts";
import type { PlanFeedOptions } from "../src/plan-feed.ts";
import { compileRoutingPlan } from "../src/routing-plan.ts";
import type { RoutingPlan } from "../src/routing-plan.ts";
import { seedTopology } from "../src/topology-seed.ts";
import { HK, LONDON, snapshotOf } from "./support/settings.ts";

const FIRST = snapshotOf();
const SECOND = snapshotOf({ london: { numbers: ["4xxx", "6xxx"], maxCalls: 7 } });

function feedOf(t: TestContext, options: Partial<PlanFeedOptions> & Pick<PlanFeedOptions, "store">): PlanFeed {
  const feed = new PlanFeed({ federation: "acme", log: silentLog(), ...options });
  t.after(() => feed.stop());
  return feed;
}

function nextPlan(): { readonly onPlan: (plan: RoutingPlan) => void; until: (revision: number) => Promise<void> } {
  const waiting = new Map<number, () => void>();
  const seen = new Set<number>();
  return {
    onPlan: ({ revision }) => {
      seen.add(revision);
      waiting.get(revision)?.();
    },
    until: (revision) =>
      seen.has(revision) ? Promise.resolve() : new Promise((resolve) => void waiting.set(revision, resolve)),
  };
}

test("a routing plan knows owners by the longest match, and limits", () => {
  const snapshot = snapshotOf({ hk: { numbers: ["1xxx", "44xx"] }, london: { numbers: ["4xxx"], maxCalls: 7 } });
  const plan = compileRoutingPlan({ revision: 3, snapshot });
  assert.equal(plan.numbers.targetOf("4000"), LONDON);
  assert.equal(plan.numbers.targetOf("4400"), HK);
  assert.equal(plan.numbers.targetOf("9"), undefined);
  assert.deepEqual([plan.maxCalls(LONDON), plan.maxCalls(HK)], [7, undefined]);
});

test("a snapshot that makes no plan is refused", () => {
  for (const numbers of [["1x1"], ["4xxx"]]) {
    const snapshot = snapshotOf({ hk: { numbers } });
    assert.throws(
      () => compileRoutingPlan({ revision: 1, snapshot }),
      (error) => hasCode(error, "PLAN_REFUSED"),
    );
  }
});

test("the file is published when the store is empty, and again when it has changed", async () => {
  const { topology } = createMemoryStores();
  assert.deepEqual(await seedTopology(topology, FIRST, silentLog()), { kind: "published", revision: 1 });
  assert.deepEqual(await seedTopology(topology, FIRST, silentLog()), { kind: "unchanged", revision: 1 });
  assert.deepEqual(await seedTopology(topology, SECOND, silentLog()), { kind: "published", revision: 2 });
});

test("of two hubs that publish at once the second yields", async () => {
  const { topology } = createMemoryStores();
  const raced: TopologyStore = {
    current: () => Promise.resolve(undefined),
    publish: (snapshot, expected) => topology.publish(snapshot, expected),
    watch: (listener) => topology.watch(listener),
  };
  await topology.publish(SECOND, 0);
  assert.deepEqual(await seedTopology(raced, FIRST, silentLog()), { kind: "yielded", revision: 1 });
});

test("the plan in force is the store's, and follows it", async (t) => {
  const { topology } = createMemoryStores();
  const { onPlan, until } = nextPlan();
  const feed = feedOf(t, { store: topology, snapshot: FIRST, onPlan });
  await feed.start();
  assert.equal(feed.plan?.revision, 1);
  await topology.publish(SECOND, 1);
  await until(2);
  assert.equal(feed.plan?.numbers.targetOf("6000"), LONDON);
});

test("with the store away the file's plan is in force, and the store's when it is back", async (t) => {
  const { topology } = createMemoryStores();
  let away = true;
  const store: TopologyStore = {
    current: () => (away ? Promise.reject(new Error("away")) : topology.current()),
    publish: (snapshot, expected) => (away ? Promise.reject(new Error("away")) : topology.publish(snapshot, expected)),
    watch: (listener) => topology.watch(listener),
  };
  const { onPlan, until } = nextPlan();
  const feed = feedOf(t, { store, snapshot: FIRST, onPlan });
  await feed.start();
  assert.equal(feed.plan?.revision, 0);
  away = false;
  await until(1);
  assert.equal(feed.plan?.revision, 1);
});

test("an older revision, another federation's and one that makes no plan are left out", async (t) => {
  const told: ((revision: Revision) => void)[] = [];
  const publishedAt = "2026-01-01T00:00:00.000Z";
  const store: TopologyStore = {
    current: () => Promise.resolve({ revision: 5, snapshot: FIRST, publishedAt }),
    publish: () => Promise.resolve({ kind: "unchanged", revision: 5 }),
    watch: (listener) => {
      told.push(listener);
      return Promise.resolve(() => Promise.resolve());
    },
  };
  const feed = feedOf(t, { store });
  await feed.start();
  assert.equal(told.length, 1);
  for (const revision of [
    { revision: 4, snapshot: SECOND, publishedAt },
    { revision: 6, snapshot: { ...SECOND, federation: "other" }, publishedAt },
    { revision: 7, snapshot: snapshotOf({ hk: { numbers: ["nonsense"] } }), publishedAt },
  ]) {
    told[0]?.(revision);
    assert.equal(feed.plan?.revision, 5);
  }
});
