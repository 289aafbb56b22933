import { createHash } from "node:crypto";
import { branchPartSchema } from "@mss/model";
import type { BranchPart, BranchPartBody, PartTexts, RevisionHeader, RevisionTexts } from "@mss/model";
import { branchPartBodyOf } from "../settings.ts";
import { canonicalJson } from "../snapshot.ts";
import type { Topology } from "../topology.ts";
import { REVISION_FAULTS, signatureFault } from "./open-revision.ts";
import type { OpenOptions, RevisionFault } from "./open-revision.ts";
import type { SigningKey } from "./signing-key.ts";

/** What each branch goes by, in order of their ids. No secrets. */
export function branchParts(topology: Topology): readonly BranchPartBody[] {
  return topology.branches
    .map((branch) => branchPartBodyOf(topology, branch))
    .toSorted((one, other) => (one.branch < other.branch ? -1 : 1));
}

/** The parts of a revision as texts, by branch, each signed by itself when there is a key. */
export function sealParts(
  bodies: readonly BranchPartBody[],
  header: RevisionHeader,
  key?: SigningKey,
): Readonly<Record<string, PartTexts>> {
  return Object.fromEntries(
    bodies.map((body) => {
      const part = canonicalJson({ header, body });
      const signature = key === undefined ? {} : { signature: { key: key.publicKey, value: key.sign(part) } };
      return [body.branch, { part, ...signature }];
    }),
  );
}

/** The bodies of the parts of a stored revision; parts that cannot be read are left out. */
export function bodiesOf({ parts = {} }: Pick<RevisionTexts, "parts">): readonly BranchPartBody[] {
  return Object.values(parts).flatMap(({ part }) => readPart(part)?.body ?? []);
}

export type OpenedPart =
  | { readonly kind: "ok"; readonly part: BranchPart }
  | { readonly kind: "refused"; readonly fault: RevisionFault; readonly reason: string };

/** Checks everything that can be checked of a part by itself. Nothing of it is used before its signature is right. */
export function openPart(texts: PartTexts, options: OpenOptions & { readonly branch: string }): OpenedPart {
  const part = readPart(texts.part);
  const fault = part === undefined ? "invalid-snapshot" : faultOf(part, texts, options);
  return part === undefined || fault !== undefined
    ? { kind: "refused", fault: fault ?? "invalid-snapshot", reason: REVISION_FAULTS[fault ?? "invalid-snapshot"] }
    : { kind: "ok", part };
}

function faultOf(
  { header, body }: BranchPart,
  { part, signature }: PartTexts,
  { federation, branch, trustedKeys }: OpenOptions & { readonly branch: string },
): RevisionFault | undefined {
  const signed = { text: part, signedBy: header.signedBy, ...(signature && { signature }) };
  const fault = signatureFault(signed, trustedKeys);
  if (fault !== undefined) {
    return fault;
  }
  return header.federation === federation ? (body.branch === branch ? undefined : "other-branch") : "other-federation";
}

function readPart(text: string): BranchPart | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return branchPartSchema.safeParse(value).data;
}

const TAG_CHARACTERS = 16;

/** Entity tag of a part (RFC 9110 §8.8.3): the same for the same text and signature, at every hub. */
export function partTag(texts: PartTexts, revision: number): string {
  const digest = createHash("sha256").update(canonicalJson(texts)).digest("hex");
  return `"${revision}-${digest.slice(0, TAG_CHARACTERS)}"`;
}
