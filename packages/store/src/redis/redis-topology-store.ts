import { z } from "zod";
import type { PublishOutcome, Revision, Snapshot, TopologyStore } from "@mss/model";
import { StoreError } from "../errors.ts";
import { checkStored } from "../stored-value.ts";
import type { RedisKeys } from "./keys.ts";
import type { RedisLink } from "./redis-link.ts";
import type { TopologyFollower } from "./topology-follower.ts";
import { readPointer, readRevision } from "./topology-records.ts";

const publishReplySchema = z.tuple([z.enum(["published", "unchanged", "conflict", "corrupt"]), z.int().nonnegative()]);

/** A pointer to immutable, numbered records. Publishing is one script; watching is the follower's. */
export class RedisTopologyStore implements TopologyStore {
  readonly #call: RedisLink;
  readonly #bulk: RedisLink;
  readonly #keys: RedisKeys;
  readonly #follower: TopologyFollower;

  constructor(
    links: { readonly call: RedisLink; readonly bulk: RedisLink },
    keys: RedisKeys,
    follower: TopologyFollower,
  ) {
    this.#call = links.call;
    this.#bulk = links.bulk;
    this.#keys = keys;
    this.#follower = follower;
  }

  async current(): Promise<Revision | undefined> {
    const revision = await readPointer(this.#bulk, this.#keys);
    return revision === 0 ? undefined : readRevision(this.#bulk, this.#keys, revision);
  }

  async publish(snapshot: Snapshot, expectedRevision: number): Promise<PublishOutcome> {
    const next = expectedRevision + 1;
    const record: Revision = { revision: next, snapshot, publishedAt: new Date().toISOString() };
    const reply = await this.#call.script("publishTopology", {
      keys: [this.#keys.topologyCurrent, this.#keys.topologyRevision(next)],
      args: [expectedRevision, snapshot.hash, JSON.stringify(record), this.#keys.topologyChannel],
    });
    const [kind, revision] = checkStored(publishReplySchema, reply, this.#keys.topologyCurrent);
    if (kind === "corrupt") {
      throw new StoreError("STORE_CORRUPT", { key: this.#keys.topologyCurrent, operation: "publishTopology" });
    }
    return { kind, revision };
  }

  async watch(onRevision: (revision: Revision) => void): Promise<() => Promise<void>> {
    await readPointer(this.#call, this.#keys); // on the call path: rejects at once where the follower would wait
    return this.#follower.watch(onRevision);
  }
}
