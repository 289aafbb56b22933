export { startRedis } from "./testing/start-redis.ts";
export type { RedisServer, StartRedisOptions } from "./testing/start-redis.ts";
