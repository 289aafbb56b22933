import { createHash } from "node:crypto";
import { snapshotSchema, textOf } from "@mss/model";
import type { Revision, RevisionTexts, SealedRevision, Snapshot } from "@mss/model";
import { isSignedBy } from "./signing-key.ts";

/** Why a revision is not used. The codes are stable. */
export const REVISION_FAULTS = {
  "other-federation": "it is of another federation",
  "other-branch": "it is the part of another branch",
  "wrong-hash": "its snapshot is not the one that its header names",
  unsigned: "it is not signed, and this federation signs",
  "untrusted-key": "it is signed by a key that is not trusted",
  "wrong-signature": "its signature is not of this text",
  "invalid-snapshot": "it does not have the form that this version reads",
} as const satisfies Readonly<Record<string, string>>;

export type RevisionFault = keyof typeof REVISION_FAULTS;

export type OpenedRevision =
  | { readonly kind: "ok"; readonly revision: Revision }
  | { readonly kind: "refused"; readonly fault: RevisionFault; readonly reason: string };

export interface OpenOptions {
  readonly federation: string;
  /** Who may sign; empty: signatures are not asked for, but one that is there must be right. */
  readonly trustedKeys: readonly string[];
}

/** Checks everything that can be checked of a revision by itself, then reads its snapshot. */
export function openRevision(sealed: SealedRevision, options: OpenOptions): OpenedRevision {
  const fault = faultOf(sealed, options);
  const snapshot = fault === undefined ? readSnapshot(sealed) : undefined;
  if (snapshot === undefined) {
    const why = fault ?? "invalid-snapshot";
    return { kind: "refused", fault: why, reason: REVISION_FAULTS[why] };
  }
  return { kind: "ok", revision: { header: sealed.header, snapshot } };
}

function faultOf(sealed: SealedRevision, options: OpenOptions): RevisionFault | undefined {
  const { header, texts } = sealed;
  if (header.federation !== options.federation) {
    return "other-federation";
  }
  const signed = { text: texts.header, signedBy: header.signedBy, signature: texts.signature };
  const fault = signatureFault(signed, options.trustedKeys);
  if (fault !== undefined) {
    return fault;
  }
  return createHash("sha256").update(texts.snapshot).digest("hex") === header.hash ? undefined : "wrong-hash";
}

/** A text with its signature, and by whom it says that it is signed. */
export interface SignedText {
  readonly text: string;
  readonly signedBy: string | undefined;
  readonly signature?: RevisionTexts["signature"];
}

/** A signature that is there has to be right, whether it is asked for or not. */
export function signatureFault(
  { text, signedBy, signature }: SignedText,
  trustedKeys: readonly string[],
): RevisionFault | undefined {
  if (signature === undefined) {
    return trustedKeys.length > 0 || signedBy !== undefined ? "unsigned" : undefined;
  }
  if (trustedKeys.length > 0 && !trustedKeys.includes(signature.key)) {
    return "untrusted-key";
  }
  const isRight = signature.key === signedBy && isSignedBy(signature.key, text, signature.value);
  return isRight ? undefined : "wrong-signature";
}

function readSnapshot({ header, texts }: SealedRevision): Snapshot | undefined {
  let contents: unknown;
  try {
    contents = JSON.parse(textOf(texts.snapshot));
  } catch {
    return undefined;
  }
  const parsed = snapshotSchema.safeParse(
    typeof contents === "object" && contents !== null ? { ...contents, hash: header.hash } : contents,
  );
  return parsed.success && parsed.data.federation === header.federation ? parsed.data : undefined;
}
