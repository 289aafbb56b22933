import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { Cluster, Redis } from "ioredis";
import type { RedisOptions } from "ioredis";
import { StoreError } from "../errors.ts";
import { defineScripts } from "./scripts.ts";
import type { RedisClient } from "./redis-client.ts";
import type { RedisAddress, RedisTls } from "./redis-url.ts";

const CONNECT_LIMIT_MS = 2_000;
const SILENCE_LIMIT_MS = 3_000; // a socket that owes an answer for longer is dead: open a new one
const SENTINEL_LIMIT_MS = 1_000; // the next sentinel is asked when one is silent
const KEEP_ALIVE_MS = 10_000;
const FIRST_RECONNECT_MS = 50;
const LAST_RECONNECT_MS = 1_000; // writes are to resume within 5 s after Redis is back
/** A cluster that moves slots is asked again, on the way of a call only as often as its limit lets. */
const CLUSTER_REDIRECTIONS = { call: 3, background: 100 } as const;
const CLUSTER_RETRY_MS = 50;

/** For ever; doubling, jittered, capped. */
export function reconnectDelayMs(attempt: number): number {
  const delay = Math.min(FIRST_RECONNECT_MS * 2 ** Math.min(attempt, 10), LAST_RECONNECT_MS);
  return Math.round(delay * (0.5 + Math.random() / 2));
}

function readPem(parameter: "ca" | "cert" | "key", file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new StoreError("STORE_BAD_URL", { reason: `${parameter} cannot be read`, file }, { cause });
  }
}

/** Throws `STORE_BAD_URL` when a file cannot be read. */
function tlsOptions(tls: RedisTls, host: string | undefined): SecureContextOptions & { servername?: string } {
  const { ca, cert, key } = tls;
  const servername = tls.servername ?? (host === undefined || isIP(host) !== 0 ? undefined : host);
  return {
    minVersion: "TLSv1.2",
    ...(ca === undefined ? {} : { ca: readPem("ca", ca) }),
    ...(cert === undefined ? {} : { cert: readPem("cert", cert) }),
    ...(key === undefined ? {} : { key: readPem("key", key) }),
    ...(servername === undefined ? {} : { servername }),
  };
}

/** A master that was made a replica says so to a write: the sentinels, or the name, know the new one. */
function isReadOnly(error: Error): boolean {
  return error.message.startsWith("READONLY");
}

function commonOptions(address: RedisAddress, name: string) {
  const single = address.mode === "single" ? address.nodes[0]?.host : undefined;
  return {
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(address.tls === undefined ? {} : { tls: tlsOptions(address.tls, single) }),
    connectionName: name,
    connectTimeout: CONNECT_LIMIT_MS,
    socketTimeout: SILENCE_LIMIT_MS,
    keepAlive: KEEP_ALIVE_MS,
    reconnectOnError: isReadOnly,
    maxLoadingRetryTime: LAST_RECONNECT_MS,
  } satisfies RedisOptions;
}

function placeOptions(address: Exclude<RedisAddress, { mode: "cluster" }>) {
  if (address.mode === "single") {
    const [node] = address.nodes;
    return { db: address.database, ...(node === undefined ? {} : { host: node.host, port: node.port }) };
  }
  const { master, database, sentinelUsername, sentinelPassword, tls } = address;
  return {
    sentinels: address.nodes.map(({ host, port }) => ({ host, port })),
    name: master,
    db: database,
    ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(tls, undefined) }),
    sentinelRetryStrategy: reconnectDelayMs,
    sentinelReconnectStrategy: reconnectDelayMs,
    sentinelCommandTimeout: SENTINEL_LIMIT_MS,
  };
}

interface OwnOptions {
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue?: false;
  readonly autoResendUnfulfilledCommands?: false;
  readonly commandTimeout?: number;
  readonly redirections: number;
}

function createClient(address: RedisAddress, name: string, own: OwnOptions): RedisClient {
  const { redirections, enableOfflineQueue = true, ...options } = own;
  const common = { ...commonOptions(address, name), ...options };
  if (address.mode !== "cluster") {
    return new Redis({
      ...common,
      ...placeOptions(address),
      enableOfflineQueue,
      retryStrategy: reconnectDelayMs,
      lazyConnect: true,
    });
  }
  const nodes = address.nodes.map(({ host, port }) => ({ host, port }));
  return new Cluster(nodes, {
    redisOptions: common,
    enableOfflineQueue,
    clusterRetryStrategy: reconnectDelayMs,
    maxRedirections: redirections,
    retryDelayOnFailover: CLUSTER_RETRY_MS,
    retryDelayOnClusterDown: CLUSTER_RETRY_MS,
    retryDelayOnTryAgain: CLUSTER_RETRY_MS,
    slotsRefreshTimeout: CONNECT_LIMIT_MS,
    lazyConnect: true,
    // Names in certificates are of hosts: what the cluster calls by name stays a name.
    ...(address.tls === undefined ? {} : { dnsLookup: keepName }),
  });
}

function keepName(host: string, found: (error: null, address: string) => void): void {
  found(null, host);
}

/** For calls: answers within the limit or fails; nothing waits, and nothing is sent twice. */
export function createCallConnection(address: RedisAddress, limitMs: number): RedisClient {
  const client = createClient(address, "mss-call", {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: limitMs,
    redirections: CLUSTER_REDIRECTIONS.call,
  });
  defineScripts(client);
  return client;
}

/** For what may wait: commands queue while Redis is away, and those without an answer are sent again. */
export function createBackgroundConnection(address: RedisAddress): RedisClient {
  const client = createClient(address, "mss-background", {
    maxRetriesPerRequest: null,
    redirections: CLUSTER_REDIRECTIONS.background,
  });
  defineScripts(client);
  return client;
}

/** For notices alone; subscribes again by itself after a reconnect. */
export function createSubscriberConnection(address: RedisAddress): RedisClient {
  return createClient(address, "mss-subscriber", {
    maxRetriesPerRequest: null,
    redirections: CLUSTER_REDIRECTIONS.background,
  });
}
