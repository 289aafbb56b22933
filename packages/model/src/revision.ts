import { z } from "zod";
import { sharedText } from "./shared-text.ts";
import { sha256Schema } from "./snapshot.ts";
import type { Snapshot } from "./snapshot.ts";

/** A public key that signs topologies: `ed25519:` and its 32 bytes in base64url (RFC 8032, RFC 4648 §5). */
export const signingKeySchema = z.string().regex(/^ed25519:[A-Za-z0-9_-]{43}$/, "must be ed25519: and 43 characters");

const MAX_AUTHOR = 100;
const MAX_MESSAGE = 500;
/** Of one federation at a time. */
export const MAX_SIGNING_KEYS = 16;

/** One line of text, shown on terminals: no control characters. */
function line(limit: number) {
  return z
    .string()
    .max(limit)
    .regex(/^\P{Cc}*$/u, "must be one line without control characters");
}

/**
 * Everything that is to be known of a revision but the snapshot, which it names by its hash. This is what is signed.
 * Revisions count up and never go backwards; a rollback is a new one.
 */
export const revisionHeaderSchema = z
  .strictObject({
    federation: z.string().min(1),
    revision: z.int().positive(),
    /** Of the text of the snapshot. */
    hash: sha256Schema,
    /** ISO 8601, UTC, milliseconds: comparable as text. */
    publishedAt: z.iso.datetime({ precision: 3 }),
    author: line(MAX_AUTHOR).min(1),
    /** Why; may be empty. */
    message: line(MAX_MESSAGE),
    /** The revision that was current when this one was made, and the SHA-256 of its header's text; absent: there was none. */
    previous: z.strictObject({ revision: z.int().positive(), digest: sha256Schema }).readonly().optional(),
    /** The revision whose snapshot is published again. */
    rollbackOf: z.int().positive().optional(),
    /** The publisher was told that it takes many numbers away, and meant it. */
    forced: z.literal(true).optional(),
    /** Whose signature the revision has; absent: it is not signed. */
    signedBy: signingKeySchema.optional(),
    /** Who may sign the revisions after this one; absent: the federation does not sign. */
    signingKeys: z.array(signingKeySchema).min(1).max(MAX_SIGNING_KEYS).readonly().optional(),
  })
  .readonly();
export type RevisionHeader = z.infer<typeof revisionHeaderSchema>;

/** A revision that was opened: its snapshot is the one that the header names. */
export interface Revision {
  readonly header: RevisionHeader;
  readonly snapshot: Snapshot;
}

/** Ed25519 of a text in UTF-8, in base64url, by a key that is named in full. */
export const signatureSchema = z
  .strictObject({ key: signingKeySchema, value: z.string().regex(/^[A-Za-z0-9_-]{86}$/) })
  .readonly();

/** One branch's part of a revision as it is stored, sent and kept: nobody on the way may write its text anew. */
export const partTextsSchema = z
  .strictObject({
    /** A `BranchPart` as canonical JSON. */
    part: z.string(),
    /** Of that text. */
    signature: signatureSchema.exactOptional(),
  })
  .readonly();
export type PartTexts = z.infer<typeof partTextsSchema>;

/**
 * A revision as it is stored, kept and sent. Hash and signature are of these texts, so nobody on the way may write them
 * anew.
 */
export const revisionTextsSchema = z
  .strictObject({
    /** A `RevisionHeader` as JSON. */
    header: z.string().max(65_536),
    /** A `Snapshot` without its hash as canonical JSON; a string is made a `SharedText`. */
    snapshot: z.union([z.instanceof(Uint8Array), z.string().transform(sharedText)]),
    /** Of the header's text. */
    signature: signatureSchema.optional(),
    /** What each branch gets of it, by the branch's id: texts that stand by themselves, each signed as the header is. */
    parts: z.record(z.string(), partTextsSchema).readonly().optional(),
  })
  .readonly();
export type RevisionTexts = z.infer<typeof revisionTextsSchema>;

/** The texts of a revision with what its header says. The snapshot is still a text: whoever uses it opens it first. */
export interface SealedRevision {
  readonly header: RevisionHeader;
  readonly texts: RevisionTexts;
}

/** Reads the header of a revision that came from a store, a disk or a hub; undefined when it is none. */
export function readSealedRevision(texts: RevisionTexts): SealedRevision | undefined {
  let value: unknown;
  try {
    value = JSON.parse(texts.header);
  } catch {
    return undefined;
  }
  const header = revisionHeaderSchema.safeParse(value);
  return header.success ? { header: header.data, texts } : undefined;
}

type Rank = Pick<RevisionHeader, "revision" | "publishedAt" | "hash">;

/**
 * Whether a node that has `known` is to go over to `candidate`: the higher number counts. Two revisions of one number
 * come from a store that was split in two; then the later one counts, so that all nodes end with the same.
 */
export function supersedes(candidate: Rank, known: Rank | undefined): boolean {
  if (known === undefined || candidate.revision !== known.revision) {
    return candidate.revision > (known?.revision ?? 0);
  }
  if (candidate.hash === known.hash) {
    return false;
  }
  const [one, other] = [candidate, known].map(({ publishedAt, hash }) => publishedAt + hash);
  return one !== undefined && other !== undefined && one > other;
}
