import type { Binding } from "./binding.ts";
import type { CallRecord } from "./call-record.ts";
import type { Revision, Snapshot } from "./snapshot.ts";

/** Outcome of a compare-and-set on the topology. */
export type PublishOutcome =
  | { readonly kind: "published"; readonly revision: number }
  /** The snapshot is already the current one: nothing was written. */
  | { readonly kind: "unchanged"; readonly revision: number }
  /** Somebody else published first; `revision` is theirs. */
  | { readonly kind: "conflict"; readonly revision: number };

/** The topology and its history, shared by all hubs. */
export interface TopologyStore {
  /** The current revision, or undefined before the first publication. Rejects when the store cannot be reached. */
  current(): Promise<Revision | undefined>;
  /** Atomic. `expectedRevision` is what the publisher saw as current (0: none). */
  publish(snapshot: Snapshot, expectedRevision: number): Promise<PublishOutcome>;
  /**
   * Calls back with the current revision, if there is one, before it resolves; then with each newer one, in order; also
   * after a reconnect, when one was missed. Rejects when the store cannot be reached. Returns the unsubscribe.
   */
  watch(onRevision: (revision: Revision) => void): Promise<() => Promise<void>>;
}

export type LeaseOutcome = { readonly kind: "granted" } | { readonly kind: "full"; readonly inUse: number };

/** Counts calls per key by leases that expire by themselves, so that a crash leaks nothing and no count goes below zero. */
export interface LeaseStore {
  /** Grants unless `limit` other leases of `key` are alive. Atomic; the same `leaseId` twice is one lease, renewed. */
  acquire(
    key: string,
    leaseId: string,
    options: { readonly limit: number; readonly ttlMs: number },
  ): Promise<LeaseOutcome>;
  /** Renews all that are still alive; returns the ids that were not. */
  renew(key: string, leaseIds: readonly string[], ttlMs: number): Promise<readonly string[]>;
  release(key: string, leaseId: string): Promise<void>;
  inUse(key: string): Promise<number>;
}

/** Call records, oldest first. */
export interface CallRecordStore {
  /** Idempotent by `record.id`. */
  append(record: CallRecord): Promise<void>;
  /** The newest `limit` records, oldest of them first. */
  latest(limit: number): Promise<readonly CallRecord[]>;
}

export interface BindingLimits {
  readonly maxContacts: number;
  readonly nowMs: number;
}

export type BindingOutcome =
  | { readonly kind: "stored"; readonly bindings: readonly Binding[] }
  | { readonly kind: "tooMany"; readonly limit: number }
  /** Same Call-ID with a CSeq that is not higher: an old REGISTER come late (RFC 3261 §10.3 step 7). */
  | { readonly kind: "outOfOrder" };

/** Contacts by address of record. */
export interface BindingStore {
  /**
   * Applies one REGISTER as a whole or not at all: `set` adds or refreshes, `remove` takes contacts off.
   * Contacts are compared as URIs by the caller; here they are equal when the strings are.
   */
  apply(
    aor: string,
    change: { readonly set: readonly Binding[]; readonly remove: readonly string[] },
    limits: BindingLimits,
  ): Promise<BindingOutcome>;
  /** Takes off every contact of `aor` (`Contact: *`). */
  clear(aor: string): Promise<void>;
  /** Contacts of `aor` that are alive at `nowMs`, oldest registration first. */
  find(aor: string, nowMs: number): Promise<readonly Binding[]>;
  /** Every contact that is alive, for status and for a restart. */
  all(nowMs: number): Promise<readonly Binding[]>;
  /** Forgets what has expired; returns how many. */
  purge(nowMs: number): Promise<number>;
}
