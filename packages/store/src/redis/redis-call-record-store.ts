import { z } from "zod";
import { callRecordSchema } from "@mss/model";
import type { CallRecord, CallRecordStore } from "@mss/model";
import { withDeadline } from "@mss/runtime";
import { StoreError } from "../errors.ts";
import { KEPT_CALL_RECORDS } from "../limits.ts";
import { checkStored, parseStored } from "../stored-value.ts";
import type { RedisKeys } from "./keys.ts";
import type { RedisLink } from "./redis-link.ts";

const MAX_WAITING_RECORDS = 100_000; // about 100 MB, an hour of outage at 28 calls per second
const entriesSchema = z.array(z.tuple([z.string(), z.tuple([z.literal("record"), z.string()])]));

/** Call records as a stream. An append waits for a Redis that is away, up to a limit of records; a read does not. */
export class RedisCallRecordStore implements CallRecordStore {
  readonly #background: RedisLink;
  readonly #reads: RedisLink;
  readonly #keys: RedisKeys;
  readonly #waiting = new Set<Promise<unknown>>();

  constructor(links: { readonly background: RedisLink; readonly read: RedisLink }, keys: RedisKeys) {
    this.#background = links.background;
    this.#reads = links.read;
    this.#keys = keys;
  }

  async append(record: CallRecord): Promise<void> {
    if (this.#waiting.size >= MAX_WAITING_RECORDS) {
      const cause = new Error("too many call records wait for redis");
      throw new StoreError("STORE_UNAVAILABLE", { operation: "append", waiting: this.#waiting.size }, { cause });
    }
    const append = this.#background.script("appendCallRecord", {
      keys: [this.#keys.callRecords, this.#keys.callRecordIds],
      args: [record.id, JSON.stringify(record), KEPT_CALL_RECORDS],
    });
    this.#waiting.add(append);
    try {
      await append;
    } finally {
      this.#waiting.delete(append);
    }
  }

  async latest(limit: number): Promise<readonly CallRecord[]> {
    if (limit <= 0) {
      return [];
    }
    const key = this.#keys.callRecords;
    const reply = await this.#reads.run("latestCallRecords", (redis) => redis.xrevrange(key, "+", "-", "COUNT", limit));
    const entries = checkStored(entriesSchema, reply, key);
    return entries.map(([, [, text]]) => parseStored(callRecordSchema, text, key)).toReversed();
  }

  /** Waits until no append is on its way, or for `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    const settled = Promise.allSettled(this.#waiting);
    await withDeadline(settled, limitMs, "append call records").catch(() => undefined);
  }
}
