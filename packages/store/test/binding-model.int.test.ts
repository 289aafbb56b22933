import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  array,
  assert as assertProperty,
  asyncProperty,
  boolean,
  constantFrom,
  integer,
  record,
  uniqueArray,
} from "fast-check";
import type { Arbitrary } from "fast-check";
import type { Binding, BindingStore } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { createMemoryStores, openBranchStore } from "@mss/store";
import { startRedis } from "@mss/store/testing";
import type { RedisServer } from "@mss/store/testing";
import { redisStores, skipRedis } from "./support/redis.ts";
import { sampleBinding } from "./support/samples.ts";

const CONTACTS = ["sip:a@h", "sip:b@h", "sip:c@h", "sip:d@h"];
const STEP_MS = 1_000;

interface Step {
  readonly set: readonly Binding[];
  readonly remove: readonly string[];
  readonly maxContacts: number;
  readonly purge: boolean;
}

const binding: Arbitrary<Binding> = record({
  contact: constantFrom(...CONTACTS),
  callId: constantFrom("call-1", "call-2"),
  cseq: integer({ min: 0, max: 6 }),
  expiresAt: integer({ min: 1, max: 12 }).map((steps) => steps * STEP_MS),
}).map((change) => sampleBinding(change));

const step: Arbitrary<Step> = record({
  set: uniqueArray(binding, { maxLength: 3, selector: (entry) => entry.contact }),
  remove: uniqueArray(constantFrom(...CONTACTS), { maxLength: 2 }),
  maxContacts: integer({ min: 1, max: 3 }),
  purge: boolean(),
});

/** Plays the steps, one second apart, and tells everything that a caller can see. */
async function play(store: BindingStore, steps: readonly Step[]): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const [index, { set, remove, maxContacts, purge }] of steps.entries()) {
    const nowMs = index * STEP_MS;
    // A binding that is over when it comes is a removal, which the registrar says as such.
    const alive = set.filter((entry) => entry.expiresAt > nowMs);
    seen.push(await store.apply("1000", { set: alive, remove }, { maxContacts, nowMs }));
    seen.push(purge ? await store.purge(nowMs) : "kept");
    seen.push(await store.find("1000", nowMs), await store.all(nowMs));
  }
  return seen;
}

describe("bindings by model", { skip: skipRedis }, () => {
  let server: RedisServer;
  before(async () => {
    server = await startRedis();
  });
  after(() => server.stop());

  it("are the same in Redis, in SQLite and in memory after any REGISTERs", async () => {
    const redis = redisStores(server.url);
    const branch = openBranchStore({ file: ":memory:", log: silentLog() });
    await redis.start();
    await branch.start();
    const property = asyncProperty(array(step, { maxLength: 8 }), async (steps) => {
      await redis.bindings.clear("1000");
      await branch.bindings.clear("1000");
      const expected = await play(createMemoryStores().bindings, steps);
      assert.deepEqual(await play(branch.bindings, steps), expected);
      assert.deepEqual(await play(redis.bindings, steps), expected);
    });
    try {
      await assertProperty(property, { numRuns: 150 });
    } finally {
      await redis.stop();
      await branch.stop();
    }
  });
});
