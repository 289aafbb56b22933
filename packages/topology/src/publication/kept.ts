import { z } from "zod";
import { partTextsSchema, readSealedRevision, revisionTextsSchema, signingKeySchema } from "@mss/model";
import type { PartTexts, SealedRevision } from "@mss/model";
import type { Trust } from "./trust.ts";

const keys = z.array(signingKeySchema).readonly();
const trustSchema = z.strictObject({ named: keys, keys }).readonly();
const keptRevisionSchema = z.strictObject({ texts: revisionTextsSchema, trust: trustSchema });

/** A revision as a node keeps it on its disk: with the trust in which it was taken. */
export interface KeptRevision {
  readonly sealed: SealedRevision;
  readonly trust: Trust;
}

export function writeKeptRevision({ sealed, trust }: KeptRevision): unknown {
  return { texts: sealed.texts, trust };
}

/** Undefined for what does not have the form that this version writes. */
export function readKeptRevision(value: unknown): KeptRevision | undefined {
  const parsed = keptRevisionSchema.safeParse(value);
  const sealed = parsed.success ? readSealedRevision(parsed.data.texts) : undefined;
  return parsed.success && sealed !== undefined ? { sealed, trust: parsed.data.trust } : undefined;
}

const keptPartSchema = z.strictObject({ texts: partTextsSchema, trust: trustSchema });

/** The same of a branch. */
export interface KeptPart {
  readonly texts: PartTexts;
  readonly trust: Trust;
}

export function readKeptPart(value: unknown): KeptPart | undefined {
  return keptPartSchema.safeParse(value).data;
}

/**
 * The keys by which a copy is checked. Who signed it was believed when it came; only a file that names other keys since
 * then asks again.
 */
export function keysForCopy(
  signedBy: string | undefined,
  { trust, kept }: { trust: Trust; kept: Trust },
): readonly string[] {
  return trust === kept && signedBy !== undefined ? [signedBy] : trust.named;
}
