import { z } from "zod";
import { readSealedRevision, revisionHeaderSchema, revisionTextsSchema, sha256Schema } from "@mss/model";
import type { RevisionHeader, SealedRevision } from "@mss/model";
import { StoreError } from "../errors.ts";
import { checkStored, parseStored } from "../stored-value.ts";
import type { RedisKeys } from "./keys.ts";
import type { RedisLink } from "./redis-link.ts";

/** Which revision is current, without the record. */
export interface TopologyPointer {
  readonly revision: number;
  readonly hash: string;
}

const pointerSchema = z.tuple([
  z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .transform(Number),
  sha256Schema,
]);

/** Undefined for none. */
export async function readPointer(link: RedisLink, keys: RedisKeys): Promise<TopologyPointer | undefined> {
  const key = keys.topologyCurrent;
  const fields = await link.run("readTopologyPointer", (redis) => redis.hmget(key, "revision", "hash"));
  if (fields.every((field) => field === null)) {
    return undefined;
  }
  const [revision, hash] = checkStored(pointerSchema, fields, key);
  return { revision, hash };
}

/** Undefined when there is no such record. */
export async function readRecord(
  link: RedisLink,
  keys: RedisKeys,
  revision: number,
): Promise<SealedRevision | undefined> {
  const key = keys.topologyRevision(revision);
  const [header, snapshot, signingKey, signature, parts] = await link.run("readTopologyRevision", (redis) =>
    redis.hmget(key, "header", "snapshot", "signingKey", "signature", "parts"),
  );
  if (header === null && snapshot === null) {
    return undefined;
  }
  const signed = signingKey === null && signature === null ? {} : { signature: { key: signingKey, value: signature } };
  const handedOut = typeof parts === "string" ? { parts: parseStored(z.unknown(), parts, key) } : {};
  const texts = checkStored(revisionTextsSchema, { header, snapshot, ...signed, ...handedOut }, key);
  const sealed = readSealedRevision(texts);
  if (sealed === undefined || sealed.header.revision !== revision) {
    throw new StoreError("STORE_CORRUPT", { key, reason: "holds no header, or another revision's" });
  }
  return sealed;
}

/** The record that the pointer names. One that is missing is `STORE_CORRUPT`, since both are written at once. */
export async function readCurrent(
  link: RedisLink,
  keys: RedisKeys,
  { revision }: TopologyPointer,
): Promise<SealedRevision> {
  const record = await readRecord(link, keys, revision);
  if (record === undefined) {
    throw new StoreError("STORE_CORRUPT", { key: keys.topologyRevision(revision), reason: "missing" });
  }
  return record;
}

/** The header alone: history is read without its snapshots. Undefined when there is no such record. */
export async function readHeader(
  link: RedisLink,
  keys: RedisKeys,
  revision: number,
): Promise<RevisionHeader | undefined> {
  const key = keys.topologyRevision(revision);
  const text = await link.run("readTopologyHeader", (redis) => redis.hget(key, "header"));
  return text === null ? undefined : parseStored(revisionHeaderSchema, text, key);
}

/** Field and value in turn, as HSET takes them. */
export function recordFields({ texts: { header, snapshot, signature, parts } }: SealedRevision): string[] {
  const signed = signature === undefined ? [] : ["signingKey", signature.key, "signature", signature.value];
  const handedOut = parts === undefined ? [] : ["parts", JSON.stringify(parts)];
  return ["header", header, "snapshot", snapshot, ...signed, ...handedOut];
}
