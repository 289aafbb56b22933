import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { branchIdSchema, hubIdSchema } from "@mss/model";
import type { BranchReach, ReachStore, ReachView } from "@mss/model";
import { eventually } from "../support/eventually.ts";
import { withStore } from "./fixture.ts";
import type { MakeStore } from "./fixture.ts";

const [ONE, TWO] = [hubIdSchema.parse("hub-1"), hubIdSchema.parse("hub-2")];

function viewOf(hub: ReachView["hub"], state: BranchReach["state"]): ReachView {
  const since = "2026-11-24T12:00:00.000Z";
  return { hub, branches: [{ branch: branchIdSchema.parse("london"), state, since, by: "options" }] };
}

/** What every ReachStore does. */
export function reachStoreContract(make: MakeStore<ReachStore>): void {
  describe("ReachStore", () => {
    it("has what each hub has said last, of the hubs that are asked for", () =>
      withStore(make, async (store) => {
        assert.deepEqual(await store.read([ONE, TWO]), []);
        await store.publish(viewOf(ONE, "up"), 60_000);
        await store.publish(viewOf(TWO, "up"), 60_000);
        await store.publish(viewOf(ONE, "down"), 60_000);
        assert.deepEqual(await store.read([ONE, TWO]), [viewOf(ONE, "down"), viewOf(TWO, "up")]);
        assert.deepEqual(await store.read([TWO]), [viewOf(TWO, "up")]);
        assert.deepEqual(await store.read([]), []);
      }));

    it("forgets a hub that says nothing any more", () =>
      withStore(make, async (store) => {
        await store.publish(viewOf(ONE, "up"), 60_000);
        await store.publish(viewOf(TWO, "up"), 60_000);
        await store.publish(viewOf(ONE, "up"), 20);
        await eventually("hub-1 is forgotten", async () => (await store.read([ONE, TWO])).length === 1);
        assert.deepEqual(await store.read([ONE, TWO]), [viewOf(TWO, "up")]);
      }));
  });
}
