import assert from "node:assert/strict";
import { test } from "node:test";
import type { CopyStore } from "@mss/model";
import { createSigningKeyPem, readSigningKey } from "@mss/topology";
import { FIRST, SECOND, away, diskOf, feedOf, revisionOf, scriptedStore } from "./support/plan-feed.ts";

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
