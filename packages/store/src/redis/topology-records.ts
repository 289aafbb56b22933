import { z } from "zod";
import { revisionSchema } from "@mss/model";
import type { Revision } from "@mss/model";
import { StoreError } from "../errors.ts";
import { parseStored } from "../stored-value.ts";
import type { RedisKeys } from "./keys.ts";
import type { RedisLink } from "./redis-link.ts";

/** Number of the current revision, 0 for none. */
export async function readPointer(link: RedisLink, keys: RedisKeys): Promise<number> {
  const text = await link.run("readTopologyPointer", (redis) => redis.hget(keys.topologyCurrent, "revision"));
  return text === null ? 0 : parseStored(z.int().positive(), text, keys.topologyCurrent);
}

/** A record that the pointer has named; one that is missing is corrupt, since both are written at once. */
export async function readRevision(link: RedisLink, keys: RedisKeys, revision: number): Promise<Revision> {
  const key = keys.topologyRevision(revision);
  const text = await link.run("readTopologyRevision", (redis) => redis.get(key));
  if (text === null) {
    throw new StoreError("STORE_CORRUPT", { key, reason: "missing" });
  }
  const record = parseStored(revisionSchema, text, key);
  if (record.revision !== revision) {
    throw new StoreError("STORE_CORRUPT", { key, reason: "holds another revision", revision: record.revision });
  }
  return record;
}
