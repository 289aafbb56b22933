import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CallRecord, CallRecordStore } from "@mss/model";
import { sampleRecord } from "../support/samples.ts";
import { withStore } from "./fixture.ts";
import type { MakeStore } from "./fixture.ts";

const samples = (...ids: readonly string[]): CallRecord[] => ids.map(sampleRecord);

/** What every CallRecordStore does. */
export function callRecordStoreContract(make: MakeStore<CallRecordStore>): void {
  const on = (body: (store: CallRecordStore) => Promise<void>) => () => withStore(make, body);

  describe("CallRecordStore", () => {
    it(
      "gives the newest records, oldest of them first",
      on(async (store) => {
        await store.insert(samples("a"));
        await store.insert(samples("b", "c"));
        assert.deepEqual(await store.latest(2), samples("b", "c"));
        assert.equal((await store.latest(10)).length, 3);
        assert.deepEqual(await store.latest(0), []);
      }),
    );

    it(
      "keeps one record per node and id, the first, and says how many are new and which store it is",
      on(async (store) => {
        const first = await store.insert(samples("a", "b"));
        assert.deepEqual(await store.insert(samples("a", "b", "c")), { store: first.store, added: 1 });
        await store.insert([{ ...sampleRecord("a"), to: "4001" }]);
        await Promise.all(Array.from({ length: 10 }, () => store.insert(samples("d", "e"))));
        assert.deepEqual(await store.latest(10), samples("a", "b", "c", "d", "e"));
        const elsewhere = { ...sampleRecord("a"), node: "hk" };
        assert.equal((await store.insert([elsewhere])).added, 1, "a node cannot take the place of another's record");
        assert.deepEqual(await store.insert([]), { store: first.store, added: 0 });
      }),
    );

    it(
      "gives them page by page, and goes on with what has come since",
      on(async (store) => {
        const sinceMs = Date.now() - 60_000;
        assert.deepEqual((await store.page({ sinceMs, limit: 2 })).records, []);
        await store.insert(samples("a", "b", "c"));
        const first = await store.page({ sinceMs, limit: 2 });
        assert.deepEqual(first.records, samples("a", "b"));
        assert.ok(first.last !== undefined);
        const second = await store.page({ after: first.last, limit: 2 });
        assert.deepEqual(second.records, samples("c"));
        assert.ok(second.last !== undefined);
        const none = await store.page({ after: second.last, limit: 2 });
        assert.deepEqual([none.records, none.last], [[], second.last]);
        await store.insert(samples("d"));
        assert.deepEqual((await store.page({ after: second.last, limit: 2 })).records, samples("d"));
        assert.deepEqual((await store.page({ sinceMs: Date.now() + 60_000, limit: 2 })).records, []);
      }),
    );
  });
}
