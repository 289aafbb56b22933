import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asAdmin, until } from "./admin.ts";
import { HOST, endRedis, launchRedis, withFreePorts } from "./redis-process.ts";
import type { RedisProcess } from "./redis-process.ts";
import { startRedis } from "./start-redis.ts";
import type { RedisServer } from "./start-redis.ts";

/** A master, its replicas, and three sentinels that watch it. */
export interface RedisSentinel {
  /** `redis-sentinel://…/mymaster` */
  readonly url: string;
  /** The first master; after a failover it is a replica, when it is back. */
  readonly master: RedisServer;
  readonly replicas: readonly RedisServer[];
  /** Which server the sentinels name now. */
  current(): Promise<RedisServer>;
  stop(): Promise<void>;
}

const MASTER_NAME = "mymaster";
const SENTINELS = 3;
const QUORUM = 2;
const REPLICAS = 2;
const DOWN_AFTER_MS = 2_000;

interface Sentinel {
  readonly url: string;
  readonly port: number;
  readonly child: RedisProcess;
}

/** Resolves when every sentinel knows the others and the replicas. Rejects as `startRedis` does. */
export async function startRedisSentinel(options: { readonly password?: string } = {}): Promise<RedisSentinel> {
  const folder = await mkdtemp(join(tmpdir(), "mss-sentinel-"));
  const servers: RedisServer[] = [];
  const sentinels: Sentinel[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(sentinels.map(({ child }) => endRedis(child)));
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const master = await startRedis(options);
    servers.push(master);
    const args = ["--replicaof", master.host, String(master.port)];
    for (let replica = 0; replica < REPLICAS; replica += 1) {
      servers.push(await startRedis({ ...options, args }));
    }
    for (let index = 0; index < SENTINELS; index += 1) {
      sentinels.push(await startSentinel(join(folder, `${index}.conf`), master, options.password));
    }
    await Promise.all(sentinels.map(findOthers));
    const login = options.password === undefined ? "" : `:${encodeURIComponent(options.password)}@`;
    const hosts = sentinels.map(({ port }) => `${HOST}:${port}`).join(",");
    return {
      url: `redis-sentinel://${login}${hosts}/${MASTER_NAME}`,
      master,
      replicas: servers.slice(1),
      current: () => currentMaster(sentinels, servers),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startSentinel(file: string, master: RedisServer, password: string | undefined): Promise<Sentinel> {
  return withFreePorts(1, async ([port = 0]) => {
    const lines = [
      `port ${port}`,
      `bind ${HOST}`,
      `sentinel monitor ${MASTER_NAME} ${master.host} ${master.port} ${QUORUM}`,
      `sentinel down-after-milliseconds ${MASTER_NAME} ${DOWN_AFTER_MS}`,
      `sentinel failover-timeout ${MASTER_NAME} 10000`,
      ...(password === undefined ? [] : [`sentinel auth-pass ${MASTER_NAME} ${password}`]),
    ];
    await writeFile(file, `${lines.join("\n")}\n`);
    const child = await launchRedis([file, "--sentinel"], "+monitor master");
    return { url: `redis://${HOST}:${port}`, port, child };
  });
}

/** Sentinels find each other and the replicas through the master. */
async function findOthers(sentinel: Sentinel): Promise<void> {
  await until("the sentinels know each other and the replicas", () =>
    asAdmin(sentinel, async (redis) => {
      const info = await redis.info("sentinel");
      return info.includes(`slaves=${REPLICAS},sentinels=${SENTINELS}`);
    }),
  );
}

async function currentMaster(sentinels: readonly Sentinel[], servers: readonly RedisServer[]): Promise<RedisServer> {
  for (const sentinel of sentinels) {
    const reply: unknown = await asAdmin(sentinel, (redis) =>
      redis.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME),
    );
    const port = Array.isArray(reply) ? Number(reply[1]) : 0;
    const found = servers.find((server) => server.port === port);
    if (found !== undefined) {
      return found;
    }
  }
  throw new Error("the sentinels name no master");
}
