import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "ioredis";
import { StoreError } from "@mss/store";
import type { RedisStores, StoreHealth } from "@mss/store";
import { startRedis } from "@mss/store/testing";
import type { RedisServer } from "@mss/store/testing";
import { eventually } from "./support/eventually.ts";
import { redisStores, skipRedis } from "./support/redis.ts";
import { sampleRecord, sampleRevision } from "./support/samples.ts";

const PASSWORD = "p@ss:w/rd";
const LEASE = { limit: 1, ttlMs: 60_000 };
const withCode = (code: string) => (error: unknown) => error instanceof StoreError && error.code === code;

async function untilUp(stores: RedisStores): Promise<void> {
  await eventually("the store is up", () => stores.health() === "up");
}

describe("redis that fails", { skip: skipRedis }, () => {
  let server: RedisServer;
  before(async () => {
    server = await startRedis({ password: PASSWORD });
  });
  after(() => server.stop());

  async function withStores(body: (stores: RedisStores) => Promise<void>, federation?: string): Promise<void> {
    const stores = redisStores(server.url, federation);
    await stores.start();
    try {
      await body(stores);
    } finally {
      await stores.stop();
    }
  }

  async function asAdmin(body: (redis: Redis) => Promise<unknown>): Promise<void> {
    const redis = new Redis(server.url);
    await body(redis).finally(() => redis.disconnect());
  }

  it("ends with the last revision after each crash, and none comes twice or backwards", () =>
    withStores(
      (watching) =>
        withStores(async (publishing) => {
          const seen: (number | undefined)[] = [];
          await watching.topology.watch((current) => seen.push(current?.header.revision));
          for (let crash = 0; crash < 3; crash += 1) {
            await server.kill();
            await eventually("the loss is noticed", () => publishing.health() === "down");
            await server.restart();
            await untilUp(publishing);
            // As fast as possible, so that some fall between the watcher's reconnect and its subscription.
            for (let revision = 1 + crash * 5; revision < 6 + crash * 5; revision += 1) {
              await publishing.topology.publish(sampleRevision(`${revision}`, revision), revision - 1);
            }
            await eventually("the last is seen", () => seen.at(-1) === 5 + crash * 5);
          }
          const numbers = seen.map((revision) => revision ?? 0);
          assert.deepEqual(
            numbers,
            [...new Set(numbers)].toSorted((one, other) => one - other),
          );
        }, "crash"),
      "crash",
    ));

  it("tells a watcher that the data is gone, and takes them back from a node that has them", () =>
    withStores(async (stores) => {
      const seen: (number | undefined)[] = [];
      await stores.topology.publish(sampleRevision("1", 1), 0);
      await stores.topology.publish(sampleRevision("2", 2), 1);
      await stores.topology.watch((current) => seen.push(current?.header.revision));
      await asAdmin((redis) => redis.flushall());
      await eventually("the loss is seen", () => seen.length === 2);
      assert.deepEqual(await stores.topology.restore(sampleRevision("2", 2)), { kind: "restored", revision: 2 });
      await eventually("it is back", () => seen.length === 3);
      assert.deepEqual(seen, [2, undefined, 2]);
    }, "flushed"));

  it("tells a watcher that the pointer went backwards", () =>
    withStores(async (stores) => {
      const seen: (number | undefined)[] = [];
      await stores.topology.publish(sampleRevision("1", 1), 0);
      await stores.topology.publish(sampleRevision("2", 2), 1);
      await stores.topology.watch((current) => seen.push(current?.header.revision));
      const { hash } = sampleRevision("1", 1).header;
      await asAdmin((redis) => redis.hset(`mss:{backwards}:topology:current`, "revision", "1", "hash", hash));
      await eventually("the older one is seen", () => seen.length === 2);
      assert.deepEqual(await stores.topology.restore(sampleRevision("2", 2)), { kind: "restored", revision: 2 });
      await eventually("the newer one is seen", () => seen.length === 3);
      assert.deepEqual(seen, [2, 1, 2]);
    }, "backwards"));

  it("fails at once while redis is away, tells its health, and comes back by itself", () =>
    withStores(async (stores) => {
      const changes: StoreHealth[] = [];
      stores.onHealth((health) => changes.push(health));
      const calls = Array.from({ length: 50 }, (_, call) => stores.leases.acquire("hk", `${call}`, LEASE));
      const inFlight = Promise.allSettled(calls);
      await server.kill();
      for (const outcome of await inFlight) {
        assert.ok(outcome.status === "fulfilled" || withCode("STORE_UNAVAILABLE")(outcome.reason));
      }
      await eventually("the loss is noticed", () => stores.health() === "down");
      const begin = performance.now();
      await assert.rejects(stores.leases.inUse("hk"), (error) => {
        assert.ok(error instanceof StoreError && error.code === "STORE_UNAVAILABLE" && error.cause instanceof Error);
        return true;
      });
      await assert.rejects(stores.topology.current(), withCode("STORE_UNAVAILABLE"));
      await assert.rejects(
        stores.topology.watch(() => undefined),
        withCode("STORE_UNAVAILABLE"),
      );
      assert.ok(performance.now() - begin < 100, "fails without waiting");
      await server.restart();
      await untilUp(stores);
      assert.ok((await stores.leases.inUse("hk")) <= 1);
      assert.deepEqual(changes, ["down", "up"]);
    }));

  it("costs one call 250 ms when redis hangs, the next ones nothing", () =>
    withStores(async (stores) => {
      server.freeze();
      const begin = performance.now();
      await assert.rejects(stores.leases.inUse("hk"), withCode("STORE_UNAVAILABLE"));
      const first = performance.now();
      await assert.rejects(stores.leases.inUse("hk"), withCode("STORE_UNAVAILABLE"));
      assert.ok(first - begin < 1_000 && performance.now() - first < 50);
      server.thaw();
      await untilUp(stores);
      assert.equal(await stores.leases.inUse("hk"), 0);
    }));

  it("takes no call records while redis is away, and says by another name that it has lost what it had", () =>
    withStores(async (stores) => {
      const records = ["a", "b"].map(sampleRecord);
      const first = await stores.callRecords.insert(records);
      await server.kill();
      await eventually("the loss is noticed", () => stores.health() === "down");
      await assert.rejects(stores.callRecords.insert(records), withCode("STORE_UNAVAILABLE"));
      await server.restart();
      await untilUp(stores);
      assert.deepEqual(await stores.callRecords.insert(records), { store: first.store, added: 0 });
      await server.flush();
      const flushed = await stores.callRecords.insert(records);
      assert.deepEqual([flushed.added, flushed.store === first.store], [2, false]);
      assert.deepEqual(await stores.callRecords.insert(records), { store: flushed.store, added: 0 });
      assert.deepEqual(await stores.callRecords.latest(9), records);
    }));

  it("stops while redis is away", async () => {
    const stores = redisStores(server.url);
    await stores.start();
    await server.kill();
    await eventually("the loss is noticed", () => stores.health() === "down");
    await stores.stop();
    await assert.rejects(stores.leases.inUse("hk"), withCode("STORE_UNAVAILABLE"));
    await stores.stop();
    await server.restart();
  });

  it("does not start with a wrong password, and tells no password", async () => {
    for (const url of [
      `redis://:wr0ng-secret@${server.host}:${server.port}`,
      `redis://${server.host}:${server.port}`,
    ]) {
      await assert.rejects(redisStores(url).start(), (error) => {
        assert.ok(withCode("STORE_ACCESS_DENIED")(error));
        assert.ok(!shown(error).includes("wr0ng-secret"));
        return true;
      });
    }
  });

  it("does not start where nobody listens", async () => {
    const gone = await startRedis();
    await gone.stop();
    await assert.rejects(redisStores(gone.url).start(), (error) => {
      assert.ok(error instanceof StoreError && error.code === "STORE_UNAVAILABLE");
      assert.match(shown(error), /ECONNREFUSED/);
      return true;
    });
  });

  it("refuses corrupt values with a code", () =>
    withStores(async (stores) => {
      const key = `mss:{corrupt}`;
      const corrupt = withCode("STORE_CORRUPT");
      await stores.topology.publish(sampleRevision("1", 1), 0);
      await asAdmin(async (redis) => {
        await redis.hset(`${key}:topology:revision:1`, "header", '{"revision":1}');
        await redis.xadd(`${key}:calls`, "*", "record", "no json");
        await redis.hset(`${key}:bindings:1000`, "sip:a", "no json");
        await redis.zadd(`${key}:bindings`, 5, "1000");
        await redis.set(`${key}:leases:hk`, "not a sorted set");
      });
      await assert.rejects(stores.topology.current(), corrupt);
      await assert.rejects(stores.callRecords.latest(1), corrupt);
      await assert.rejects(stores.bindings.find("1000", 0), corrupt);
      await assert.rejects(
        stores.bindings.apply("1000", { set: [], remove: [] }, { maxContacts: 1, nowMs: 0 }),
        corrupt,
      );
      await assert.rejects(stores.bindings.purge(9), corrupt);
      await assert.rejects(stores.leases.acquire("hk", "1", LEASE), corrupt);
      await stores.bindings.clear("1000");
      assert.deepEqual(await stores.bindings.find("1000", 0), []);
    }, "corrupt"));

  it("tells a watcher that the current revision cannot be read, then the next one", () =>
    withStores(async (stores) => {
      const seen: (number | undefined)[] = [];
      await stores.topology.publish(sampleRevision("1", 1), 0);
      await asAdmin((redis) => redis.hset(`mss:{unreadable}:topology:revision:1`, "header", "no json"));
      await stores.topology.watch((current) => seen.push(current?.header.revision));
      assert.deepEqual(seen, [undefined]);
      await stores.topology.publish(sampleRevision("2", 2), 1);
      await eventually("the second is seen", () => seen.length === 2);
      assert.deepEqual(seen, [undefined, 2]);
    }, "unreadable"));

  it("takes a record that was lost alone back from a node that has it", () =>
    withStores(async (stores) => {
      await stores.topology.publish(sampleRevision("1", 1), 0);
      await asAdmin((redis) => redis.del(`mss:{evicted}:topology:revision:1`));
      await assert.rejects(stores.topology.current(), withCode("STORE_CORRUPT"));
      assert.deepEqual(await stores.topology.restore(sampleRevision("1", 1)), { kind: "restored", revision: 1 });
      assert.deepEqual(await stores.topology.current(), sampleRevision("1", 1));
    }, "evicted"));

  it("never writes over history when the pointer was lost", () =>
    withStores(async (stores) => {
      await stores.topology.publish(sampleRevision("1", 1), 0);
      await asAdmin((redis) => redis.del(`mss:{lost}:topology:current`));
      await assert.rejects(stores.topology.publish(sampleRevision("2", 1), 0), withCode("STORE_CORRUPT"));
    }, "lost"));
});

/** Everything that a log line could show of an error. */
function shown(error: unknown): string {
  const texts: string[] = [];
  for (let current = error; current instanceof Error; current = current.cause) {
    const fields = Object.fromEntries(
      Object.getOwnPropertyNames(current).map((name) => [name, Reflect.get(current, name)]),
    );
    texts.push(String(current), current.stack ?? "", JSON.stringify({ ...fields, cause: undefined }));
  }
  return texts.join("\n");
}
