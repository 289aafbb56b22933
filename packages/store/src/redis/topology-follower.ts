import type { RedisClient } from "./redis-client.ts";
import type { SealedRevision } from "@mss/model";
import { hasCode, withDeadline } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { StoreError } from "../errors.ts";
import type { RedisLink } from "./redis-link.ts";
import { readCurrent, readPointer } from "./topology-records.ts";
import type { RecordAccess } from "./topology-records.ts";

const SUBSCRIBE_LIMIT_MS = 5_000;
const RE_READ_INTERVAL_MS = 1_000; // pub/sub promises nothing, and lost data tells nobody: this long until it is seen

type Watcher = (current: SealedRevision | undefined) => void;

/** What the store had when it was last read. `key` tells whether it has changed. */
interface Seen {
  readonly key: string;
  readonly current: SealedRevision | undefined;
}

export interface TopologyFollowerOptions {
  readonly subscriber: RedisClient;
  readonly subscriberLink: RedisLink;
  /** Background profile: reads wait for a Redis that is away. */
  readonly records: RecordAccess;
  readonly log: Logger;
}

/**
 * Follows the pointer for all watchers. Notices, reconnects and a slow clock all do the same: read it again, and what it
 * names if that has changed. So notices may be lost, doubled or late.
 */
export class TopologyFollower {
  readonly #options: TopologyFollowerOptions;
  readonly #watchers = new Set<Watcher>();
  #seen: Seen | undefined;
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

  /** Delivers what is current, then what changes. Rejects with `STORE_UNAVAILABLE`. */
  async watch(onChange: Watcher): Promise<() => Promise<void>> {
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
    const watcher: Watcher = (current) => {
      onChange(current); // a function of its own, so that one callback may watch twice
    };
    this.#watchers.add(watcher);
    this.#timer ??= setInterval(() => {
      this.#reRead();
    }, RE_READ_INTERVAL_MS).unref();
    this.#deliver(watcher, this.#seen?.current);
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
    const {
      subscriberLink,
      records: { keys },
    } = this.#options;
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
    const { records, log } = this.#options;
    let key = "";
    let current: SealedRevision | undefined;
    try {
      const pointer = await readPointer(records.link, records.keys);
      key = pointer === undefined ? "" : `${pointer.revision} ${pointer.hash}`;
      if (key === this.#seen?.key) {
        return;
      }
      current = pointer === undefined ? undefined : await readCurrent(records, pointer);
    } catch (error) {
      if (!hasCode(error, "STORE_CORRUPT")) {
        throw error;
      }
      key = `unreadable ${key}`;
      if (key === this.#seen?.key) {
        return;
      }
      log.error({ err: error }, "current topology cannot be read");
    }
    this.#seen = { key, current };
    for (const watcher of this.#watchers) {
      this.#deliver(watcher, current);
    }
  }

  #deliver(watcher: Watcher, current: SealedRevision | undefined): void {
    try {
      watcher(current);
    } catch (error) {
      this.#options.log.error({ err: error, revision: current?.header.revision }, "topology watcher failed");
    }
  }
}
