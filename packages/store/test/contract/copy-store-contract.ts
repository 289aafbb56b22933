import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CopyStore } from "@mss/model";
import { withStore } from "./fixture.ts";
import type { MakeStore } from "./fixture.ts";

/** What every CopyStore does. */
export function copyStoreContract(make: MakeStore<CopyStore>): void {
  describe("CopyStore", () => {
    it("has nothing at first, then what was saved last, byte by byte", () =>
      withStore(make, async (store) => {
        assert.equal(await store.load(), undefined);
        const large = { text: "zwei ☎\n".repeat(100_000), list: [1, null, { deep: true }] };
        await store.save(large);
        assert.deepEqual(await store.load(), large);
        await Promise.all([store.save({ revision: 1 }), store.save({ revision: 2 })]);
        assert.deepEqual(await store.load(), { revision: 2 });
      }));
  });
}
