import type { Redis } from "ioredis";
import { asAdmin, until } from "./admin.ts";
import { startRedis } from "./start-redis.ts";
import type { RedisServer } from "./start-redis.ts";

/** A cluster of three masters with one replica each. */
export interface RedisCluster {
  /** `redis-cluster://…` */
  readonly url: string;
  readonly masters: readonly RedisServer[];
  /** In the order of their masters. */
  readonly replicas: readonly RedisServer[];
  /** The master that serves a key now. */
  masterOf(key: string): Promise<RedisServer>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;
const MASTERS = 3;

/** Starts six servers and makes a cluster of them; resolves when all agree that it is one. Rejects as `startRedis` does. */
export async function startRedisCluster(options: { readonly password?: string } = {}): Promise<RedisCluster> {
  const started = await Promise.allSettled(
    Array.from({ length: 2 * MASTERS }, () => startRedis({ ...options, cluster: true })),
  );
  const servers = started.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    const failure = started.find((outcome) => outcome.status === "rejected");
    if (failure !== undefined) {
      throw failure.reason;
    }
    await join(servers);
  } catch (error) {
    await stop();
    throw error;
  }
  const login = options.password === undefined ? "" : `:${encodeURIComponent(options.password)}@`;
  return {
    url: `redis-cluster://${login}${servers.map(({ host, port }) => `${host}:${port}`).join(",")}`,
    masters: servers.slice(0, MASTERS),
    replicas: servers.slice(MASTERS),
    masterOf: (key) => masterOf(servers, key),
    stop,
  };
}

async function join(servers: readonly RedisServer[]): Promise<void> {
  const [first] = servers;
  await Promise.all(
    servers.map((server, index) =>
      asAdmin(server, async (redis) => {
        await redis.call("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
        if (index < MASTERS) {
          const [from, to] = [index, index + 1].map((part) => Math.floor((SLOTS * part) / MASTERS));
          await redis.call("CLUSTER", "ADDSLOTSRANGE", from ?? 0, (to ?? SLOTS) - 1);
        }
      }),
    ),
  );
  await Promise.all(servers.slice(1).map((server) => asAdmin(server, (redis) => meet(redis, first))));
  await eachSays(servers, `cluster_known_nodes:${servers.length}`);
  await Promise.all(
    servers.slice(MASTERS).map(async (server, index) => {
      const master = servers[index];
      const id = master === undefined ? "" : await asAdmin(master, (redis) => redis.call("CLUSTER", "MYID"));
      await asAdmin(server, (redis) => redis.call("CLUSTER", "REPLICATE", String(id)));
    }),
  );
  await eachSays(servers, "cluster_state:ok");
  await Promise.all(
    servers
      .slice(MASTERS)
      .map((server) =>
        until("the replicas follow", () =>
          asAdmin(server, async (redis) => (await redis.info("replication")).includes("master_link_status:up")),
        ),
      ),
  );
}

async function meet(redis: Redis, first: RedisServer | undefined): Promise<void> {
  if (first !== undefined) {
    const bus = await asAdmin(first, (admin) => admin.call("CONFIG", "GET", "cluster-port"));
    await redis.call("CLUSTER", "MEET", first.host, first.port, busPort(bus));
  }
}

/** Name and value, as a list or a map by the version of the protocol. */
function busPort(reply: unknown): string {
  return /\d+/.exec(JSON.stringify(reply))?.[0] ?? "0";
}

async function eachSays(servers: readonly RedisServer[], words: string): Promise<void> {
  await Promise.all(
    servers.map((server) =>
      until(words, () => asAdmin(server, async (redis) => String(await redis.call("CLUSTER", "INFO")).includes(words))),
    ),
  );
}

async function masterOf(servers: readonly RedisServer[], key: string): Promise<RedisServer> {
  for (const server of servers) {
    const serves = await asAdmin(server, async (redis) => {
      const isMaster = (await redis.info("replication")).includes("role:master");
      return (
        isMaster &&
        (await redis.exists(key).then(
          () => true,
          () => false,
        ))
      );
    }).catch(() => false);
    if (serves) {
      return server;
    }
  }
  throw new Error(`no master serves ${key}`);
}
