import { randomUUID } from "node:crypto";
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
import type { RecordAccess } from "./topology-records.ts";
import { readCurrent, readHeader, readPointer, readRecord, recordFields, stageSnapshot } from "./topology-records.ts";

const publishReplySchema = z.tuple([z.enum(["published", "conflict", "corrupt", "incomplete"]), z.int().nonnegative()]);
const restoreReplySchema = z.tuple([z.enum(["restored", "kept", "incomplete"]), z.int().nonnegative()]);

/** A pointer to immutable, numbered records. Each change is one script; watching is the follower's. */
export class RedisTopologyStore implements TopologyStore {
  readonly #call: RedisLink;
  readonly #records: RecordAccess;
  /** Snapshots may be large: they do not share the socket, or the 250 ms, of the calls. */
  readonly #bulk: RedisLink;
  readonly #keys: RedisKeys;
  readonly #follower: TopologyFollower;

  constructor(call: RedisLink, records: RecordAccess, follower: TopologyFollower) {
    this.#call = call;
    this.#records = records;
    this.#bulk = records.link;
    this.#keys = records.keys;
    this.#follower = follower;
  }

  async current(): Promise<SealedRevision | undefined> {
    const pointer = await readPointer(this.#bulk, this.#keys);
    return pointer === undefined ? undefined : readCurrent(this.#records, pointer);
  }

  read(revision: number): Promise<SealedRevision | undefined> {
    return readRecord(this.#records, revision);
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
    const { keys, staged } = await this.#stage(candidate);
    const args = [expectedRevision, number, hash, publishedAt, this.#keys.topologyChannel, staged];
    const reply = await this.#bulk.script("publishTopology", { keys, args: [...args, ...recordFields(candidate)] });
    const [kind, revision] = checkStored(publishReplySchema, reply, this.#keys.topologyCurrent);
    if (kind === "corrupt") {
      throw new StoreError("STORE_CORRUPT", { key: this.#keys.topologyCurrent, operation: "publishTopology" });
    }
    if (kind === "incomplete") {
      throw piecesLost("publishTopology");
    }
    return { kind, revision };
  }

  async restore(copy: SealedRevision): Promise<RestoreOutcome> {
    const { revision: number, hash, publishedAt } = copy.header;
    const { keys, staged } = await this.#stage(copy);
    const args = [number, hash, publishedAt, this.#keys.topologyChannel, staged];
    const reply = await this.#bulk.script("restoreTopology", { keys, args: [...args, ...recordFields(copy)] });
    const [kind, revision] = checkStored(restoreReplySchema, reply, this.#keys.topologyCurrent);
    if (kind === "incomplete") {
      throw piecesLost("restoreTopology");
    }
    return { kind, revision };
  }

  async watch(onChange: (current: SealedRevision | undefined) => void): Promise<() => Promise<void>> {
    // On the call path: rejects at once where the follower would wait. What it holds is for the follower to judge.
    await this.#call.run("readTopologyPointer", (redis) => redis.exists(this.#keys.topologyCurrent));
    return this.#follower.watch(onChange);
  }

  /** Sends what is too large for one command. Returns the keys of the script, and how many pieces it has to find. */
  async #stage(sealed: SealedRevision): Promise<{ readonly keys: readonly string[]; readonly staged: number }> {
    const { topologyCurrent, topologyHistory } = this.#keys;
    const stage = this.#keys.topologyStage(randomUUID());
    const staged = await stageSnapshot(this.#records, stage, sealed);
    const record = this.#keys.topologyRevision(sealed.header.revision);
    return { keys: [topologyCurrent, record, topologyHistory, stage], staged };
  }
}

/** They took longer to send than they are kept, or Redis lost them meanwhile. */
function piecesLost(operation: string): StoreError {
  const cause = new Error("pieces of the revision were lost on the way");
  return new StoreError("STORE_UNAVAILABLE", { operation }, { cause });
}
