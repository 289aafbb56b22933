import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Revision, TopologyStore } from "@mss/model";
import { eventually } from "../support/eventually.ts";
import { sampleSnapshot } from "../support/samples.ts";
import { withStore } from "./fixture.ts";
import type { MakeStore } from "./fixture.ts";

/** What every TopologyStore does. */
export function topologyStoreContract(make: MakeStore<TopologyStore>): void {
  const on = (body: (store: TopologyStore) => Promise<void>) => () => withStore(make, body);

  describe("TopologyStore", () => {
    it(
      "has nothing before the first publication",
      on(async (store) => {
        assert.equal(await store.current(), undefined);
      }),
    );

    it(
      "numbers what is published from 1 and gives it back",
      on(async (store) => {
        assert.deepEqual(await store.publish(sampleSnapshot("one"), 0), { kind: "published", revision: 1 });
        assert.deepEqual(await store.publish(sampleSnapshot("two"), 1), { kind: "published", revision: 2 });
        const current = await store.current();
        assert.equal(current?.revision, 2);
        assert.deepEqual(current?.snapshot, sampleSnapshot("two"));
      }),
    );

    it(
      "writes nothing for the snapshot that is current, whatever the publisher expected",
      on(async (store) => {
        await store.publish(sampleSnapshot("one"), 0);
        const before = await store.current();
        assert.deepEqual(await store.publish(sampleSnapshot("one"), 1), { kind: "unchanged", revision: 1 });
        assert.deepEqual(await store.publish(sampleSnapshot("one"), 0), { kind: "unchanged", revision: 1 });
        assert.deepEqual(await store.current(), before);
      }),
    );

    it(
      "refuses a publisher who has not seen the current revision",
      on(async (store) => {
        await store.publish(sampleSnapshot("one"), 0);
        assert.deepEqual(await store.publish(sampleSnapshot("two"), 0), { kind: "conflict", revision: 1 });
        assert.deepEqual(await store.publish(sampleSnapshot("two"), 7), { kind: "conflict", revision: 1 });
        assert.equal((await store.current())?.revision, 1);
      }),
    );

    it(
      "takes an older snapshot again as a new revision",
      on(async (store) => {
        await store.publish(sampleSnapshot("one"), 0);
        await store.publish(sampleSnapshot("two"), 1);
        assert.deepEqual(await store.publish(sampleSnapshot("one"), 2), { kind: "published", revision: 3 });
      }),
    );

    it(
      "lets exactly one of many publishers win",
      on(async (store) => {
        const publishers = Array.from({ length: 10 }, (_, index) => store.publish(sampleSnapshot(`by-${index}`), 0));
        const outcomes = await Promise.all(publishers);
        assert.equal(outcomes.filter((outcome) => outcome.kind === "published").length, 1);
        assert.equal(outcomes.filter((outcome) => outcome.kind === "conflict").length, 9);
        assert.equal((await store.current())?.revision, 1);
      }),
    );

    it(
      "tells a watcher the current revision and every later one, in order",
      on(async (store) => {
        await store.publish(sampleSnapshot("0"), 0);
        await store.publish(sampleSnapshot("1"), 1);
        const seen: Revision[] = [];
        const unwatch = await store.watch((revision) => seen.push(revision));
        assert.deepEqual(
          seen.map((revision) => revision.revision),
          [2],
        );
        for (let revision = 2; revision < 12; revision += 1) {
          await store.publish(sampleSnapshot(`${revision}`), revision);
        }
        await eventually("all are seen", () => seen.length === 11);
        assert.deepEqual(
          seen.map((revision) => revision.revision),
          [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        );
        assert.deepEqual(seen.at(-1), await store.current());
        await unwatch();
      }),
    );

    it(
      "tells a watcher of an empty store the first revision",
      on(async (store) => {
        const seen: number[] = [];
        await store.watch((revision) => seen.push(revision.revision));
        assert.deepEqual(seen, []);
        await store.publish(sampleSnapshot("one"), 0);
        await eventually("it is seen", () => seen.length === 1);
      }),
    );

    it(
      "tells nothing after the unsubscribe, and goes on for the other watchers",
      on(async (store) => {
        const left: number[] = [];
        const staying: number[] = [];
        const unwatch = await store.watch((revision) => left.push(revision.revision));
        await store.watch((revision) => {
          staying.push(revision.revision);
          throw new Error("a watcher that fails");
        });
        await unwatch();
        await unwatch();
        await store.publish(sampleSnapshot("one"), 0);
        await store.publish(sampleSnapshot("two"), 1);
        await eventually("the other sees both", () => staying.length === 2);
        assert.deepEqual(left, []);
      }),
    );

    it(
      "gives a watcher that comes again after all have left the current revision",
      on(async (store) => {
        await (
          await store.watch(() => undefined)
        )();
        await store.publish(sampleSnapshot("one"), 0);
        await store.publish(sampleSnapshot("two"), 1);
        const seen: number[] = [];
        await store.watch((revision) => seen.push(revision.revision));
        assert.deepEqual(seen, [2]);
      }),
    );
  });
}
