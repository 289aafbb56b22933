import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseStore } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { CallRates } from "../src/calls/call-rates.ts";
import { Leases } from "../src/calls/leases.ts";
import { SharedRates } from "../src/calls/shared-rates.ts";
import { memoryGroups } from "../src/testing/index.ts";

const RATE = { key: "trunk:hk", perSecond: 1, burst: 3, exceeded: "TRUNK_RATE" } as const;
const away = (): Promise<never> => Promise.reject(new Error("away"));
const AWAY: LeaseStore = { acquire: away, renew: away, release: away, inUse: away };

test("what one worker of a node lets in counts for the others a moment later", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 1_000;
  const [one, other] = memoryGroups(2).map((group) => new SharedRates(new CallRates(() => now), group));
  assert.ok(one !== undefined && other !== undefined);
  assert.deepEqual([one.take(RATE), one.take(RATE)], [true, true]);
  t.mock.timers.tick(50);
  assert.deepEqual([other.take(RATE), other.take(RATE)], [true, false], "three in all");
  t.mock.timers.tick(50);
  assert.equal(one.take(RATE), false);
  now += 1_000;
  assert.deepEqual([one.take(RATE), one.take(RATE)], [true, false], "one a second");
});

test("what was let in elsewhere at once holds up later calls for no more than one burst", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 1_000;
  const rates = new CallRates(() => now);
  rates.spend(RATE, 1_000);
  now += 3_900;
  assert.equal(rates.take(RATE), false);
  now += 200;
  assert.equal(rates.take(RATE), true);
});

test("with the store away the workers of a node count the calls of a trunk together", async () => {
  const [one, other] = memoryGroups(2).map((group) => new Leases({ store: AWAY, log: silentLog(), group }));
  assert.ok(one !== undefined && other !== undefined);
  const slot = { key: "trunk:hk", limit: 2 };
  assert.equal(await one.acquire(slot, "a"), true);
  assert.equal(await other.acquire(slot, "b"), true);
  assert.equal(await one.acquire(slot, "c"), false);
  assert.equal(await other.acquire({ key: "trunk:london", limit: 1 }, "d"), true);
  other.release(slot.key, "b");
  assert.equal(await one.acquire(slot, "c"), true);
});

test("what is no count of another worker is left out", () => {
  const [one, other] = memoryGroups(2);
  assert.ok(one !== undefined && other !== undefined);
  const leases = new Leases({ store: undefined, log: silentLog(), group: one });
  const rates = new SharedRates(new CallRates(), one);
  for (const value of [undefined, null, 7, [1], [{ key: 3 }], { worker: 2, counts: { "trunk:hk": "many" } }]) {
    other.tell("rates", value);
    other.tell("held slots", value);
  }
  assert.equal(leases.acquire({ key: "trunk:hk", limit: 1 }, "a"), true);
  assert.equal(rates.take(RATE), true);
});
