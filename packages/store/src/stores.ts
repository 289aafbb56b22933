import type {
  BindingStore,
  CallJournal,
  CallRecordStore,
  CopyStore,
  LeaseStore,
  ReachStore,
  TopologyStore,
} from "@mss/model";
import type { Part } from "@mss/runtime";
import type { StoreErrorCode } from "./errors.ts";

export type StoreHealth = "up" | "down";

/** What a hub needs of its store, whatever it is made of. Start it before use. */
export interface HubStores extends Part {
  readonly topology: TopologyStore;
  readonly leases: LeaseStore;
  readonly callRecords: CallRecordStore;
  readonly bindings: BindingStore;
  readonly reach: ReachStore;
  health(): StoreHealth;
  /** While down: the code of the last failure. */
  healthReason(): StoreErrorCode | undefined;
  /** Calls back with each change of `health()`. Returns the unsubscribe. */
  onHealth(listener: (health: StoreHealth) => void): () => void;
}

export type MemoryStores = HubStores;
export type RedisStores = HubStores;

/** What a branch keeps on its own disk. Start it before use. */
export interface BranchStore extends Part {
  readonly bindings: BindingStore;
  readonly callRecords: CallJournal;
  /** Its part of the topology. */
  readonly topologyCopy: CopyStore;
}
