import { randomUUID } from "node:crypto";
import { z } from "zod";
import { callRecordSchema, recordKey } from "@mss/model";
import type { CallRecord, CallRecordPage, CallRecordQuery, CallRecordStore, InsertOutcome } from "@mss/model";
import { KEPT_MS, KEPT_SHARED_RECORDS } from "../limits.ts";
import { checkStored, parseStored } from "../stored-value.ts";
import type { RedisKeys } from "./keys.ts";
import type { RedisLink } from "./redis-link.ts";

const entriesSchema = z.array(z.tuple([z.string(), z.tuple([z.literal("record"), z.string()])]));
const insertReplySchema = z.tuple([z.string(), z.int().nonnegative()]);
type Entries = z.infer<typeof entriesSchema>;

/** Call records as a stream. Nothing waits for a Redis that is away: whoever has a record keeps it until it is taken. */
export class RedisCallRecordStore implements CallRecordStore {
  readonly #link: RedisLink;
  readonly #keys: RedisKeys;

  constructor(link: RedisLink, keys: RedisKeys) {
    this.#link = link;
    this.#keys = keys;
  }

  async insert(records: readonly CallRecord[]): Promise<InsertOutcome> {
    const { callRecords, callRecordKeys, callRecordStore } = this.#keys;
    const reply = await this.#link.script("insertCallRecords", {
      keys: [callRecords, callRecordKeys, callRecordStore],
      args: [
        randomUUID(),
        KEPT_MS,
        KEPT_SHARED_RECORDS,
        ...records.flatMap((record) => [recordKey(record), JSON.stringify(record)]),
      ],
    });
    const [store, added] = checkStored(insertReplySchema, reply, callRecords);
    return { store, added };
  }

  async page({ sinceMs = 0, after, limit }: CallRecordQuery): Promise<CallRecordPage> {
    const key = this.#keys.callRecords;
    const from = after === undefined ? String(Math.max(0, Math.floor(sinceMs))) : `(${after}`;
    const reply = await this.#link.run("pageOfCallRecords", (redis) => redis.xrange(key, from, "+", "COUNT", limit));
    const entries = checkStored(entriesSchema, reply, key);
    const last = entries.at(-1)?.[0] ?? after;
    return { records: this.#recordsOf(entries), ...(last === undefined ? {} : { last }) };
  }

  async latest(limit: number): Promise<readonly CallRecord[]> {
    if (limit <= 0) {
      return [];
    }
    const key = this.#keys.callRecords;
    const reply = await this.#link.run("latestCallRecords", (redis) => redis.xrevrange(key, "+", "-", "COUNT", limit));
    return this.#recordsOf(checkStored(entriesSchema, reply, key)).toReversed();
  }

  #recordsOf(entries: Entries): CallRecord[] {
    return entries.map(([, [, text]]) => parseStored(callRecordSchema, text, this.#keys.callRecords));
  }
}
