import type { Redis } from "ioredis";
import { withDeadline } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { StoreError } from "../errors.ts";
import { HealthState } from "../health-state.ts";
import type { RedisStores } from "../stores.ts";
import { createBackgroundConnection, createCallConnection, createSubscriberConnection } from "./connections.ts";
import { redisKeys } from "./keys.ts";
import { RedisBindingStore } from "./redis-binding-store.ts";
import { RedisCallRecordStore } from "./redis-call-record-store.ts";
import { toStoreError } from "./redis-error.ts";
import { RedisHealthMonitor } from "./redis-health.ts";
import { RedisLeaseStore } from "./redis-lease-store.ts";
import { RedisLink } from "./redis-link.ts";
import { RedisTopologyStore } from "./redis-topology-store.ts";
import { parseRedisUrl } from "./redis-url.ts";
import type { RedisAddress } from "./redis-url.ts";
import { TopologyFollower } from "./topology-follower.ts";

export interface ConnectRedisOptions {
  /** `redis://[user:password@]host[:port][/database]`, `rediss:` for TLS, which checks the server's certificate. */
  readonly url: string;
  /** Whose keys: `<prefix>:{<federation>}:…`. */
  readonly federation: string;
  /** First word of every key; `mss` when absent. */
  readonly prefix?: string;
  /** How long a command on the way of a call may take, in milliseconds; 250 when absent. */
  readonly callLimitMs?: number;
  readonly log: Logger;
}

const DEFAULT_PREFIX = "mss";
const CALL_LIMIT_MS = 250; // what a call set-up can bear to lose
const START_LIMIT_MS = 5_000;
const DRAIN_LIMIT_MS = 2_000;
const BULK_LIMIT_MS = 5_000;

/**
 * The stores of a hub on Redis. Throws `STORE_BAD_URL`. `start` opens the connections: it rejects with
 * `STORE_ACCESS_DENIED` at once, with `STORE_UNAVAILABLE` when Redis has not answered in 5 s. From then on the
 * connections come back by themselves, until `stop`.
 */
export function connectRedis(options: ConnectRedisOptions): RedisStores {
  const address = parseRedisUrl(options.url);
  const log = options.log.child({ mod: "store", peer: address.endpoint });
  const keys = redisKeys(options.prefix ?? DEFAULT_PREFIX, options.federation);
  const redis = {
    call: createCallConnection(address, options.callLimitMs ?? CALL_LIMIT_MS),
    background: createBackgroundConnection(address),
    subscriber: createSubscriberConnection(address),
  };
  const health = new HealthState(log);
  const monitor = new RedisHealthMonitor(redis.call, health);
  const isOpen = (): boolean => health.get() === "up";
  const call = new RedisLink({
    redis: redis.call,
    address,
    isOpen,
    onUnavailable: () => {
      monitor.suspect();
    },
  });
  const background = new RedisLink({ redis: redis.background, address });
  // Reads that may be long do not share the socket, or the 250 ms, of the calls; they do fail at once when Redis is away.
  const bulk = new RedisLink({ redis: redis.background, address, isOpen, limitMs: BULK_LIMIT_MS });
  const subscriberLink = new RedisLink({ redis: redis.subscriber, address });
  const follower = new TopologyFollower({ subscriber: redis.subscriber, subscriberLink, background, keys, log });
  const callRecords = new RedisCallRecordStore({ background, read: bulk }, keys);
  const connections = Object.values(redis);
  watchConnections(redis, address, log);
  let stopping = false;
  health.onChange((now) => {
    log[now === "up" || stopping ? "info" : "warn"]({}, now === "up" ? "redis is up" : "redis is down");
  });

  async function stop(): Promise<void> {
    stopping = true;
    await follower.stop();
    if (health.get() === "up") {
      await callRecords.drain(DRAIN_LIMIT_MS);
    }
    monitor.stop();
    await Promise.all(connections.map(disconnect));
  }

  return {
    topology: new RedisTopologyStore({ call, bulk }, keys, follower),
    leases: new RedisLeaseStore(call, keys),
    callRecords,
    bindings: new RedisBindingStore({ call, bulk }, keys),
    health: () => health.get(),
    onHealth: (listener) => health.onChange(listener),
    async start() {
      try {
        await openAll(connections, address);
      } catch (error) {
        await stop();
        throw error;
      }
      monitor.start();
    },
    stop,
  };
}

/** An ioredis error event without a listener is written to the console. */
function watchConnections(redis: Readonly<Record<string, Redis>>, address: RedisAddress, log: Logger): void {
  for (const [name, connection] of Object.entries(redis)) {
    connection.on("error", (error: unknown) => {
      log.debug({ err: toStoreError(error, "connect", address), connection: name }, "redis connection failed");
    });
  }
}

async function openAll(connections: readonly Redis[], address: RedisAddress): Promise<void> {
  let last: StoreError | undefined;
  const opened = connections.map((redis) =>
    open(redis, address, (failure) => {
      last = failure;
    }),
  );
  try {
    await withDeadline(Promise.all(opened), START_LIMIT_MS, "connect to redis");
  } catch (error) {
    throw error instanceof StoreError ? error : (last ?? toStoreError(error, "connect", address));
  }
}

/** Resolves when ready; rejects only on what trying again cannot mend. */
async function open(redis: Redis, address: RedisAddress, onFailure: (failure: StoreError) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onError = (error: unknown): void => {
    const failure = toStoreError(error, "connect", address);
    onFailure(failure);
    if (failure.code === "STORE_ACCESS_DENIED") {
      reject(failure);
    }
  };
  redis.on("error", onError);
  redis.once("ready", resolve);
  redis.connect().catch(() => undefined); // said by the error event; ioredis tries again
  try {
    await promise;
  } finally {
    redis.off("error", onError);
    redis.off("ready", resolve);
  }
}

async function disconnect(redis: Redis): Promise<void> {
  if (redis.status === "end") {
    return;
  }
  const ended = new Promise<void>((resolve) => {
    redis.once("end", resolve);
  });
  if (redis.status === "reconnecting") {
    // Between two attempts ioredis has no socket whose end it could see: a new attempt, ended at once, makes it tell
    // the waiting commands.
    redis.connect().catch(() => undefined);
  }
  redis.disconnect();
  await ended;
}
