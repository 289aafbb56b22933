import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { sharedText, textOf } from "@mss/model";
import type { SealedRevision } from "@mss/model";
import { createMemoryStores } from "@mss/store";
import { applyTopology, createSigningKeyPem, hashedSnapshot, readSigningKey, revisionDigest } from "@mss/topology";
import { lineageOf } from "../src/lineage.ts";
import { FIRST, SECOND, diskOf, feedOf, nextPlan, previousOf, revisionOf, scriptedStore } from "./support/plan-feed.ts";
import { snapshotOf } from "./support/settings.ts";

test("what cannot be used is left out, and the plan in force stays", async (t) => {
  const { store, tell } = scriptedStore(revisionOf(5, FIRST));
  const feed = feedOf(t, { store });
  await feed.start();
  const { header, texts } = revisionOf(9, SECOND);
  for (const left of [
    revisionOf(6, hashedSnapshot({ ...SECOND, federation: "other" })),
    revisionOf(7, snapshotOf({ hk: { numbers: ["nonsense"] } })),
    { header, texts: { ...texts, snapshot: sharedText(textOf(texts.snapshot).replace("6xxx", "7xxx")) } },
    { header, texts: { ...texts, snapshot: sharedText("{") } },
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
