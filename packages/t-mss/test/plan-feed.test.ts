import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { CopyStore, RevisionHeader, SealedRevision, Snapshot, TopologyStore } from "@mss/model";
import { hasCode, silentLog } from "@mss/runtime";
import { createMemoryStores } from "@mss/store";
import {
  applyTopology,
  createSigningKeyPem,
  hashedSnapshot,
  readSigningKey,
  revisionDigest,
  sealRevision,
} from "@mss/topology";
import type { SigningKey } from "@mss/topology";
import { lineageOf } from "../src/lineage.ts";
import { PlanFeed } from "../src/plan-feed.ts";
import type { PlanFeedOptions } from "../src/plan-feed.ts";
import { compileRoutingPlan } from "../src/routing-plan.ts";
import type { RoutingPlan } from "../src/routing-plan.ts";
import { HK, LONDON, snapshotOf } from "./support/settings.ts";

const FIRST = snapshotOf();
const SECOND = snapshotOf({ london: { numbers: ["4xxx", "6xxx"], maxCalls: 7 } });

function feedOf(t: TestContext, options: Partial<PlanFeedOptions> & Pick<PlanFeedOptions, "store">): PlanFeed {
  const feed = new PlanFeed({ federation: "acme", hub: "hub-1", log: silentLog(), ...options });
  t.after(() => feed.stop());
  return feed;
}

function revisionOf(
  revision: number,
  snapshot: Snapshot,
  change: Partial<RevisionHeader> = {},
  key?: SigningKey,
): SealedRevision {
  const publishedAt = "2026-01-01T00:00:00.000Z";
  return sealRevision(snapshot, { revision, publishedAt, author: "alice", message: "", ...change }, key);
}

function previousOf({ header, texts }: SealedRevision): Pick<RevisionHeader, "previous"> {
  return { previous: { revision: header.revision, digest: revisionDigest(texts.header) } };
}

/** The methods of a store as values, so that a test can put others in their place. */
function portOf(store: TopologyStore): TopologyStore {
  return {
    current: () => store.current(),
    read: (revision) => store.read(revision),
    history: (query) => store.history(query),
    publish: (candidate, expected) => store.publish(candidate, expected),
    restore: (copy) => store.restore(copy),
    watch: (listener) => store.watch(listener),
  };
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
  assert.equal(plan.calls.numbers.targetOf("4000"), LONDON);
  assert.equal(plan.calls.numbers.targetOf("4400"), HK);
  assert.equal(plan.calls.numbers.targetOf("9"), undefined);
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

/** A store that says what the test wants, and remembers what was given back to it. */
function scriptedStore(first: SealedRevision | undefined) {
  const restored: number[] = [];
  const watchers: ((current: SealedRevision | undefined) => void)[] = [];
  const store: TopologyStore = {
    ...portOf(createMemoryStores().topology),
    restore: ({ header: { revision } }) => {
      restored.push(revision);
      return Promise.resolve({ kind: "restored", revision });
    },
    watch: (listener) => {
      watchers.push(listener);
      listener(first);
      return Promise.resolve(() => Promise.resolve());
    },
  };
  return { store, restored, tell: (current: SealedRevision | undefined) => watchers.forEach((tell) => tell(current)) };
}

test("what cannot be used is left out, and the plan in force stays", async (t) => {
  const { store, tell } = scriptedStore(revisionOf(5, FIRST));
  const feed = feedOf(t, { store });
  await feed.start();
  const { header, texts } = revisionOf(9, SECOND);
  for (const left of [
    revisionOf(6, hashedSnapshot({ ...SECOND, federation: "other" })),
    revisionOf(7, snapshotOf({ hk: { numbers: ["nonsense"] } })),
    { header, texts: { ...texts, snapshot: texts.snapshot.replace("6xxx", "7xxx") } },
    { header, texts: { ...texts, snapshot: "{" } },
    revisionOf(10, snapshotOf({ hk: { numbers: ["11xx"] } })), // takes a third of the numbers away, not forced
  ]) {
    tell(left);
    await setImmediate();
    assert.equal(feed.plan?.revision, 5);
  }
  tell(revisionOf(11, snapshotOf({ hk: { numbers: ["11xx"] } }), { forced: true }));
  await setImmediate();
  assert.equal(feed.plan?.revision, 11);
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

test("a hub that has a public key takes no revision without its signature, and follows the keys of those it took", async (t) => {
  const [first, second] = [createSigningKeyPem(), createSigningKeyPem()].map((pem) => readSigningKey(pem));
  assert.ok(first !== undefined && second !== undefined);
  const signingKeys = [first.publicKey];
  const { store, tell } = scriptedStore(revisionOf(1, SECOND));
  const feed = feedOf(t, { store, snapshot: FIRST, signingKeys });
  await feed.start();
  assert.deepEqual([feed.plan?.revision, feed.plan?.hash], [0, FIRST.hash], "its own file, which nobody has to sign");
  const steps: readonly (readonly [SealedRevision, number])[] = [
    [revisionOf(2, SECOND, { signingKeys: [second.publicKey] }, second), 0],
    [revisionOf(3, SECOND, { signingKeys: [second.publicKey] }, first), 3], // hands over to the second key
    [revisionOf(4, FIRST, { signingKeys }, first), 3],
    [revisionOf(5, SECOND, { signingKeys: [second.publicKey] }, second), 5],
  ];
  for (const [offered, inForce] of steps) {
    tell(offered);
    await setImmediate();
    assert.equal(feed.plan?.revision, inForce);
  }
});

test("a hub that has a public key does not publish its own file, which it cannot sign", async (t) => {
  const { topology } = createMemoryStores();
  const signingKeys = [readSigningKey(createSigningKeyPem()).publicKey];
  const feed = feedOf(t, { store: topology, snapshot: FIRST, signingKeys });
  await feed.start();
  assert.deepEqual([feed.plan?.revision, await topology.current()], [0, undefined]);
});

/** A copy on a disk of its own, with what was saved there. */
function diskOf(first?: unknown): CopyStore & { readonly saved: unknown[] } {
  const saved: unknown[] = first === undefined ? [] : [first];
  return {
    saved,
    load: () => Promise.resolve(saved.at(-1)),
    save: (value) => Promise.resolve(void saved.push(value)),
  };
}

const away: TopologyStore = {
  ...portOf(createMemoryStores().topology),
  watch: () => Promise.reject(new Error("away")),
};

test("a hub that restarts without its store goes on by the copy on its disk, not by its file", async (t) => {
  const disk = diskOf();
  const { store } = scriptedStore(revisionOf(5, SECOND));
  const before = feedOf(t, { store, snapshot: FIRST, copy: disk });
  await before.start();
  await before.stop();
  const feed = feedOf(t, { store: away, snapshot: FIRST, copy: disk });
  await feed.start();
  assert.deepEqual([feed.plan?.revision, feed.plan?.hash, feed.source], [5, SECOND.hash, "copy"]);
});

test("after a restart a flushed store gets the revision of the copy, and one that went back is not followed", async (t) => {
  const { texts } = revisionOf(5, SECOND);
  const trust = { named: [], keys: [] };
  for (const found of [undefined, revisionOf(4, FIRST)]) {
    const { store, restored } = scriptedStore(found);
    const feed = feedOf(t, { store, snapshot: FIRST, copy: diskOf({ texts, trust }) });
    await feed.start();
    assert.deepEqual([feed.plan?.revision, restored], [5, [5]]);
  }
});

test("a copy that is damaged, or not signed by who the file names, is not used", async (t) => {
  const [key, other] = [createSigningKeyPem(), createSigningKeyPem()].map((pem) => readSigningKey(pem));
  assert.ok(key !== undefined && other !== undefined);
  const { texts } = revisionOf(5, SECOND, { signingKeys: [other.publicKey] }, key);
  const trust = { named: [key.publicKey], keys: [other.publicKey] };
  const cases: readonly (readonly [unknown, readonly string[], number])[] = [
    [{ texts, trust }, [key.publicKey], 5],
    [{ texts, trust }, [other.publicKey], 0], // the file names another key since then
    [{ texts: { ...texts, snapshot: "{" }, trust }, [key.publicKey], 0],
    [{ texts: { ...texts, signature: undefined }, trust }, [key.publicKey], 0],
    [{ trust }, [], 0],
    ["nonsense", [], 0],
  ];
  for (const [copy, signingKeys, revision] of cases) {
    const feed = feedOf(t, { store: away, snapshot: FIRST, copy: diskOf(copy), signingKeys });
    await feed.start();
    assert.equal(feed.plan?.revision, revision);
  }
  const broken: CopyStore = { load: () => Promise.reject(new Error("cut off")), save: () => Promise.resolve() };
  const feed = feedOf(t, { store: away, snapshot: FIRST, copy: broken });
  await feed.start();
  assert.equal(feed.source, "file");
});

test("a revision that was made without what is in force here is left out until it is forced", async (t) => {
  const { topology } = createMemoryStores();
  const five = revisionOf(5, FIRST);
  const own = revisionOf(6, SECOND, { previous: { revision: 5, digest: revisionDigest(five.texts.header) } });
  const disk = diskOf({ texts: own.texts, trust: { named: [], keys: [] } });
  await topology.publish(five, 0); // a failover lost revision 6, and then somebody published twice
  const published = (force: boolean) =>
    applyTopology({
      store: topology,
      snapshot: snapshotOf({ london: { numbers: ["4xxx", "6xxx", "7xxx"], maxCalls: force ? 1 : 2 } }),
      signingKeys: [],
      author: "bob",
      message: "",
      force,
      now: new Date(),
    });
  await topology.publish(revisionOf(6, FIRST, { message: "again", ...previousOf(five) }), 5);
  await published(false);
  const { onPlan, until } = nextPlan();
  const feed = feedOf(t, { store: topology, copy: disk, onPlan });
  await feed.start();
  assert.equal(feed.plan?.revision, 6);
  assert.match(feed.refused?.reason ?? "", /was not made from revision 6/);
  await published(true);
  await until(8);
  assert.equal(feed.refused, undefined);
});

test("revisions that a hub has missed are followed from one to the next", async (t) => {
  const { topology } = createMemoryStores();
  const one = revisionOf(1, FIRST);
  const two = revisionOf(2, SECOND, previousOf(one));
  const three = revisionOf(3, SECOND, { message: "third", ...previousOf(two) });
  await topology.publish(one, 0);
  await topology.publish(two, 1);
  await topology.publish(three, 2);
  assert.equal(await lineageOf(three, one, topology), "follows");
  assert.equal(await lineageOf(three, revisionOf(1, SECOND), topology), "forks");
  assert.equal(await lineageOf(three, one, createMemoryStores().topology), "unknown");
  assert.equal(await lineageOf(one, one, topology), "unknown");
  const feed = feedOf(t, { store: topology, copy: diskOf({ texts: one.texts, trust: { named: [], keys: [] } }) });
  await feed.start();
  assert.equal(feed.plan?.revision, 3);
});
