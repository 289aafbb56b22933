import { setTimeout as sleep } from "node:timers/promises";
import type { Snapshot } from "@mss/model";
import { hasCode, silentLog } from "@mss/runtime";
import { connectRedis } from "@mss/store";
import type { RedisStores } from "@mss/store";
import { applyTopology, hashedSnapshot, openRevision } from "@mss/topology";

const UP_LIMIT_MS = 20_000;
const UP_POLL_MS = 50;

type Change = (snapshot: Snapshot) => Omit<Snapshot, "hash">;

/** Changes the topology of a running federation as `mss topology apply` does: with a connection of its own to its Redis. */
export class PlanEditor {
  readonly #stores: RedisStores;
  readonly #federation: string;

  private constructor(stores: RedisStores, federation: string) {
    this.#stores = stores;
    this.#federation = federation;
  }

  static async open(url: string, federation: string): Promise<PlanEditor> {
    const stores = connectRedis({ url, federation, log: silentLog(), mayBeAway: true });
    await stores.start();
    return new PlanEditor(stores, federation);
  }

  /** Publishes what `change` makes of the current snapshot; resolves with its revision. Rejects with the codes of the store. */
  async apply(change: Change): Promise<number> {
    const { topology: store } = this.#stores;
    const current = await store.current();
    const opened = current && openRevision(current, { federation: this.#federation, trustedKeys: [] });
    if (opened?.kind !== "ok") {
      throw new Error("the store has no topology to change");
    }
    const outcome = await applyTopology({
      store,
      snapshot: hashedSnapshot(withoutHash(change(opened.revision.snapshot))),
      signingKeys: [],
      author: "test",
      message: "",
      force: false,
      now: new Date(),
    });
    if (outcome.kind === "unchanged") {
      return outcome.revision; // an attempt that seemed to fail had made it
    }
    if (outcome.kind !== "published") {
      throw new Error(`the change was not published: ${outcome.kind}`);
    }
    return outcome.sealed.header.revision;
  }

  /** The same, as soon as the store takes it: a machine under load may hold an answer up for longer than a call waits. */
  async applyWhenUp(change: Change): Promise<number> {
    for (const deadline = performance.now() + UP_LIMIT_MS; ; await sleep(UP_POLL_MS)) {
      try {
        return await this.apply(change);
      } catch (error) {
        if (!hasCode(error, "STORE_UNAVAILABLE") || performance.now() > deadline) {
          throw error;
        }
      }
    }
  }

  /** What the store has as current; undefined: nothing. */
  async revision(): Promise<number | undefined> {
    return (await this.#stores.topology.current())?.header.revision;
  }

  stop(): Promise<void> {
    return this.#stores.stop();
  }
}

function withoutHash(contents: Omit<Snapshot, "hash"> & { readonly hash?: string }): Omit<Snapshot, "hash"> {
  const { hash: _hash, ...rest } = contents;
  return rest;
}

/** Other rules each time for the same numbers: ranges that are cut anew, other limits, a route that comes and goes. */
export function variant(turn: number): Change {
  const cuts = [["4xxx"], ["40xx", "41xx", "4200-4999"], ["4000-4499", "4500-4999"]] as const;
  return (snapshot) => ({
    ...snapshot,
    branches: snapshot.branches.map((branch) =>
      branch.id === "london" ? { ...branch, numbers: cuts[turn % cuts.length] ?? [], maxCalls: 1_000 + turn } : branch,
    ),
    routes: turn % 2 === 0 ? [] : [{ id: "straight", numbers: ["40xx"], to: [{ strip: 0 }] }],
  });
}
