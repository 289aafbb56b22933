import { z } from "zod";
import type { LeaseOutcome, LeaseStore } from "@mss/model";
import { checkStored } from "../stored-value.ts";
import type { RedisKeys } from "./keys.ts";
import type { RedisLink } from "./redis-link.ts";

const acquireReplySchema = z.tuple([z.int().min(0).max(1), z.int().nonnegative()]);
const renewReplySchema = z.array(z.string());

/** Leases by the clock of the Redis server. Works on the call path: answers or fails within its limit. */
export class RedisLeaseStore implements LeaseStore {
  readonly #link: RedisLink;
  readonly #keys: RedisKeys;

  constructor(link: RedisLink, keys: RedisKeys) {
    this.#link = link;
    this.#keys = keys;
  }

  async acquire(
    key: string,
    leaseId: string,
    options: { readonly limit: number; readonly ttlMs: number },
  ): Promise<LeaseOutcome> {
    const redisKey = this.#keys.leases(key);
    const reply = await this.#link.script("acquireLease", {
      keys: [redisKey],
      args: [leaseId, options.limit, options.ttlMs],
    });
    const [granted, inUse] = checkStored(acquireReplySchema, reply, redisKey);
    return granted === 1 ? { kind: "granted" } : { kind: "full", inUse };
  }

  async renew(key: string, leaseIds: readonly string[], ttlMs: number): Promise<readonly string[]> {
    if (leaseIds.length === 0) {
      return [];
    }
    const redisKey = this.#keys.leases(key);
    const reply = await this.#link.script("renewLeases", { keys: [redisKey], args: [ttlMs, ...leaseIds] });
    return checkStored(renewReplySchema, reply, redisKey);
  }

  async release(key: string, leaseId: string): Promise<void> {
    await this.#link.run("releaseLease", (redis) => redis.zrem(this.#keys.leases(key), leaseId));
  }

  async inUse(key: string): Promise<number> {
    const redisKey = this.#keys.leases(key);
    const reply = await this.#link.script("countLeases", { keys: [redisKey], args: [] });
    return checkStored(z.int().nonnegative(), reply, redisKey);
  }
}
