import { silentLog } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import type { MemoryStores } from "../stores.ts";
import { MemoryBindingStore } from "./memory-binding-store.ts";
import { MemoryCallRecordStore } from "./memory-call-record-store.ts";
import { MemoryLeaseStore } from "./memory-lease-store.ts";
import { MemoryTopologyStore } from "./memory-topology-store.ts";

export interface MemoryStoresOptions {
  readonly log?: Logger;
  /** Clock of the leases, monotonic, in milliseconds. */
  readonly nowMs?: () => number;
}

/** All stores in this process, for the demo and for tests: always up, shared by whoever holds the object, gone with it. */
export function createMemoryStores(options: MemoryStoresOptions = {}): MemoryStores {
  const topology = new MemoryTopologyStore(options.log ?? silentLog());
  return {
    topology,
    leases: new MemoryLeaseStore(options.nowMs ?? (() => performance.now())),
    callRecords: new MemoryCallRecordStore(),
    bindings: new MemoryBindingStore(),
    health: () => "up",
    healthReason: () => undefined,
    onHealth: () => () => undefined,
    start: async () => undefined,
    stop: async () => {
      topology.close();
    },
  };
}
