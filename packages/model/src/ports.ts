import type { Binding } from "./binding.ts";
import type { HubId } from "./ids.ts";
import type { ReachView } from "./reach.ts";
import type { RevisionHeader, SealedRevision } from "./revision.ts";

/** Outcome of a compare-and-set on the topology. */
export type PublishOutcome =
  | { readonly kind: "published"; readonly revision: number }
  /** Somebody else published first; `revision` is theirs. */
  | { readonly kind: "conflict"; readonly revision: number };

export type RestoreOutcome =
  | { readonly kind: "restored"; readonly revision: number }
  /** What the store has is the same or newer: nothing was written. */
  | { readonly kind: "kept"; readonly revision: number };

export interface HistoryQuery {
  readonly limit: number;
  /** Only revisions with a lower number. */
  readonly below?: number;
}

/** The topology and its history, shared by all hubs. */
export interface TopologyStore {
  /** The current revision, or undefined before the first publication. Rejects when the store cannot be reached. */
  current(): Promise<SealedRevision | undefined>;
  /** One revision of the history; undefined when the store does not have it. */
  read(revision: number): Promise<SealedRevision | undefined>;
  /** Newest first. What the store has lost is left out. */
  history(query: HistoryQuery): Promise<readonly RevisionHeader[]>;
  /**
   * Atomic: makes `candidate` current if `expectedRevision` still is (0: none). A record is written once and never over.
   * The candidate's number must be higher than the expected one. The very same candidate again is `published` again.
   */
  publish(candidate: SealedRevision, expectedRevision: number): Promise<PublishOutcome>;
  /**
   * Atomic: gives a store that lost its data back what a node still has, with its number, unless the store has the same
   * or what supersedes it.
   */
  restore(copy: SealedRevision): Promise<RestoreOutcome>;
  /**
   * Calls back with what is current (undefined: nothing that can be read) before it resolves; then whenever that has
   * changed, also after a reconnect. What was current in between may be left out; after a loss of data an older revision
   * may come, or nothing. Rejects when the store cannot be reached. Returns the unsubscribe.
   */
  watch(onChange: (current: SealedRevision | undefined) => void): Promise<() => Promise<void>>;
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

/** What hubs tell each other of the branches that they reach. Advice: nothing of it is needed for a call. */
export interface ReachStore {
  /** In the place of what the hub has said before; forgotten after `ttlMs`. */
  publish(view: ReachView, ttlMs: number): Promise<void>;
  /** Of those hubs that have said something and not yet been forgotten. */
  read(hubs: readonly HubId[]): Promise<readonly ReachView[]>;
}

/** The last good copy of one document on the node's own disk, for a start without network. */
export interface CopyStore {
  /** Undefined when there is none. Whoever reads it checks its form. Rejects for a copy that is damaged. */
  load(): Promise<unknown>;
  /** Replaces it as a whole or not at all; it is on the disk when this resolves. Takes what JSON takes; on the disk of a hub, bytes as well. */
  save(value: unknown): Promise<void>;
}
