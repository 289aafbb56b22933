import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "ioredis";
import { silentLog } from "@mss/runtime";
import { StoreError, connectRedis } from "@mss/store";
import type { RedisStores, StoreHealth } from "@mss/store";
import { startRedis } from "@mss/store/testing";
import type { RedisServer } from "@mss/store/testing";
import { eventually } from "./support/eventually.ts";
import { startGuardedRedis } from "./support/guarded-redis.ts";
import { redisStores, skipRedis } from "./support/redis.ts";
import { sampleRevision } from "./support/samples.ts";

const PASSWORD = "of-the-hubs";
const LEASE = { limit: 1, ttlMs: 60_000 };

const becomes = (stores: RedisStores, health: StoreHealth): Promise<void> =>
  eventually(`the store is ${health}`, () => stores.health() === health);

describe("health of redis", { skip: skipRedis }, () => {
  let server: RedisServer;
  let stores: RedisStores;
  before(async () => {
    server = await startRedis({ password: PASSWORD });
    stores = redisStores(server.url);
    await stores.start();
  });
  after(async () => {
    await stores.stop();
    await server.stop();
  });

  async function asAdmin(body: (redis: Redis) => Promise<unknown>): Promise<void> {
    const redis = new Redis(server.url);
    await body(redis).finally(() => redis.disconnect());
  }

  // What Redis says to a write that it does not take, and how it is brought to say so.
  for (const [name, setting, bad, good] of [
    ["has no memory left", "maxmemory", "1", "0"],
    ["has lost the replicas that it needs to be sure", "min-replicas-to-write", "1", "0"],
  ] as const) {
    it(`is down while it ${name}, though it answers`, async () => {
      await asAdmin((redis) => redis.config("SET", setting, bad));
      await becomes(stores, "down");
      assert.equal(stores.healthReason(), "STORE_UNAVAILABLE");
      await asAdmin((redis) => redis.config("SET", setting, good));
      await becomes(stores, "up");
      assert.equal(stores.healthReason(), undefined);
    });
  }

  it("is down while Redis hangs and nobody asks anything of it", async () => {
    server.freeze();
    await becomes(stores, "down");
    server.thaw();
    await becomes(stores, "up");
  });

  it("says that the password is no longer the right one, and is up when it is again", async () => {
    const admin = new Redis(server.url);
    await admin.config("SET", "requirepass", "another");
    await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await becomes(stores, "down");
    await eventually("the reason is known", () => stores.healthReason() === "STORE_ACCESS_DENIED");
    await assert.rejects(stores.leases.acquire("hk", "1", LEASE), StoreError);
    await admin.config("SET", "requirepass", PASSWORD);
    admin.disconnect();
    await becomes(stores, "up");
    assert.deepEqual(await stores.leases.acquire("hk", "1", LEASE), { kind: "granted" });
  });

  it("starts down where it may, and is up when Redis comes", async () => {
    const late = await startRedis();
    await late.kill();
    const early = connectRedis({ url: late.url, federation: "early", mayBeAway: true, log: silentLog() });
    await early.start();
    assert.deepEqual([early.health(), early.healthReason()], ["down", "STORE_UNAVAILABLE"]);
    await assert.rejects(
      early.topology.watch(() => undefined),
      StoreError,
    );
    await late.restart();
    await becomes(early, "up");
    assert.deepEqual(await early.topology.publish(sampleRevision("1", 1), 0), { kind: "published", revision: 1 });
    await early.stop();
    await late.stop();
  });

  it("starts down with a wrong password where it may, and says so", async () => {
    const url = server.url.replace(PASSWORD, "wrong");
    const refused = connectRedis({ url, federation: "refused", mayBeAway: true, log: silentLog() });
    await refused.start();
    assert.deepEqual([refused.health(), refused.healthReason()], ["down", "STORE_ACCESS_DENIED"]);
    await refused.stop();
    await assert.rejects(redisStores(url).start(), (error) => {
      assert.ok(error instanceof StoreError && error.code === "STORE_ACCESS_DENIED");
      return true;
    });
  });
});

describe("redis over TLS", { skip: skipRedis }, () => {
  it("is not spoken to when its certificate is not of the authority that is trusted", async () => {
    const guarded = await startGuardedRedis();
    const url = guarded.url.replace(/ca=[^&]*/, `ca=${encodeURIComponent(guarded.strangerCa)}`);
    await assert.rejects(redisStores(url).start(), (error) => {
      assert.ok(error instanceof StoreError && error.code === "STORE_UNTRUSTED" && error.cause instanceof Error);
      assert.match(error.cause.message, /certificate/);
      return true;
    });
    await guarded.stop();
  });

  it("is known by one name where its addresses are not in its certificate", async () => {
    const guarded = await startGuardedRedis();
    const right = redisStores(`${guarded.url}&servername=redis.acme`);
    await right.start();
    await right.stop();
    await assert.rejects(
      redisStores(`${guarded.url}&servername=redis.other`).start(),
      (error) => error instanceof StoreError && error.code === "STORE_UNTRUSTED",
    );
    await guarded.stop();
  });

  it("refuses a user what the README does not ask for", async () => {
    const guarded = await startGuardedRedis();
    const { host, port, ca, cert, key } = await filesOf(guarded.url);
    const redis = new Redis({ host, port, username: "hub", password: "hub-p%ss", tls: { ca, cert, key } });
    for (const command of [["KEYS", "*"], ["SCAN", "0"], ["FLUSHALL"], ["CONFIG", "GET", "*"], ["GET", "other:key"]]) {
      const [name = "", ...args] = command;
      await assert.rejects(redis.call(name, ...args), /NOPERM/);
    }
    redis.disconnect();
    await guarded.stop();
  });
});

async function filesOf(url: string) {
  const { readFile } = await import("node:fs/promises");
  const { hostname, port, searchParams } = new URL(url);
  const [ca, cert, key] = await Promise.all(
    ["ca", "cert", "key"].map((name) => readFile(searchParams.get(name) ?? "", "utf8")),
  );
  return { host: hostname, port: Number(port), ca: ca ?? "", cert: cert ?? "", key: key ?? "" };
}
