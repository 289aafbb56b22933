export { STORE_ERRORS, StoreError } from "./errors.ts";
export type { StoreErrorCode } from "./errors.ts";
export { createMemoryStores } from "./memory/memory-stores.ts";
export type { MemoryStoresOptions } from "./memory/memory-stores.ts";
export { connectRedis } from "./redis/connect-redis.ts";
export type { ConnectRedisOptions } from "./redis/connect-redis.ts";
export { openBranchStore } from "./sqlite/open-branch-store.ts";
export type { BranchStoreOptions } from "./sqlite/open-branch-store.ts";
export type { BranchStore, HubStores, MemoryStores, RedisStores, StoreHealth } from "./stores.ts";
