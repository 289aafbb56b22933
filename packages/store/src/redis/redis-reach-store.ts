import { reachViewSchema } from "@mss/model";
import type { HubId, ReachStore, ReachView } from "@mss/model";
import { parseStored } from "../stored-value.ts";
import type { RedisKeys } from "./keys.ts";
import type { RedisLink } from "./redis-link.ts";

/** One key for each hub, which goes by itself when the hub does not write it any more. */
export class RedisReachStore implements ReachStore {
  readonly #link: RedisLink;
  readonly #keys: RedisKeys;

  constructor(link: RedisLink, keys: RedisKeys) {
    this.#link = link;
    this.#keys = keys;
  }

  async publish(view: ReachView, ttlMs: number): Promise<void> {
    const key = this.#keys.reach(view.hub);
    await this.#link.run("publishReach", (redis) => redis.set(key, JSON.stringify(view), "PX", ttlMs));
  }

  async read(hubs: readonly HubId[]): Promise<readonly ReachView[]> {
    if (hubs.length === 0) {
      return [];
    }
    const keys = hubs.map((hub) => this.#keys.reach(hub));
    const texts = await this.#link.run("readReach", (redis) => redis.mget(keys));
    return texts.flatMap((text, index) =>
      text === null ? [] : [parseStored(reachViewSchema, text, keys[index] ?? "reach")],
    );
  }
}
