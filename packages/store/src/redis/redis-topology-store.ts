import { z } from "zod";
import type {
  HistoryQuery,
  PublishOutcome,
  RestoreOutcome,
  RevisionHeader,
  SealedRevision,
  TopologyStore,
} from "@mss/model";
import { StoreError } from "../errors.ts";
import { checkStored } from "../stored-value.ts";
import { assertFollows } from "../topology/assert-follows.ts";
import type { RedisKeys } from "./keys.ts";
import type { RedisLink } from "./redis-link.ts";
import type { TopologyFollower } from "./topology-follower.ts";
import { readCurrent, readHeader, readPointer, readRecord, recordFields } from "./topology-records.ts";

const publishReplySchema = z.tuple([z.enum(["published", "conflict", "corrupt"]), z.int().nonnegative()]);
const restoreReplySchema = z.tuple([z.enum(["restored", "kept"]), z.int().nonnegative()]);

/** A pointer to immutable, numbered records. Each change is one script; watching is the follower's. */
export class RedisTopologyStore implements TopologyStore {
  readonly #call: RedisLink;
  /** Snapshots may be large: they do not share the socket, or the 250 ms, of the calls. */
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

  async current(): Promise<SealedRevision | undefined> {
    const pointer = await readPointer(this.#bulk, this.#keys);
    return pointer === undefined ? undefined : readCurrent(this.#bulk, this.#keys, pointer);
  }

  read(revision: number): Promise<SealedRevision | undefined> {
    return readRecord(this.#bulk, this.#keys, revision);
  }

  async history({ limit, below = Infinity }: HistoryQuery): Promise<readonly RevisionHeader[]> {
    const highest = below === Infinity ? "+inf" : `(${below}`;
    const numbers = await this.#bulk.run("topologyHistory", (redis) =>
      redis.zrevrangebyscore(this.#keys.topologyHistory, highest, "-inf", "LIMIT", 0, limit),
    );
    const headers = await Promise.all(numbers.map((number) => readHeader(this.#bulk, this.#keys, Number(number))));
    return headers.filter((header) => header !== undefined);
  }

  async publish(candidate: SealedRevision, expectedRevision: number): Promise<PublishOutcome> {
    assertFollows(candidate, expectedRevision);
    const { revision: number, hash, publishedAt } = candidate.header;
    const reply = await this.#bulk.script("publishTopology", {
      keys: this.#written(number),
      args: [expectedRevision, number, hash, publishedAt, this.#keys.topologyChannel, ...recordFields(candidate)],
    });
    const [kind, revision] = checkStored(publishReplySchema, reply, this.#keys.topologyCurrent);
    if (kind === "corrupt") {
      throw new StoreError("STORE_CORRUPT", { key: this.#keys.topologyCurrent, operation: "publishTopology" });
    }
    return { kind, revision };
  }

  async restore(copy: SealedRevision): Promise<RestoreOutcome> {
    const { revision: number, hash, publishedAt } = copy.header;
    const reply = await this.#bulk.script("restoreTopology", {
      keys: this.#written(number),
      args: [number, hash, publishedAt, this.#keys.topologyChannel, ...recordFields(copy)],
    });
    const [kind, revision] = checkStored(restoreReplySchema, reply, this.#keys.topologyCurrent);
    return { kind, revision };
  }

  async watch(onChange: (current: SealedRevision | undefined) => void): Promise<() => Promise<void>> {
    // On the call path: rejects at once where the follower would wait. What it holds is for the follower to judge.
    await this.#call.run("readTopologyPointer", (redis) => redis.exists(this.#keys.topologyCurrent));
    return this.#follower.watch(onChange);
  }

  #written(revision: number): string[] {
    return [this.#keys.topologyCurrent, this.#keys.topologyRevision(revision), this.#keys.topologyHistory];
  }
}
