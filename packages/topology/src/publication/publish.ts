import { textOf } from "@mss/model";
import type { BranchPartBody, RevisionHeader, SealedRevision, Snapshot, TopologyStore } from "@mss/model";
import { diffSnapshots } from "../diff/diff-snapshots.ts";
import type { TopologyDiff } from "../diff/topology-diff.ts";
import { canonicalJson, snapshotText } from "../snapshot.ts";
import { bodiesOf } from "./branch-parts.ts";
import { openRevision } from "./open-revision.ts";
import { revisionDigest, sealSnapshotText } from "./seal-revision.ts";
import type { SigningKey } from "./signing-key.ts";

/** What became of the wish to change the topology. Only `published` changed anything. */
export type PublicationOutcome =
  | {
      readonly kind: "published";
      readonly sealed: SealedRevision;
      readonly replaced?: RevisionHeader;
      readonly diff: TopologyDiff;
    }
  /** This snapshot is in force already. */
  | { readonly kind: "unchanged"; readonly revision: number }
  /** Somebody else published in between; `revision` is theirs. */
  | { readonly kind: "conflict"; readonly revision: number }
  /** It takes away more than a fifth of the numbers, or all, and `force` was not given. */
  | { readonly kind: "needsForce"; readonly diff: TopologyDiff }
  /** The nodes of this federation take signed revisions only; `trusted` is whose. */
  | { readonly kind: "needsKey"; readonly trusted: readonly string[]; readonly given?: string }
  /** The store does not have the revision to go back to. */
  | { readonly kind: "noSuchRevision"; readonly revision: number };

export interface PublicationOptions {
  readonly store: TopologyStore;
  /** Who does it, and why: one line each. */
  readonly author: string;
  readonly message: string;
  /** Meant, even if it takes many numbers away, or is signed by a key that no revision has named before. */
  readonly force: boolean;
  readonly key?: SigningKey;
  /** What the caller saw as current (0: nothing), when it decided; another one is a conflict. */
  readonly expectedRevision?: number;
  /** For a federation whose store lost everything: number above what the branches have seen. */
  readonly above?: number;
  readonly now: Date;
}

interface Candidate {
  readonly snapshot: Snapshot;
  readonly text: string;
  readonly signingKeys: readonly string[];
  readonly parts: readonly BranchPartBody[];
  readonly rollbackOf?: number;
}

/** Publishes a snapshot as the next revision. Rejects with the codes of the store, and with `REVISION_INVALID`. */
export async function applyTopology(
  options: PublicationOptions & {
    readonly snapshot: Snapshot;
    readonly signingKeys: readonly string[];
    /** What each branch gets of it (`branchParts`); absent: no branch can get any. */
    readonly parts?: readonly BranchPartBody[];
  },
): Promise<PublicationOutcome> {
  const { hash: _hash, ...contents } = options.snapshot;
  const { snapshot, signingKeys, parts = [] } = options;
  const current = await options.store.current();
  return publishOver(current, { snapshot, text: snapshotText(contents), signingKeys, parts }, options);
}

/**
 * Publishes the snapshot of an older revision as the next one. Keys are not rolled back: one that was taken out stays
 * out. Rejects as `applyTopology` does.
 */
export async function rollbackTopology(
  options: PublicationOptions & { readonly revision: number; readonly federation: string },
): Promise<PublicationOutcome> {
  const { store, revision: rollbackOf, federation } = options;
  const [current, old] = await Promise.all([store.current(), store.read(rollbackOf)]);
  const opened = old === undefined ? undefined : openRevision(old, { federation, trustedKeys: [] });
  if (old === undefined || opened?.kind !== "ok") {
    return { kind: "noSuchRevision", revision: rollbackOf };
  }
  const { snapshot } = opened.revision;
  const signingKeys = current?.header.signingKeys ?? [];
  const parts = bodiesOf(old.texts);
  return publishOver(current, { snapshot, text: textOf(old.texts.snapshot), signingKeys, parts, rollbackOf }, options);
}

async function publishOver(
  current: SealedRevision | undefined,
  candidate: Candidate,
  options: PublicationOptions,
): Promise<PublicationOutcome> {
  const refusal = refusalOf(current, candidate, options);
  if (refusal !== undefined) {
    return refusal;
  }
  const diff = diffFrom(current, candidate.snapshot);
  if (diff.needsForce !== undefined && !options.force) {
    return { kind: "needsForce", diff };
  }
  const revision = current?.header.revision ?? 0;
  const sealed = sealSnapshotText(candidate.text, headerOf(current, candidate, options), {
    ...(options.key && { key: options.key }),
    parts: candidate.parts,
  });
  const outcome = await options.store.publish(sealed, revision);
  return outcome.kind === "published"
    ? { kind: "published", sealed, ...(current === undefined ? {} : { replaced: current.header }), diff }
    : outcome;
}

/** From what is current; from nothing, when that cannot be read. */
function diffFrom(current: SealedRevision | undefined, after: Snapshot): TopologyDiff {
  const { federation } = after;
  const opened = current === undefined ? undefined : openRevision(current, { federation, trustedKeys: [] });
  return diffSnapshots(opened?.kind === "ok" ? opened.revision.snapshot : undefined, after);
}

function refusalOf(
  current: SealedRevision | undefined,
  candidate: Candidate,
  { expectedRevision, key, force }: PublicationOptions,
): PublicationOutcome | undefined {
  const { signingKeys } = candidate;
  const revision = current?.header.revision ?? 0;
  if (expectedRevision !== undefined && expectedRevision !== revision) {
    return { kind: "conflict", revision };
  }
  if (current !== undefined && saysTheSame(current, candidate)) {
    return { kind: "unchanged", revision };
  }
  const trusted = current?.header.signingKeys ?? signingKeys;
  const isNew = force && key !== undefined && signingKeys.includes(key.publicKey); // nodes ask their own files about it
  if (trusted.length > 0 && !isNew && (key === undefined || !trusted.includes(key.publicKey))) {
    return { kind: "needsKey", trusted, ...(key === undefined ? {} : { given: key.publicKey }) };
  }
  return undefined;
}

function saysTheSame({ header, texts }: SealedRevision, { snapshot, signingKeys, parts }: Candidate): boolean {
  return (
    header.hash === snapshot.hash &&
    String(header.signingKeys ?? []) === String(signingKeys) &&
    canonicalJson(bodiesOf(texts)) === canonicalJson(parts)
  );
}

function headerOf(
  current: SealedRevision | undefined,
  candidate: Candidate,
  options: PublicationOptions,
): Omit<RevisionHeader, "signedBy"> {
  const { snapshot, signingKeys, rollbackOf } = candidate;
  return {
    federation: snapshot.federation,
    revision: Math.max(current?.header.revision ?? 0, options.above ?? 0) + 1,
    hash: snapshot.hash,
    publishedAt: options.now.toISOString(),
    author: options.author,
    message: options.message,
    ...(current && { previous: { revision: current.header.revision, digest: revisionDigest(current.texts.header) } }),
    ...(rollbackOf === undefined ? {} : { rollbackOf }),
    ...(options.force ? { forced: true } : {}),
    ...(signingKeys.length === 0 ? {} : { signingKeys }),
  };
}
