import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LeaseStore } from "@mss/model";
import { eventually } from "../support/eventually.ts";
import { withStore } from "./fixture.ts";
import type { MakeStore } from "./fixture.ts";

const LONG = { limit: 2, ttlMs: 60_000 };

/** What every LeaseStore does. */
export function leaseStoreContract(make: MakeStore<LeaseStore>): void {
  const on = (body: (store: LeaseStore) => Promise<void>) => () => withStore(make, body);

  describe("LeaseStore", () => {
    it(
      "grants up to the limit, per key",
      on(async (store) => {
        assert.deepEqual(await store.acquire("hk", "1", LONG), { kind: "granted" });
        assert.deepEqual(await store.acquire("hk", "2", LONG), { kind: "granted" });
        assert.deepEqual(await store.acquire("hk", "3", LONG), { kind: "full", inUse: 2 });
        assert.deepEqual(await store.acquire("london", "3", LONG), { kind: "granted" });
        assert.equal(await store.inUse("hk"), 2);
        assert.equal(await store.inUse("nobody"), 0);
      }),
    );

    it(
      "takes the same lease twice for one, renewed, even above a lowered limit",
      on(async (store) => {
        await store.acquire("hk", "1", LONG);
        await store.acquire("hk", "2", LONG);
        assert.deepEqual(await store.acquire("hk", "2", LONG), { kind: "granted" });
        assert.deepEqual(await store.acquire("hk", "2", { ...LONG, limit: 1 }), { kind: "granted" });
        assert.equal(await store.inUse("hk"), 2);
      }),
    );

    it(
      "releases once, and never below zero",
      on(async (store) => {
        await store.acquire("hk", "1", LONG);
        await store.release("hk", "1");
        await store.release("hk", "1");
        await store.release("hk", "never");
        assert.equal(await store.inUse("hk"), 0);
        await store.acquire("hk", "2", { ...LONG, limit: 1 });
        assert.deepEqual(await store.acquire("hk", "3", { ...LONG, limit: 1 }), { kind: "full", inUse: 1 });
      }),
    );

    it(
      "lets a lease expire and gives its slot away",
      on(async (store) => {
        await store.acquire("hk", "short", { limit: 1, ttlMs: 20 });
        await eventually("the lease expires", async () => (await store.inUse("hk")) === 0);
        assert.deepEqual(await store.acquire("hk", "next", { ...LONG, limit: 1 }), { kind: "granted" });
        assert.deepEqual(await store.renew("hk", ["short", "next"], 60_000), ["short"]);
        assert.deepEqual(await store.acquire("hk", "short", { ...LONG, limit: 1 }), { kind: "full", inUse: 1 });
      }),
    );

    it(
      "does not let a short lease end a long one",
      on(async (store) => {
        await store.acquire("hk", "long", LONG);
        await store.acquire("hk", "short", { limit: 2, ttlMs: 20 });
        await eventually("the short one expires", async () => (await store.inUse("hk")) === 1);
        assert.deepEqual(await store.renew("hk", ["long"], 60_000), []);
      }),
    );

    it(
      "renews what is alive beyond its first life",
      on(async (store) => {
        await store.acquire("hk", "1", { limit: 1, ttlMs: 200 });
        await store.acquire("hk", "mark", { limit: 2, ttlMs: 200 });
        assert.deepEqual(await store.renew("hk", ["1"], 60_000), []);
        await eventually("its neighbour expires", async () => (await store.inUse("hk")) === 1);
        assert.deepEqual(await store.renew("hk", ["1", "mark"], 60_000), ["mark"]);
        assert.deepEqual(await store.renew("hk", [], 60_000), []);
      }),
    );

    it(
      "never exceeds a limit of 30 with 1,000 who ask at once",
      on(async (store) => {
        const options = { limit: 30, ttlMs: 60_000 };
        const asked = Array.from({ length: 1_000 }, (_, call) => store.acquire("hk", `call-${call}`, options));
        const outcomes = await Promise.all(asked);
        assert.equal(outcomes.filter((outcome) => outcome.kind === "granted").length, 30);
        assert.equal(await store.inUse("hk"), 30);
      }),
    );
  });
}
