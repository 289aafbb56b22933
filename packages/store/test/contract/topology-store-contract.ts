import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SealedRevision, TopologyStore } from "@mss/model";
import { StoreError } from "@mss/store";
import { eventually } from "../support/eventually.ts";
import { sampleRevision } from "../support/samples.ts";
import { withStore } from "./fixture.ts";
import type { MakeStore } from "./fixture.ts";

const numbersOf = (seen: readonly (SealedRevision | undefined)[]) => seen.map((current) => current?.header.revision);

/** What every TopologyStore does. */
export function topologyStoreContract(make: MakeStore<TopologyStore>): void {
  describe("TopologyStore", () => {
    publishes(make);
    restores(make);
    tellsWatchers(make);
  });
}

function publishes(make: MakeStore<TopologyStore>): void {
  const on = (body: (store: TopologyStore) => Promise<void>) => () => withStore(make, body);

  it(
    "has nothing before the first publication",
    on(async (store) => {
      assert.equal(await store.current(), undefined);
      assert.equal(await store.read(1), undefined);
      assert.deepEqual(await store.history({ limit: 10 }), []);
    }),
  );

  it(
    "gives back what was published, byte by byte, signature and all",
    on(async (store) => {
      const signature = { key: `ed25519:${"k".repeat(43)}`, value: "s".repeat(86) };
      const { header, texts } = sampleRevision("zwei ☎", 2);
      const parts = { hk: { part: "{}", signature }, london: { part: "zwei ☎" } };
      const signed = { header, texts: { ...texts, signature, parts } };
      assert.deepEqual(await store.publish(sampleRevision("one", 1), 0), { kind: "published", revision: 1 });
      assert.deepEqual(await store.publish(signed, 1), { kind: "published", revision: 2 });
      assert.deepEqual(await store.current(), signed);
      assert.deepEqual(await store.read(1), sampleRevision("one", 1));
      assert.deepEqual(await store.read(2), signed);
      assert.equal(await store.read(3), undefined);
    }),
  );

  it(
    "gives back a snapshot of many pieces, whose characters are not torn, and no piece of another one",
    on(async (store) => {
      const large = sampleRevision("☎ 𝟘".repeat(150_000), 1, { message: "" });
      assert.ok(large.texts.snapshot.length > 1_100_000);
      assert.deepEqual(await store.publish(large, 0), { kind: "published", revision: 1 });
      assert.deepEqual(await store.publish(large, 0), { kind: "published", revision: 1 });
      assert.deepEqual(await store.publish(sampleRevision("x".repeat(400_000), 2, { message: "" }), 0), {
        kind: "conflict",
        revision: 1,
      });
      assert.deepEqual(await store.current(), large);
      assert.deepEqual(await store.publish(sampleRevision("two", 2), 1), { kind: "published", revision: 2 });
      const later = sampleRevision("y".repeat(300_000), 2, { message: "", publishedAt: "2026-01-01T00:00:01.000Z" });
      assert.deepEqual(await store.restore(later), { kind: "restored", revision: 2 });
      assert.deepEqual(await store.current(), later);
      assert.deepEqual(await store.read(1), large);
    }),
  );

  it(
    "publishes the very same revision once, however often it is sent",
    on(async (store) => {
      await store.publish(sampleRevision("one", 1), 0);
      assert.deepEqual(await store.publish(sampleRevision("one", 1), 0), { kind: "published", revision: 1 });
      assert.deepEqual(
        (await store.history({ limit: 5 })).map(({ revision }) => revision),
        [1],
      );
      await store.publish(sampleRevision("two", 2), 1);
      assert.deepEqual(await store.publish(sampleRevision("one", 1), 0), { kind: "conflict", revision: 2 });
    }),
  );

  it(
    "refuses a publisher who has not seen the current revision",
    on(async (store) => {
      await store.publish(sampleRevision("one", 1), 0);
      assert.deepEqual(await store.publish(sampleRevision("two", 1), 0), { kind: "conflict", revision: 1 });
      assert.deepEqual(await store.publish(sampleRevision("two", 8), 7), { kind: "conflict", revision: 1 });
      assert.deepEqual(await store.current(), sampleRevision("one", 1));
    }),
  );

  it(
    "takes a number only if it counts up, with gaps",
    on(async (store) => {
      await assert.rejects(
        store.publish(sampleRevision("one", 3), 3),
        (error) => error instanceof StoreError && error.code === "STORE_FAILED",
      );
      assert.deepEqual(await store.publish(sampleRevision("one", 40), 0), { kind: "published", revision: 40 });
      assert.deepEqual(await store.publish(sampleRevision("two", 41), 40), { kind: "published", revision: 41 });
    }),
  );

  it(
    "takes an older snapshot again as a new revision",
    on(async (store) => {
      await store.publish(sampleRevision("one", 1), 0);
      await store.publish(sampleRevision("two", 2), 1);
      const again = sampleRevision("one", 3, { rollbackOf: 1 });
      assert.deepEqual(await store.publish(again, 2), { kind: "published", revision: 3 });
      assert.deepEqual(await store.read(1), sampleRevision("one", 1));
    }),
  );

  it(
    "lets exactly one of many publishers win",
    on(async (store) => {
      const publishers = Array.from({ length: 10 }, (_, index) => store.publish(sampleRevision(`by-${index}`, 1), 0));
      const outcomes = await Promise.all(publishers);
      assert.equal(outcomes.filter((outcome) => outcome.kind === "published").length, 1);
      assert.equal(outcomes.filter((outcome) => outcome.kind === "conflict").length, 9);
      assert.equal((await store.current())?.header.revision, 1);
    }),
  );

  it(
    "tells the history, newest first, as much as is asked for",
    on(async (store) => {
      for (const [expected, revision] of [0, 1, 2, 9].entries()) {
        await store.publish(sampleRevision(`${revision}`, [1, 2, 9, 10][expected] ?? 0), revision);
      }
      const numbers = async (query: { limit: number; below?: number }) =>
        (await store.history(query)).map(({ revision }) => revision);
      assert.deepEqual(await numbers({ limit: 100 }), [10, 9, 2, 1]);
      assert.deepEqual(await numbers({ limit: 2 }), [10, 9]);
      assert.deepEqual(await numbers({ limit: 2, below: 9 }), [2, 1]);
      assert.deepEqual((await store.history({ limit: 1 }))[0], sampleRevision("9", 10).header);
    }),
  );
}

function restores(make: MakeStore<TopologyStore>): void {
  const on = (body: (store: TopologyStore) => Promise<void>) => () => withStore(make, body);

  it(
    "takes from a node what it has lost, with its number, and goes on from there",
    on(async (store) => {
      assert.deepEqual(await store.restore(sampleRevision("seven", 7)), { kind: "restored", revision: 7 });
      assert.deepEqual(await store.current(), sampleRevision("seven", 7));
      assert.deepEqual(await store.restore(sampleRevision("seven", 7)), { kind: "kept", revision: 7 });
      assert.deepEqual(await store.publish(sampleRevision("eight", 8), 7), { kind: "published", revision: 8 });
      assert.deepEqual(
        (await store.history({ limit: 5 })).map(({ revision }) => revision),
        [8, 7],
      );
    }),
  );

  it(
    "never goes back for a node that has an older revision",
    on(async (store) => {
      await store.publish(sampleRevision("two", 2), 0);
      assert.deepEqual(await store.restore(sampleRevision("one", 1)), { kind: "kept", revision: 2 });
      assert.deepEqual(await store.current(), sampleRevision("two", 2));
    }),
  );

  it(
    "ends with the later of two revisions of one number, in whatever order they come",
    on(async (store) => {
      const early = sampleRevision("early", 5, { publishedAt: "2026-01-01T00:00:01.000Z" });
      const late = sampleRevision("late", 5, { publishedAt: "2026-01-01T00:00:02.000Z" });
      await store.restore(early);
      assert.deepEqual(await store.restore(late), { kind: "restored", revision: 5 });
      assert.deepEqual(await store.restore(early), { kind: "kept", revision: 5 });
      assert.deepEqual(await store.current(), late);
    }),
  );
}

function tellsWatchers(make: MakeStore<TopologyStore>): void {
  const on = (body: (store: TopologyStore) => Promise<void>) => () => withStore(make, body);

  it(
    "tells a watcher what is current, then what comes, in order and to the last",
    on(async (store) => {
      await store.publish(sampleRevision("0", 1), 0);
      await store.publish(sampleRevision("1", 2), 1);
      const seen: (SealedRevision | undefined)[] = [];
      const unwatch = await store.watch((current) => seen.push(current));
      assert.deepEqual(numbersOf(seen), [2]);
      for (let revision = 2; revision < 12; revision += 1) {
        await store.publish(sampleRevision(`${revision}`, revision + 1), revision);
      }
      await eventually("the last is seen", () => seen.at(-1)?.header.revision === 12);
      const numbers = numbersOf(seen);
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].toSorted((one, other) => Number(one) - Number(other)),
      );
      assert.deepEqual(seen.at(-1), await store.current());
      await unwatch();
    }),
  );

  it(
    "tells a watcher of an empty store that it is empty, then the first revision",
    on(async (store) => {
      const seen: (SealedRevision | undefined)[] = [];
      await store.watch((current) => seen.push(current));
      assert.deepEqual(seen, [undefined]);
      await store.publish(sampleRevision("one", 1), 0);
      await eventually("it is seen", () => seen.length === 2);
      assert.deepEqual(seen[1], sampleRevision("one", 1));
    }),
  );

  it(
    "tells nothing after the unsubscribe, and goes on for the other watchers",
    on(async (store) => {
      const left: unknown[] = [];
      const staying: unknown[] = [];
      const unwatch = await store.watch((current) => left.push(current));
      await store.watch((current) => {
        staying.push(current?.header.revision);
        throw new Error("a watcher that fails");
      });
      await unwatch();
      await unwatch();
      await store.publish(sampleRevision("one", 1), 0);
      await eventually("the other sees the first", () => staying.length === 2);
      await store.publish(sampleRevision("two", 2), 1);
      await eventually("and the second", () => staying.length === 3);
      assert.deepEqual(staying, [undefined, 1, 2]);
      assert.deepEqual(left, [undefined]);
    }),
  );

  it(
    "gives a watcher that comes again after all have left the current revision",
    on(async (store) => {
      await (
        await store.watch(() => undefined)
      )();
      await store.publish(sampleRevision("one", 1), 0);
      await store.publish(sampleRevision("two", 2), 1);
      const seen: (SealedRevision | undefined)[] = [];
      await store.watch((current) => seen.push(current));
      assert.deepEqual(numbersOf(seen), [2]);
    }),
  );
}
