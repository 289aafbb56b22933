import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asAdmin } from "./admin.ts";
import { HOST, endRedis, launchRedis, withFreePorts } from "./redis-process.ts";
import type { RedisProcess } from "./redis-process.ts";

export interface StartRedisOptions {
  readonly password?: string;
  /** Paths of PEM files: TLS only, and clients must have a certificate of this authority. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** A node of a cluster, with an own bus. */
  readonly cluster?: boolean;
  /** Further arguments of redis-server, such as `["--maxmemory", "3mb"]`. */
  readonly args?: readonly string[];
}

/** A real redis-server of its own, on loopback, with its files in a temporary folder. Every write is on disk at once. */
export interface RedisServer {
  /** With the password, if there is one; `rediss:` with TLS, without the files. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** SIGKILL, as a crash would; resolves when the process is gone. */
  kill(): Promise<void>;
  /** After `kill`: the same port and data again. Resolves when it accepts connections. */
  restart(): Promise<void>;
  /** FLUSHALL: every key is gone. Not over TLS. */
  flush(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing is answered. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** Ends the process and removes its files. Idempotent. */
  stop(): Promise<void>;
}

const READY = "Ready to accept connections";
const CLUSTER_NODE_TIMEOUT_MS = 2_000;

/**
 * Starts redis-server and resolves when it accepts connections. Rejects with `REDIS_SERVER_MISSING` when there is no such
 * program, with `REDIS_SERVER_FAILED` and its last words when it ends instead.
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "mss-redis-"));
  try {
    return await withFreePorts(2, async ([port = 0, bus = 0]) => {
      const args = serverArguments({ port, bus, folder }, options);
      return redisServer({ child: await launchRedis(args, READY), args, port, folder }, options);
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function serverArguments(
  { port, bus, folder }: { readonly port: number; readonly bus: number; readonly folder: string },
  { password, tls, cluster, args }: StartRedisOptions,
): string[] {
  const listen = tls === undefined ? ["--port", String(port)] : ["--port", "0", "--tls-port", String(port)];
  const place = ["--bind", HOST, "--dir", folder, "--daemonize", "no"];
  const durable = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];
  // A replica is to have the whole data set as soon as it can.
  const replication = ["--repl-diskless-sync-delay", "0"];
  const secret = password === undefined ? [] : ["--requirepass", password, "--masterauth", password];
  const files = tls && ["--tls-ca-cert-file", tls.ca, "--tls-cert-file", tls.cert, "--tls-key-file", tls.key];
  const bound = ["--cluster-enabled", "yes", "--cluster-port", String(bus), "--cluster-node-timeout"];
  const member = cluster === true ? [...bound, String(CLUSTER_NODE_TIMEOUT_MS)] : [];
  return [listen, place, durable, replication, secret, files ?? [], member, args ?? []].flat();
}

interface Running {
  readonly child: RedisProcess;
  readonly args: readonly string[];
  readonly port: number;
  readonly folder: string;
}

function redisServer(running: Running, { password, tls }: StartRedisOptions): RedisServer {
  let { child } = running;
  const login = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
  const url = `${tls === undefined ? "redis" : "rediss"}://${login}${HOST}:${running.port}`;
  return {
    url,
    host: HOST,
    port: running.port,
    kill: () => endRedis(child),
    async restart() {
      child = await launchRedis(running.args, READY);
    },
    async flush() {
      await asAdmin({ url }, (redis) => redis.flushall());
    },
    freeze() {
      child.kill("SIGSTOP");
    },
    thaw() {
      child.kill("SIGCONT");
    },
    async stop() {
      await endRedis(child);
      await rm(running.folder, { recursive: true, force: true });
    },
  };
}
