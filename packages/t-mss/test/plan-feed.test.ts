import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { TopologyStore } from "@mss/model";
import { createMemoryStores } from "@mss/store";
import { FIRST, SECOND, feedOf, nextPlan, portOf, revisionOf, scriptedStore } from "./support/plan-feed.ts";
import { LONDON } from "./support/settings.ts";

test("the file is the first revision of an empty store, and leaves a store that has one alone", async (t) => {
  const { topology } = createMemoryStores();
  const first = feedOf(t, { store: topology, snapshot: FIRST });
  await first.start();
  assert.equal(first.plan?.revision, 1);
  assert.partialDeepStrictEqual((await topology.current())?.header, { author: "hub-1", hash: FIRST.hash });
  const second = feedOf(t, { store: topology, snapshot: SECOND });
  await second.start();
  assert.deepEqual([second.plan?.revision, second.plan?.hash], [1, FIRST.hash]);
});

test("of two hubs that publish at once the second follows", async (t) => {
  const { topology } = createMemoryStores();
  let stale = true;
  const raced: TopologyStore = {
    ...portOf(topology),
    current: () => (stale ? Promise.resolve(undefined) : topology.current()),
    watch: async (listener) => {
      listener(undefined);
      await topology.publish(revisionOf(1, SECOND), 0);
      stale = false;
      return topology.watch(listener);
    },
  };
  const feed = feedOf(t, { store: raced, snapshot: FIRST });
  await feed.start();
  assert.equal(feed.plan?.hash, SECOND.hash);
});

test("the plan in force is the store's, and follows it", async (t) => {
  const { topology } = createMemoryStores();
  const { onPlan, until } = nextPlan();
  const feed = feedOf(t, { store: topology, snapshot: FIRST, onPlan });
  await feed.start();
  assert.equal(feed.plan?.revision, 1);
  await topology.publish(revisionOf(2, SECOND), 1);
  await until(2);
  assert.equal(feed.plan?.calls.numbers.targetOf("6000"), LONDON);
});

test("with the store away the file's plan is in force, and the store's when it is back", async (t) => {
  const { topology } = createMemoryStores();
  await topology.publish(revisionOf(1, SECOND), 0);
  let away = true;
  const store: TopologyStore = {
    ...portOf(topology),
    watch: (listener) => (away ? Promise.reject(new Error("away")) : topology.watch(listener)),
  };
  const { onPlan, until } = nextPlan();
  const feed = feedOf(t, { store, snapshot: FIRST, onPlan });
  await feed.start();
  assert.deepEqual([feed.plan?.revision, feed.plan?.hash], [0, FIRST.hash]);
  away = false;
  await until(1);
  assert.equal(feed.plan?.hash, SECOND.hash);
});

test("a store that lost the revision in force, or went back, gets it again", async (t) => {
  const { store, restored, tell } = scriptedStore(revisionOf(5, FIRST));
  const feed = feedOf(t, { store });
  await feed.start();
  for (const behind of [undefined, revisionOf(4, SECOND)]) {
    tell(behind);
    await setImmediate();
    assert.equal(feed.plan?.revision, 5);
  }
  assert.deepEqual(restored, [5, 5]);
  tell(revisionOf(5, FIRST));
  await setImmediate();
  assert.deepEqual(restored, [5, 5]);
});

test("of two revisions of one number all hubs end with the later one", async (t) => {
  const early = revisionOf(5, FIRST, { publishedAt: "2026-01-01T00:00:01.000Z" });
  const late = revisionOf(5, SECOND, { publishedAt: "2026-01-01T00:00:02.000Z" });
  for (const [first, second] of [
    [early, late],
    [late, early],
  ] as const) {
    const { store, restored, tell } = scriptedStore(first);
    const feed = feedOf(t, { store });
    await feed.start();
    tell(second);
    await setImmediate();
    assert.equal(feed.plan?.hash, SECOND.hash);
    assert.deepEqual(restored, first === late ? [5] : []);
  }
});
