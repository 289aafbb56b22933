import type { Logger } from "@mss/runtime";
import { StoreError } from "../errors.ts";
import { HealthState } from "../health-state.ts";
import type { RedisStores } from "../stores.ts";
import { createBackgroundConnection, createCallConnection, createSubscriberConnection } from "./connections.ts";
import { redisKeys } from "./keys.ts";
import { closeClient, openClients, watchFailures } from "./open-clients.ts";
import { RedisBindingStore } from "./redis-binding-store.ts";
import { RedisCallRecordStore } from "./redis-call-record-store.ts";
import type { RedisClient } from "./redis-client.ts";
import { toStoreError } from "./redis-error.ts";
import { RedisHealthMonitor } from "./redis-health.ts";
import { RedisLeaseStore } from "./redis-lease-store.ts";
import { RedisReachStore } from "./redis-reach-store.ts";
import { RedisLink } from "./redis-link.ts";
import { RedisTopologyStore } from "./redis-topology-store.ts";
import { parseRedisUrl } from "./redis-url.ts";
import type { RedisAddress } from "./redis-url.ts";
import { SnapshotThread } from "./snapshot-thread.ts";
import { TopologyFollower } from "./topology-follower.ts";

export interface ConnectRedisOptions {
  /** See the README for the forms: one server, sentinels, or a cluster, with or without TLS. */
  readonly url: string;
  /** Whose keys: `<prefix>:{<federation>}:…`. */
  readonly federation: string;
  /** First word of every key; what the URL says when absent, else `mss`. */
  readonly prefix?: string;
  /** How long a command on the way of a call may take, in milliseconds; 250 when absent. */
  readonly callLimitMs?: number;
  /** Start even if Redis is away or refuses us, and be `down` until it serves us. */
  readonly mayBeAway?: boolean;
  readonly log: Logger;
}

const DEFAULT_PREFIX = "mss";
const CALL_LIMIT_MS = 250; // what a call set-up can bear to lose
const START_LIMIT_MS = 5_000;
const AWAY_START_LIMIT_MS = 2_000; // calls can be served without
const BULK_LIMIT_MS = 5_000;
const PROBE_TTL_MS = 10_000;

/**
 * The stores of a hub on Redis. Throws `STORE_BAD_URL`. `start` opens the connections: it rejects with
 * `STORE_ACCESS_DENIED` or `STORE_UNTRUSTED` at once, with `STORE_UNAVAILABLE` when Redis has not answered in 5 s, unless it may be away. From
 * then on the connections come back by themselves, until `stop`.
 */
export function connectRedis(options: ConnectRedisOptions): RedisStores {
  const address = parseRedisUrl(options.url);
  const log = options.log.child({ mod: "store", peer: address.endpoint });
  const keys = redisKeys(options.prefix ?? address.prefix ?? DEFAULT_PREFIX, options.federation);
  const health = new HealthState(log);
  const clients = createClients(address, options.callLimitMs ?? CALL_LIMIT_MS);
  const isOpen = (): boolean => health.get() === "up";
  const callLink = { client: clients.call, address, limitMs: options.callLimitMs ?? CALL_LIMIT_MS };
  const probe = new RedisLink(callLink);
  const monitor = new RedisHealthMonitor({
    client: clients.call,
    health,
    probe: () => probe.run("probe", (redis) => redis.set(keys.health, "1", "PX", PROBE_TTL_MS)),
    toError: (error) => toStoreError(error, "probe", address),
  });
  const call = new RedisLink({ ...callLink, isOpen, onSilence: (failure) => monitor.suspect(failure) });
  const background = new RedisLink({ client: clients.background, address });
  // Reads that may be long do not share the socket, or the limit, of the calls; they do fail at once when Redis is away.
  const bulk = new RedisLink({ client: clients.background, address, isOpen, limitMs: BULK_LIMIT_MS });
  const subscriberLink = new RedisLink({ client: clients.subscriber, address });
  const thread = new SnapshotThread(options.url);
  const records = { link: background, keys, thread };
  const follower = new TopologyFollower({ subscriber: clients.subscriber, subscriberLink, records, log });
  const callRecords = new RedisCallRecordStore(bulk, keys);
  const links = [probe, call, background, bulk, subscriberLink];
  const lifecycle = createLifecycle({ clients, links, address, health, monitor, follower, thread, log });
  return {
    topology: new RedisTopologyStore(call, { link: bulk, keys, thread }, follower),
    leases: new RedisLeaseStore(call, keys),
    callRecords,
    bindings: new RedisBindingStore({ call, bulk }, keys),
    reach: new RedisReachStore(bulk, keys),
    health: () => health.get(),
    healthReason: () => health.reason(),
    onHealth: (listener) => health.onChange(listener),
    start: () => lifecycle.start(options.mayBeAway ?? false),
    stop: () => lifecycle.stop(),
  };
}

type Clients = Readonly<Record<"call" | "background" | "subscriber", RedisClient>>;

function createClients(address: RedisAddress, callLimitMs: number): Clients {
  return {
    call: createCallConnection(address, callLimitMs),
    background: createBackgroundConnection(address),
    subscriber: createSubscriberConnection(address),
  };
}

interface LifecycleParts {
  readonly clients: Clients;
  readonly links: readonly RedisLink[];
  readonly address: RedisAddress;
  readonly health: HealthState;
  readonly monitor: RedisHealthMonitor;
  readonly follower: TopologyFollower;
  readonly thread: SnapshotThread;
  readonly log: Logger;
}

function createLifecycle(parts: LifecycleParts) {
  const { clients, links, address, health, monitor, follower, thread, log } = parts;
  const all = Object.entries(clients);
  let stopping = false;
  for (const [connection, client] of all) {
    watchFailures(client, (error) => {
      const failure = toStoreError(error, "connect", address);
      health.explain(failure.code);
      log.debug({ err: failure, connection }, "redis connection failed");
    });
  }
  health.onChange((now) => {
    const reason = now === "up" ? {} : { code: health.reason() };
    log[now === "up" || stopping ? "info" : "warn"](reason, now === "up" ? "redis is up" : "redis is down");
  });

  async function stop(): Promise<void> {
    stopping = true;
    await follower.stop();
    monitor.stop();
    await thread.stop();
    await Promise.all(all.map(([, client]) => closeClient(client)));
    for (const link of links) {
      link.close();
    }
  }

  /** Throws what keeps Redis from serving us. */
  async function open(limitMs: number): Promise<void> {
    await openClients(Object.values(clients), address, limitMs);
    await monitor.probe();
    if (health.get() === "down") {
      throw new StoreError(health.reason() ?? "STORE_UNAVAILABLE", { operation: "start", endpoint: address.endpoint });
    }
  }

  return {
    stop,
    async start(mayBeAway: boolean): Promise<void> {
      try {
        await open(mayBeAway ? AWAY_START_LIMIT_MS : START_LIMIT_MS);
      } catch (error) {
        if (!mayBeAway) {
          await stop();
          throw error;
        }
        log.warn({ err: error }, "starting without redis, which is tried again for ever");
      }
      monitor.start();
    },
  };
}
