import type { Redis } from "ioredis";
import type { Revision } from "@mss/model";
import { hasCode, withDeadline } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { StoreError } from "../errors.ts";
import type { RedisKeys } from "./keys.ts";
import type { RedisLink } from "./redis-link.ts";
import { readPointer, readRevision } from "./topology-records.ts";

const SUBSCRIBE_LIMIT_MS = 5_000;
const RE_READ_INTERVAL_MS = 5_000; // pub/sub promises nothing: whatever got lost is found after this long

type Watcher = (revision: Revision) => void;

export interface TopologyFollowerOptions {
  readonly subscriber: Redis;
  readonly subscriberLink: RedisLink;
  /** Background profile: reads wait for a Redis that is away. */
  readonly background: RedisLink;
  readonly keys: RedisKeys;
  readonly log: Logger;
}

/**
 * Follows the pointer for all watchers. Notices, reconnects and a slow clock all do the same: read again from the last
 * revision delivered up to the pointer. So notices may be lost, doubled or late; revisions are none of these.
 */
export class TopologyFollower {
  readonly #options: TopologyFollowerOptions;
  readonly #watchers = new Set<Watcher>();
  #latest: Revision | undefined;
  /** The last revision dealt with, delivered or found corrupt; never goes down. */
  #seen = 0;
  #running: Promise<void> | undefined;
  #again = false;
  #subscribed: Promise<unknown> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #wanted = false;

  constructor(options: TopologyFollowerOptions) {
    this.#options = options;
    options.subscriber.on("message", () => {
      this.#trigger();
    });
    options.subscriber.on("ready", () => {
      void this.#resubscribe();
    });
  }

  /** Delivers the current revision, if any, then each newer one. Rejects with `STORE_UNAVAILABLE`. */
  async watch(onRevision: Watcher): Promise<() => Promise<void>> {
    const limit = async (): Promise<void> => {
      await this.#subscribe();
      await this.#sync(); // may be one that began before the subscription was there, so once more
      await this.#sync();
    };
    await withDeadline(limit(), SUBSCRIBE_LIMIT_MS, "watch topology").catch((cause: unknown) => {
      throw cause instanceof StoreError
        ? cause
        : new StoreError("STORE_UNAVAILABLE", { operation: "watch" }, { cause });
    });
    if (this.#stopped) {
      throw new StoreError("STORE_CLOSED", { operation: "watch" });
    }
    const watcher: Watcher = (revision) => {
      onRevision(revision); // a function of its own, so that one callback may watch twice
    };
    this.#watchers.add(watcher);
    this.#timer ??= setInterval(() => {
      this.#reRead();
    }, RE_READ_INTERVAL_MS).unref();
    if (this.#latest !== undefined) {
      this.#deliver(watcher, this.#latest);
    }
    return () => this.#unwatch(watcher);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watchers.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #unwatch(watcher: Watcher): Promise<void> {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) {
      return;
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
    // The subscription stays until stop: notices are rare, and leaving it while another watch begins would be a race.
  }

  #subscribe(): Promise<unknown> {
    const { subscriberLink, keys } = this.#options;
    this.#wanted = true;
    if (this.#subscribed === undefined) {
      const subscribed = subscriberLink.run("subscribe", (redis) => redis.subscribe(keys.topologyChannel));
      this.#subscribed = subscribed;
      subscribed.catch(() => {
        this.#subscribed = undefined; // the next watch tries again
      });
    }
    return this.#subscribed;
  }

  /** After a reconnect: read only when the subscription is confirmed, or what comes between is missed. */
  async #resubscribe(): Promise<void> {
    if (!this.#wanted || this.#stopped) {
      return;
    }
    this.#subscribed = undefined;
    try {
      await this.#subscribe();
      this.#trigger();
    } catch (error) {
      this.#options.log.debug({ err: error }, "topology subscription failed"); // the next "ready" tries again
    }
  }

  /** The ping makes a dead subscription socket show: it gets no answer and is opened anew. */
  #reRead(): void {
    this.#options.subscriberLink
      .run("ping", (redis) => redis.ping())
      .catch((error: unknown) => {
        this.#options.log.debug({ err: error }, "topology subscription silent");
      });
    if (this.#running === undefined) {
      this.#trigger();
    }
  }

  #trigger(): void {
    if (this.#watchers.size === 0 || this.#stopped) {
      return;
    }
    this.#sync().catch((error: unknown) => {
      this.#options.log.warn({ err: error }, "topology not read");
    });
  }

  /** One reader at a time; who asks meanwhile gets a further round. */
  #sync(): Promise<void> {
    if (this.#running !== undefined) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#rounds().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #rounds(): Promise<void> {
    do {
      this.#again = false;
      await this.#round();
    } while (this.#again && !this.#stopped);
  }

  async #round(): Promise<void> {
    const { background, keys, log } = this.#options;
    const current = await readPointer(background, keys);
    if (current < this.#seen) {
      log.warn({ revision: current, seen: this.#seen }, "topology in the store is older than one already seen");
      return;
    }
    // Whoever has no watcher needs no history: the first watcher gets the current revision.
    const from = this.#watchers.size === 0 ? Math.max(this.#seen, current - 1) : this.#seen;
    for (let revision = from + 1; revision <= current; revision += 1) {
      await this.#advance(revision);
    }
  }

  async #advance(revision: number): Promise<void> {
    const { background, keys, log } = this.#options;
    try {
      this.#latest = await readRevision(background, keys, revision);
    } catch (error) {
      if (!hasCode(error, "STORE_CORRUPT")) {
        throw error;
      }
      log.error({ err: error, revision }, "topology revision unreadable, skipped");
      this.#seen = revision;
      return;
    }
    this.#seen = revision;
    for (const watcher of this.#watchers) {
      this.#deliver(watcher, this.#latest);
    }
  }

  #deliver(watcher: Watcher, revision: Revision): void {
    try {
      watcher(revision);
    } catch (error) {
      this.#options.log.error({ err: error, revision: revision.revision }, "topology watcher failed");
    }
  }
}
