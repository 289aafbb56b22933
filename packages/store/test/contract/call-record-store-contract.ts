import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CallRecordStore } from "@mss/model";
import { sampleRecord } from "../support/samples.ts";
import { withStore } from "./fixture.ts";
import type { MakeStore } from "./fixture.ts";

/** What every CallRecordStore does. */
export function callRecordStoreContract(make: MakeStore<CallRecordStore>): void {
  const on = (body: (store: CallRecordStore) => Promise<void>) => () => withStore(make, body);

  describe("CallRecordStore", () => {
    it(
      "gives the newest records, oldest of them first",
      on(async (store) => {
        for (const id of ["a", "b", "c"]) {
          await store.append(sampleRecord(id));
        }
        assert.deepEqual(await store.latest(2), [sampleRecord("b"), sampleRecord("c")]);
        assert.equal((await store.latest(10)).length, 3);
        assert.deepEqual(await store.latest(0), []);
      }),
    );

    it(
      "keeps one record per id, the first",
      on(async (store) => {
        await store.append(sampleRecord("a"));
        await store.append(sampleRecord("b"));
        await store.append({ ...sampleRecord("a"), to: "4001" });
        await Promise.all(Array.from({ length: 10 }, () => store.append(sampleRecord("c"))));
        assert.deepEqual(await store.latest(10), [sampleRecord("a"), sampleRecord("b"), sampleRecord("c")]);
      }),
    );
  });
}
