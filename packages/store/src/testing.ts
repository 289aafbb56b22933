export { asAdmin } from "./testing/admin.ts";
export { startRedis } from "./testing/start-redis.ts";
export type { RedisServer, StartRedisOptions } from "./testing/start-redis.ts";
export { startRedisCluster } from "./testing/start-redis-cluster.ts";
export type { RedisCluster } from "./testing/start-redis-cluster.ts";
export { startRedisSentinel } from "./testing/start-redis-sentinel.ts";
export type { RedisSentinel } from "./testing/start-redis-sentinel.ts";
