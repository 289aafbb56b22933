import type { RevisionHeader } from "@mss/model";

/** Whose signatures a node believes. It is kept beside the revision that it came from. */
export interface Trust {
  /** Keys of the node's own file, when the trust began. */
  readonly named: readonly string[];
  /** Keys that may sign the next revision; empty: signatures are not asked for. */
  readonly keys: readonly string[];
}

/**
 * Trust begins with the keys of the node's own file and is handed on by each revision that is taken into use. A file that
 * names other keys than before begins anew: so a federation whose key is lost or stolen is led to another one by its
 * administrators, and by nobody else.
 */
export function beginTrust(named: readonly string[], kept?: Trust): Trust {
  return kept !== undefined && String(kept.named.toSorted()) === String(named.toSorted())
    ? kept
    : { named, keys: named };
}

/** After a revision that was believed: the keys that it names, else those of the file again. */
export function handTrustOn(trust: Trust, { signingKeys }: Pick<RevisionHeader, "signingKeys">): Trust {
  return { named: trust.named, keys: signingKeys ?? trust.named };
}

const SHOWN_CHARACTERS = 8;

/** A key as people are told it: `ed25519:11qYAYKx`. Enough to tell the keys of a federation from each other, no more. */
export function keyId(publicKey: string): string {
  return publicKey.slice(0, "ed25519:".length + SHOWN_CHARACTERS);
}
