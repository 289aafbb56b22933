import { createHash } from "node:crypto";
import { readSealedRevision, sharedText } from "@mss/model";
import type { BranchPartBody, RevisionHeader, SealedRevision, Snapshot } from "@mss/model";
import { canonicalJson, snapshotText } from "../snapshot.ts";
import { TopologyError } from "../errors.ts";
import { sealParts } from "./branch-parts.ts";
import type { SigningKey } from "./signing-key.ts";

export type HeaderFields = Omit<RevisionHeader, "federation" | "hash" | "signedBy">;

/** Writes the texts of a revision, signed when there is a key. Throws `REVISION_INVALID` for a header outside its limits. */
export function sealRevision(snapshot: Snapshot, fields: HeaderFields, key?: SigningKey): SealedRevision {
  const { hash, ...contents } = snapshot;
  return sealSnapshotText(
    snapshotText(contents),
    { federation: snapshot.federation, hash, ...fields },
    { ...(key && { key }) },
  );
}

export interface SealOptions {
  readonly key?: SigningKey;
  /** What each branch gets. */
  readonly parts?: readonly BranchPartBody[];
}

/** The same for a snapshot that is a text already, such as that of an older revision. */
export function sealSnapshotText(
  snapshot: string,
  unsigned: Omit<RevisionHeader, "signedBy">,
  { key, parts = [] }: SealOptions = {},
): SealedRevision {
  const header = key === undefined ? unsigned : { ...unsigned, signedBy: key.publicKey };
  const text = canonicalJson(header);
  const signature = key === undefined ? {} : { signature: { key: key.publicKey, value: key.sign(text) } };
  const handedOut = parts.length === 0 ? {} : { parts: sealParts(parts, header, key) };
  const sealed = readSealedRevision({ header: text, snapshot: sharedText(snapshot), ...signature, ...handedOut });
  if (sealed === undefined) {
    throw new TopologyError("REVISION_INVALID", { revision: header.revision, author: header.author });
  }
  return sealed;
}

/** SHA-256 of a header's text, in hexadecimal: by it the next revision names the one before. */
export function revisionDigest(headerText: string): string {
  return createHash("sha256").update(headerText).digest("hex");
}

/**
 * Whether a revision provably was not made on top of an older one that is known: it follows one that is not newer than
 * that, and is not that one. False where nothing between the two can be seen.
 */
export function forksFrom(candidate: Pick<RevisionHeader, "previous">, known: RevisionHeader): boolean {
  const { previous } = candidate;
  return (
    previous !== undefined &&
    previous.revision <= known.revision &&
    previous.digest !== revisionDigest(canonicalJson(known))
  );
}
