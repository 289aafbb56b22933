import { isIP } from "node:net";
import { Redis } from "ioredis";
import type { RedisOptions } from "ioredis";
import { defineScripts } from "./scripts.ts";
import type { RedisAddress } from "./redis-url.ts";

const CONNECT_LIMIT_MS = 2_000;
const SILENCE_LIMIT_MS = 3_000; // a socket that owes an answer for longer is dead: open a new one
const KEEP_ALIVE_MS = 10_000;
const FIRST_RECONNECT_MS = 50;
const LAST_RECONNECT_MS = 1_000; // writes are to resume within 5 s after Redis is back

/** For ever; doubling, jittered, capped. */
export function reconnectDelayMs(attempt: number): number {
  const delay = Math.min(FIRST_RECONNECT_MS * 2 ** Math.min(attempt, 10), LAST_RECONNECT_MS);
  return Math.round(delay * (0.5 + Math.random() / 2));
}

function commonOptions(address: RedisAddress, name: string) {
  return {
    host: address.host,
    port: address.port,
    db: address.database,
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(address.tls ? { tls: isIP(address.host) === 0 ? { servername: address.host } : {} } : {}),
    connectionName: name,
    lazyConnect: true,
    connectTimeout: CONNECT_LIMIT_MS,
    socketTimeout: SILENCE_LIMIT_MS,
    keepAlive: KEEP_ALIVE_MS,
    retryStrategy: reconnectDelayMs,
    maxLoadingRetryTime: LAST_RECONNECT_MS,
  } satisfies RedisOptions;
}

/** For calls: answers within the limit or fails; nothing waits, and nothing is sent twice. */
export function createCallConnection(address: RedisAddress, limitMs: number): Redis {
  const redis = new Redis({
    ...commonOptions(address, "mss-call"),
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: limitMs,
  });
  defineScripts(redis);
  return redis;
}

/** For what may wait: commands queue while Redis is away, and those without an answer are sent again. */
export function createBackgroundConnection(address: RedisAddress): Redis {
  const redis = new Redis({ ...commonOptions(address, "mss-background"), maxRetriesPerRequest: null });
  defineScripts(redis);
  return redis;
}

/** For notices alone; subscribes again by itself after a reconnect. */
export function createSubscriberConnection(address: RedisAddress): Redis {
  return new Redis({ ...commonOptions(address, "mss-subscriber"), maxRetriesPerRequest: null });
}
