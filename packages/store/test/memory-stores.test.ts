import { createMemoryStores } from "@mss/store";
import type { MemoryStores } from "@mss/store";
import { bindingStoreContract } from "./contract/binding-store-contract.ts";
import { callRecordStoreContract } from "./contract/call-record-store-contract.ts";
import type { MakeStore } from "./contract/fixture.ts";
import { leaseStoreContract } from "./contract/lease-store-contract.ts";
import { reachStoreContract } from "./contract/reach-store-contract.ts";
import { topologyStoreContract } from "./contract/topology-store-contract.ts";

function fresh<Store>(pick: (stores: MemoryStores) => Store): MakeStore<Store> {
  return async () => {
    const stores = createMemoryStores();
    await stores.start();
    return { store: pick(stores), close: () => stores.stop() };
  };
}

topologyStoreContract(fresh((stores) => stores.topology));
leaseStoreContract(fresh((stores) => stores.leases));
reachStoreContract(fresh((stores) => stores.reach));
callRecordStoreContract(fresh((stores) => stores.callRecords));
bindingStoreContract(fresh((stores) => stores.bindings));
