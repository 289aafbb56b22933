import type { Cluster, Redis } from "ioredis";

/** One connection to a server, or to all nodes of a cluster: the same commands and events. */
export type RedisClient = Redis | Cluster;
