import { createHash } from "node:crypto";
import { readSealedRevision } from "@mss/model";
import type { RevisionHeader, SealedRevision, Snapshot } from "@mss/model";
import { canonicalJson, snapshotText } from "../snapshot.ts";
import { TopologyError } from "../errors.ts";
import type { SigningKey } from "./signing-key.ts";

export type HeaderFields = Omit<RevisionHeader, "federation" | "hash" | "signedBy">;

/** Writes the texts of a revision, signed when there is a key. Throws `REVISION_INVALID` for a header outside its limits. */
export function sealRevision(snapshot: Snapshot, fields: HeaderFields, key?: SigningKey): SealedRevision {
  const { hash, ...contents } = snapshot;
  return sealSnapshotText(snapshotText(contents), { federation: snapshot.federation, hash, ...fields }, key);
}

/** The same for a snapshot that is a text already, such as that of an older revision. */
export function sealSnapshotText(
  snapshot: string,
  header: Omit<RevisionHeader, "signedBy">,
  key?: SigningKey,
): SealedRevision {
  const text = canonicalJson(key === undefined ? header : { ...header, signedBy: key.publicKey });
  const signature = key === undefined ? {} : { signature: { key: key.publicKey, value: key.sign(text) } };
  const sealed = readSealedRevision({ header: text, snapshot, ...signature });
  if (sealed === undefined) {
    throw new TopologyError("REVISION_INVALID", { revision: header.revision, author: header.author });
  }
  return sealed;
}

/** SHA-256 of a header's text, in hexadecimal: by it the next revision names the one before. */
export function revisionDigest(headerText: string): string {
  return createHash("sha256").update(headerText).digest("hex");
}
