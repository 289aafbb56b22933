import assert from "node:assert/strict";
import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Snapshot } from "@mss/model";
import { silentLog, withDeadline } from "@mss/runtime";
import { connectRedis } from "@mss/store";
import type { RedisStores } from "@mss/store";
import { startRedis } from "@mss/store/testing";
import { applyTopology, sealRevision } from "@mss/topology";
import { startHub } from "@mss/t-mss";
import type { RunningHub } from "@mss/t-mss";
import { hubSettings, snapshotOf } from "./support/settings.ts";

const reason = process.env["MSS_SKIP_REDIS"];
const skip = reason === undefined || reason === "" ? false : reason;

const LIMIT_MS = 8_000;
const FILE = snapshotOf();
const APPLIED = snapshotOf({ london: { numbers: ["4xxx", "6xxx"] } });

async function connect(t: TestContext, url: string): Promise<RedisStores> {
  const stores = connectRedis({ url, federation: "acme", log: silentLog() });
  await stores.start();
  t.after(() => stores.stop());
  return stores;
}

async function apply({ topology }: RedisStores, snapshot: Snapshot): Promise<void> {
  const outcome = await applyTopology({
    store: topology,
    snapshot,
    signingKeys: [],
    author: "alice",
    message: "",
    force: false,
    now: new Date(),
  });
  assert.equal(outcome.kind, "published");
}

/** Resolves when the store has that revision. */
async function storeHas({ topology }: RedisStores, revision: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const unwatch = await topology.watch((current) => {
    if (current?.header.revision === revision) {
      resolve();
    }
  });
  await withDeadline(promise, LIMIT_MS, `revision ${revision} in the store`);
  await unwatch();
}

async function hubHas(hub: RunningHub, revision: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const check = (): void => {
    if (hub.status().plan?.revision === revision) {
      resolve();
    }
  };
  const off = hub.on("plan", check);
  check();
  await withDeadline(promise, LIMIT_MS, `revision ${revision} at the hub`);
  off();
}

test("the topology outlives a flushed, a killed and an older Redis, with restarts of the hub", { skip }, async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const dataDirectory = await mkdtemp(path.join(tmpdir(), "mss-hub-"));
  t.after(() => rm(dataDirectory, { recursive: true, force: true }));
  const settings = hubSettings("127.17.60.1", { dataDirectory });
  const start = async (): Promise<RunningHub> => {
    const store = { kind: "redis", url: redis.url } as const;
    const hub = await startHub({ settings, store, engine: { kind: "embedded" }, log: silentLog(), snapshot: FILE });
    t.after(() => hub.stop());
    return hub;
  };
  const stores = await connect(t, redis.url);

  const first = await start();
  await apply(stores, APPLIED);
  await hubHas(first, 2);
  await redis.flush();
  await storeHas(stores, 2); // a hub that runs gives it back
  assert.equal(first.status().plan?.revision, 2);
  await first.stop();

  await redis.flush();
  const second = await start(); // its file is older than its copy
  assert.deepEqual(second.status().plan, { revision: 2, hash: APPLIED.hash });
  await storeHas(stores, 2);
  await second.stop();

  await redis.flush(); // a replica that took over with an older state
  await stores.topology.publish(
    sealRevision(FILE, { revision: 1, publishedAt: "2026-01-01T00:00:00.000Z", author: "hub-1", message: "" }),
    0,
  );
  const third = await start();
  assert.equal(third.status().plan?.revision, 2);
  await storeHas(stores, 2);
  await third.stop();

  await redis.kill();
  const fourth = await start();
  assert.deepEqual(fourth.status().plan, { revision: 2, hash: APPLIED.hash });
  await fourth.stop();

  await truncate(path.join(dataDirectory, "hub-1.topology"), 100);
  const fifth = await start();
  assert.deepEqual(fifth.status().plan, { revision: 0, hash: FILE.hash }, "a copy that is cut off: by the file");
});
