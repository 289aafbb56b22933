import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { Redis } from "ioredis";
import type { RedisStores } from "@mss/store";
import { startRedis } from "@mss/store/testing";
import type { RedisServer } from "@mss/store/testing";
import { bindingStoreContract } from "./contract/binding-store-contract.ts";
import { callRecordStoreContract } from "./contract/call-record-store-contract.ts";
import type { MakeStore } from "./contract/fixture.ts";
import { leaseStoreContract } from "./contract/lease-store-contract.ts";
import { topologyStoreContract } from "./contract/topology-store-contract.ts";
import { redisStores, skipRedis } from "./support/redis.ts";
import { eventually } from "./support/eventually.ts";

/** One node that owns all slots: a script or command that touches two slots is refused as by any cluster. */
async function assignAllSlots(server: RedisServer): Promise<void> {
  const admin = new Redis(server.url);
  await admin.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  await eventually("the cluster is up", async () => String(await admin.call("CLUSTER", "INFO")).includes("state:ok"));
  admin.disconnect();
}

for (const mode of ["redis", "redis cluster rules"] as const) {
  describe(mode, { skip: skipRedis }, () => {
    let server: RedisServer | undefined;

    before(async () => {
      const cluster = mode === "redis cluster rules";
      server = await startRedis(cluster ? { args: ["--cluster-enabled", "yes"] } : {});
      if (cluster) {
        await assignAllSlots(server);
      }
    });
    after(() => server?.stop());

    function fresh<Store>(pick: (stores: RedisStores) => Store): MakeStore<Store> {
      return async () => {
        assert.ok(server);
        const stores = redisStores(server.url, undefined, { callLimitMs: 10_000 }); // what is shown here is not speed
        await stores.start();
        return { store: pick(stores), close: () => stores.stop() };
      };
    }

    topologyStoreContract(fresh((stores) => stores.topology));
    leaseStoreContract(fresh((stores) => stores.leases));
    callRecordStoreContract(fresh((stores) => stores.callRecords));
    bindingStoreContract(fresh((stores) => stores.bindings));
  });
}
