import { z } from "zod";
import { readSealedRevision, revisionHeaderSchema, revisionTextsSchema, sha256Schema } from "@mss/model";
import type { RevisionHeader, SealedRevision, SharedText } from "@mss/model";
import { StoreError } from "../errors.ts";
import { checkStored, parseStored } from "../stored-value.ts";
import type { RedisKeys } from "./keys.ts";
import type { RedisLink } from "./redis-link.ts";
import { furtherPieces, pieceAt, pieceField, readPieces, stagePieces } from "./snapshot-pieces.ts";
import type { SnapshotThread } from "./snapshot-thread.ts";

/** Which revision is current, without the record. */
export interface TopologyPointer {
  readonly revision: number;
  readonly hash: string;
}

/** What it takes to read and write records, snapshots included. */
export interface RecordAccess {
  readonly link: RedisLink;
  readonly keys: RedisKeys;
  /** For large snapshots. */
  readonly thread: SnapshotThread;
}

/** Snapshots up to this size are no trouble for the thread of the calls: about 40,000 ranges. */
const IN_PLACE_BYTES = 1_048_576;
const MAX_BYTES = 1_073_741_824;
const byteLengthSchema = z.int().min(1).max(MAX_BYTES);

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
export async function readRecord(access: RecordAccess, revision: number): Promise<SealedRevision | undefined> {
  const { link, keys } = access;
  const key = keys.topologyRevision(revision);
  const names = ["header", "snapshot", "signingKey", "signature", "parts", "bytes"];
  const [header, first, signingKey, signature, parts, bytes] = await link.run("readTopologyRevision", (redis) =>
    redis.hmgetBuffer(key, ...names),
  );
  if (!header && !first) {
    return undefined;
  }
  const byteLength = checkStored(byteLengthSchema, Number(bytes ?? first?.length), key);
  const snapshot = first && (await readSnapshot(access, key, { first, byteLength }));
  const signed =
    signingKey || signature ? { signature: { key: signingKey?.toString(), value: signature?.toString() } } : {};
  const handedOut = parts ? { parts: parseStored(z.unknown(), parts.toString(), key) } : {};
  const texts = checkStored(
    revisionTextsSchema,
    { header: header?.toString(), snapshot, ...signed, ...handedOut },
    key,
  );
  const sealed = readSealedRevision(texts);
  if (sealed === undefined || sealed.header.revision !== revision) {
    throw new StoreError("STORE_CORRUPT", { key, reason: "holds no header, or another revision's" });
  }
  return sealed;
}

/** In the thread of the caller a few pieces, in one of its own many. */
async function readSnapshot(
  { link, thread }: RecordAccess,
  key: string,
  { first, byteLength }: { readonly first: Buffer; readonly byteLength: number },
): Promise<SharedText> {
  return byteLength > IN_PLACE_BYTES && first.length < byteLength
    ? thread.read(key, byteLength)
    : readPieces(link, key, { byteLength, first });
}

/** Puts the pieces of a large snapshot after the first where a script can take them from, and says how many there are. */
export async function stageSnapshot(
  { link, thread }: RecordAccess,
  stage: string,
  { texts: { snapshot } }: SealedRevision,
): Promise<number> {
  if (snapshot.length > IN_PLACE_BYTES) {
    await thread.stage(stage, snapshot);
  } else {
    await stagePieces(link, stage, snapshot);
  }
  return furtherPieces(snapshot);
}

/** The record that the pointer names. One that is missing is `STORE_CORRUPT`, since both are written at once. */
export async function readCurrent(access: RecordAccess, { revision }: TopologyPointer): Promise<SealedRevision> {
  const record = await readRecord(access, revision);
  if (record === undefined) {
    throw new StoreError("STORE_CORRUPT", { key: access.keys.topologyRevision(revision), reason: "missing" });
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

/** Field and value in turn, as HSET takes them, without what `stageSnapshot` sends. */
export function recordFields(sealed: SealedRevision): (string | Buffer)[] {
  const { header, snapshot, signature, parts } = sealed.texts;
  const signed = signature === undefined ? [] : ["signingKey", signature.key, "signature", signature.value];
  const handedOut = parts === undefined ? [] : ["parts", JSON.stringify(parts)];
  const size = ["bytes", String(snapshot.length)];
  return ["header", header, pieceField(0), pieceAt(snapshot, 0), ...size, ...signed, ...handedOut];
}
