import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import type { RedisStores } from "@mss/store";
import { startRedis, startRedisCluster, startRedisSentinel } from "@mss/store/testing";
import { bindingStoreContract } from "./contract/binding-store-contract.ts";
import { callRecordStoreContract } from "./contract/call-record-store-contract.ts";
import type { MakeStore } from "./contract/fixture.ts";
import { leaseStoreContract } from "./contract/lease-store-contract.ts";
import { reachStoreContract } from "./contract/reach-store-contract.ts";
import { topologyStoreContract } from "./contract/topology-store-contract.ts";
import { redisStores, skipRedis } from "./support/redis.ts";
import { startGuardedRedis } from "./support/guarded-redis.ts";

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** Every way in which Redis is run. The same contracts hold on all of them. */
const DEPLOYMENTS: Readonly<Record<string, () => Promise<Server>>> = {
  "one server": () => startRedis(),
  "one server over TLS, with a user that may touch our keys alone": () => startGuardedRedis(),
  "a master with sentinels": () => startRedisSentinel({ password: "sentinel-p@ss" }),
  "a cluster of three masters": () => startRedisCluster({ password: "cluster-p@ss" }),
};

for (const [name, start] of Object.entries(DEPLOYMENTS)) {
  describe(`redis: ${name}`, { skip: skipRedis }, () => {
    let server: Server | undefined;

    before(async () => {
      server = await start();
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
    reachStoreContract(fresh((stores) => stores.reach));
    callRecordStoreContract(fresh((stores) => stores.callRecords));
    bindingStoreContract(fresh((stores) => stores.bindings));
  });
}
