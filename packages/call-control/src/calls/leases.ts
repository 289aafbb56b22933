import type { LeaseStore } from "@mss/model";
import { withDeadline } from "@mss/runtime";
import type { Logger, Part, WorkerGroup } from "@mss/runtime";
import type { LeaseRequest } from "../bridge/types.ts";
import { HeldElsewhere } from "./held-elsewhere.ts";

export interface LeasesOptions {
  /** Without a store, slots are counted by this node only. */
  readonly store: LeaseStore | undefined;
  readonly log: Logger;
  /** The other processes of the node: with the store away, slots are counted in all of them. */
  readonly group?: WorkerGroup | undefined;
  /** How long a slot outlives a process that dies. */
  readonly ttlMs?: number;
}

const TTL_MS = 60_000;
const RENEWALS_PER_TTL = 3;
const STORE_LIMIT_MS = 250; // on the call path: a slow store must not slow calls
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/**
 * Slots of trunks, held by calls. With the store away, slots are granted by the count of this process and of the
 * others of the node, and the log says so.
 */
export class Leases implements Part {
  readonly #store: LeaseStore | undefined;
  readonly #log: Logger;
  readonly #ttlMs: number;
  readonly #held = new Map<string, Set<string>>();
  readonly #elsewhere: HeldElsewhere | undefined;
  #timer: NodeJS.Timeout | undefined;
  #degraded = false;

  constructor(options: LeasesOptions) {
    this.#store = options.store;
    this.#log = options.log;
    this.#ttlMs = options.ttlMs ?? TTL_MS;
    this.#elsewhere = options.group && new HeldElsewhere(options.group, this.#ttlMs);
  }

  get degraded(): boolean {
    return this.#degraded;
  }

  start(): Promise<void> {
    if (this.#store !== undefined) {
      this.#timer = setInterval(() => void this.#renewAll(), this.#ttlMs / RENEWALS_PER_TTL);
    }
    return Promise.resolve();
  }

  stop(): Promise<void> {
    clearInterval(this.#timer);
    return Promise.resolve();
  }

  /** True when the slot is granted; then `release` must follow, once. Never rejects. */
  acquire({ key, limit }: LeaseRequest, leaseId: string): Promise<boolean> | boolean {
    return this.#store === undefined
      ? this.#acquireLocally(key, leaseId, limit)
      : this.#acquireShared(this.#store, { key, limit }, leaseId);
  }

  release(key: string, leaseId: string): void {
    const held = this.#held.get(key);
    if (held?.delete(leaseId) !== true) {
      return;
    }
    if (held.size === 0) {
      this.#held.delete(key);
    }
    this.#tellOthers();
    void this.#store?.release(key, leaseId).catch((err: unknown) => {
      this.#log.debug({ err, key }, "lease was not released; it expires by itself");
    });
  }

  async #acquireShared(store: LeaseStore, { key, limit }: LeaseRequest, leaseId: string): Promise<boolean> {
    try {
      const acquired = store.acquire(key, leaseId, { limit, ttlMs: this.#ttlMs });
      const outcome = await withDeadline(acquired, STORE_LIMIT_MS, "acquire a lease");
      this.#storeAnswered();
      if (outcome.kind === "granted") {
        this.#hold(key, leaseId);
      }
      return outcome.kind === "granted";
    } catch (err) {
      this.#storeFailed(err);
      return this.#acquireLocally(key, leaseId, limit);
    }
  }

  #acquireLocally(key: string, leaseId: string, limit: number): boolean {
    const granted = (this.#held.get(key)?.size ?? 0) + (this.#elsewhere?.countOf(key) ?? 0) < limit;
    if (granted) {
      this.#hold(key, leaseId);
    }
    return granted;
  }

  #hold(key: string, leaseId: string): void {
    const held = this.#held.get(key) ?? new Set();
    held.add(leaseId);
    this.#held.set(key, held);
    this.#tellOthers();
  }

  /** While the store that counts for all is away. */
  #tellOthers(): void {
    if (this.#degraded && this.#elsewhere !== undefined) {
      this.#elsewhere.tell(Object.fromEntries([...this.#held].map(([key, { size }]) => [key, size])));
    }
  }

  async #renewAll(): Promise<void> {
    const store = this.#store;
    if (store === undefined) {
      return;
    }
    for (const [key, held] of this.#held) {
      try {
        const gone = await withDeadline(store.renew(key, [...held], this.#ttlMs), this.#ttlMs, "renew leases");
        const alive = gone.filter((leaseId) => held.has(leaseId));
        // Calls that are up are never ended for their slot: what the store has forgotten is taken again.
        await Promise.all(alive.map((leaseId) => store.acquire(key, leaseId, { limit: NO_LIMIT, ttlMs: this.#ttlMs })));
        this.#storeAnswered();
      } catch (err) {
        this.#storeFailed(err);
      }
    }
    this.#tellOthers();
  }

  #storeAnswered(): void {
    if (this.#degraded) {
      this.#degraded = false;
      this.#log.info("lease store is back");
    }
  }

  #storeFailed(err: unknown): void {
    if (!this.#degraded) {
      this.#degraded = true;
      this.#log.warn({ err }, "lease store is away; slots are counted by this node only");
      this.#tellOthers();
    }
  }
}
