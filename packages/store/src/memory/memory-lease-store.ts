import type { LeaseOutcome, LeaseStore } from "@mss/model";

export class MemoryLeaseStore implements LeaseStore {
  readonly #nowMs: () => number;
  /** By key, then by lease id: when it expires. A key without leases has no entry. */
  readonly #expiries = new Map<string, Map<string, number>>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  async acquire(
    key: string,
    leaseId: string,
    options: { readonly limit: number; readonly ttlMs: number },
  ): Promise<LeaseOutcome> {
    const alive = this.#alive(key);
    if (!alive.has(leaseId) && alive.size >= options.limit) {
      return { kind: "full", inUse: alive.size };
    }
    alive.set(leaseId, this.#nowMs() + options.ttlMs);
    this.#expiries.set(key, alive);
    return { kind: "granted" };
  }

  async renew(key: string, leaseIds: readonly string[], ttlMs: number): Promise<readonly string[]> {
    const alive = this.#alive(key);
    const lost = leaseIds.filter((leaseId) => !alive.has(leaseId));
    const expiresAt = this.#nowMs() + ttlMs;
    for (const leaseId of leaseIds) {
      if (alive.has(leaseId)) {
        alive.set(leaseId, expiresAt);
      }
    }
    return lost;
  }

  async release(key: string, leaseId: string): Promise<void> {
    const alive = this.#alive(key);
    alive.delete(leaseId);
    if (alive.size === 0) {
      this.#expiries.delete(key);
    }
  }

  async inUse(key: string): Promise<number> {
    return this.#alive(key).size;
  }

  /** The leases of `key` without the expired ones, which are forgotten here. */
  #alive(key: string): Map<string, number> {
    const leases = this.#expiries.get(key);
    if (leases === undefined) {
      return new Map();
    }
    const nowMs = this.#nowMs();
    for (const [leaseId, expiresAt] of leases) {
      if (expiresAt <= nowMs) {
        leases.delete(leaseId);
      }
    }
    if (leases.size === 0) {
      this.#expiries.delete(key);
    }
    return leases;
  }
}
