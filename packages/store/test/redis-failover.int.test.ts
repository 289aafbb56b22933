import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import type { RedisStores } from "@mss/store";
import { startRedisCluster, startRedisSentinel } from "@mss/store/testing";
import { eventually } from "./support/eventually.ts";
import { redisStores, skipRedis } from "./support/redis.ts";
import { sampleRevision } from "./support/samples.ts";

const LEASE = { limit: 9, ttlMs: 60_000 };

async function started(t: TestContext, url: string, federation: string): Promise<RedisStores> {
  const stores = redisStores(url, federation);
  await stores.start();
  t.after(() => stores.stop());
  return stores;
}

/** Publishes a revision as soon as the store takes it, and waits until the watcher has it. */
async function publishAfterFailover(stores: RedisStores, revision: number, seen: readonly (number | undefined)[]) {
  await eventually("the store is up again", () => stores.health() === "up", 40_000);
  await stores.topology.restore(sampleRevision(`${revision - 1}`, revision - 1)); // as a hub does
  const outcome = await stores.topology.publish(sampleRevision(`${revision}`, revision), revision - 1);
  assert.deepEqual(outcome, { kind: "published", revision });
  await eventually("the watcher has it", () => seen.at(-1) === revision, 40_000);
  assert.deepEqual(await stores.leases.acquire("hk", `lease-${revision}`, LEASE), { kind: "granted" });
}

describe("failover", { skip: skipRedis }, () => {
  it("goes over to the master that the sentinels choose, after a crash and after a freeze", async (t) => {
    const redis = await startRedisSentinel({ password: "p@ss" });
    t.after(() => redis.stop());
    const stores = await started(t, redis.url, "sentinel");
    const seen: (number | undefined)[] = [];
    await stores.topology.publish(sampleRevision("1", 1), 0);
    await stores.topology.watch((current) => seen.push(current?.header.revision));

    await redis.master.kill();
    await eventually("the loss is noticed", () => stores.health() === "down");
    await eventually("there is another master", async () => (await redis.current()) !== redis.master, 40_000);
    await publishAfterFailover(stores, 2, seen);

    await redis.master.restart(); // as a replica of the new one, or the next failover has nowhere to go
    const second = await redis.current();
    second.freeze();
    await eventually("the freeze is noticed", () => stores.health() === "down");
    await eventually("there is a third master", async () => (await redis.current()) !== second, 40_000);
    await publishAfterFailover(stores, 3, seen);
    second.thaw(); // it still believes that it is the master, until a sentinel tells it
    assert.deepEqual(await stores.topology.publish(sampleRevision("4", 4), 3), { kind: "published", revision: 4 });
    await eventually("the watcher has the last", () => seen.at(-1) === 4);
    const numbers = seen.filter((revision) => revision !== undefined);
    assert.deepEqual(
      numbers,
      numbers.toSorted((one, other) => one - other),
      "never backwards",
    );
  });

  it("goes over to the replica that a cluster makes a master, and stops while no node is left", async (t) => {
    const redis = await startRedisCluster();
    t.after(() => redis.stop());
    const stores = await started(t, redis.url, "cluster");
    const seen: (number | undefined)[] = [];
    await stores.topology.publish(sampleRevision("1", 1), 0);
    await stores.topology.watch((current) => seen.push(current?.header.revision));
    const master = await redis.masterOf("mss:{cluster}:topology:current");
    await master.kill();
    await eventually("the loss is noticed", () => stores.health() === "down");
    await publishAfterFailover(stores, 2, seen);

    await redis.stop();
    await eventually("the loss of all nodes is noticed", () => stores.health() === "down");
    await stores.stop();
  });
});
