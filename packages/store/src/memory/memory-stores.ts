import { silentLog } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import type { MemoryStores } from "../stores.ts";
import { MemoryBindingStore } from "./memory-binding-store.ts";
import { MemoryCallRecordStore } from "./memory-call-record-store.ts";
import { MemoryLeaseStore } from "./memory-lease-store.ts";
import { MemoryReachStore } from "./memory-reach-store.ts";
import { MemoryTopologyStore } from "./memory-topology-store.ts";

export interface MemoryStoresOptions {
  readonly log?: Logger;
  /** Clock of the leases and of what hubs say of branches, monotonic, in milliseconds. */
  readonly nowMs?: () => number;
}

/** All stores in this process, for the demo and for tests: always up, shared by whoever holds the object, gone with it. */
export function createMemoryStores(options: MemoryStoresOptions = {}): MemoryStores {
  const topology = new MemoryTopologyStore(options.log ?? silentLog());
  const nowMs = options.nowMs ?? (() => performance.now());
  return {
    topology,
    leases: new MemoryLeaseStore(nowMs),
    callRecords: new MemoryCallRecordStore(),
    bindings: new MemoryBindingStore(),
    reach: new MemoryReachStore(nowMs),
    health: () => "up",
    healthReason: () => undefined,
    onHealth: () => () => undefined,
    start: async () => undefined,
    stop: async () => {
      topology.close();
    },
  };
}
