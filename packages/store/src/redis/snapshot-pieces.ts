import { emptySharedText } from "@mss/model";
import type { SharedText } from "@mss/model";
import { StoreError } from "../errors.ts";
import type { RedisLink } from "./redis-link.ts";

/** With what Redis says before it in one read from the socket, in most cases. */
const PIECE_BYTES = 61_440;
/** Until the pieces that somebody sent, and made no record of, are gone. */
const STAGE_SECONDS = 60;

/** How many pieces a text has after the first, which is sent with the record. */
export function furtherPieces({ length }: SharedText): number {
  return Math.max(0, Math.ceil(length / PIECE_BYTES) - 1);
}

/** Name of the field of the piece that begins with that byte. */
export function pieceField(at: number): string {
  return at === 0 ? "snapshot" : `snapshot:${at}`;
}

/** The piece that begins with that byte. */
export function pieceAt({ buffer, byteOffset, length }: SharedText, at: number): Buffer {
  return Buffer.from(buffer, byteOffset + at, Math.min(PIECE_BYTES, length - at));
}

/** One answer at a time, since all at once would hold up whoever else is in the thread. `first` was read already. */
export async function readPieces(
  link: RedisLink,
  key: string,
  { byteLength, first }: { readonly byteLength: number; readonly first?: Buffer },
): Promise<SharedText> {
  const text = emptySharedText(byteLength);
  let piece = first ?? (await readPiece(link, key, 0));
  for (let at = 0; piece !== null && at + piece.length <= byteLength;) {
    text.set(piece, at);
    at += piece.length;
    if (at === byteLength) {
      return text;
    }
    piece = await readPiece(link, key, at);
  }
  throw new StoreError("STORE_CORRUPT", { key, reason: "a piece of its snapshot is missing, or too long" });
}

function readPiece(link: RedisLink, key: string, at: number): Promise<Buffer | null> {
  const field = pieceField(at);
  return link.run("readTopologyPiece", (redis) => redis.hgetBuffer(key, field));
}

/** Puts the pieces after the first where a script can take them from, for a minute, one at a time. */
export async function stagePieces(link: RedisLink, stage: string, text: SharedText): Promise<void> {
  for (let at = PIECE_BYTES; at < text.length; at += PIECE_BYTES) {
    await link.script("stageTopology", { keys: [stage], args: [pieceField(at), pieceAt(text, at), STAGE_SECONDS] });
  }
}
