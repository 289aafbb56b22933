import type { Snapshot } from "@mss/model";

/** How much of the numbers that could be called is gone. */
export interface RemovedNumbers {
  /** Patterns that no branch has any more. */
  readonly removed: readonly string[];
  readonly of: number;
}

const LARGEST_SHARE = 1 / 5;

/** Patterns alone are compared: a pattern that went over to another branch is not removed. */
export function removedNumbers(before: Snapshot, after: Snapshot): RemovedNumbers {
  const known = patternsOf(before);
  const left = patternsOf(after);
  return { removed: [...known].filter((pattern) => !left.has(pattern)), of: known.size };
}

/** More than a fifth, or all: what usually is a mistake and has to be said twice. */
export function isMassRemoval({ removed, of }: RemovedNumbers): boolean {
  return removed.length > 0 && (removed.length === of || removed.length > of * LARGEST_SHARE);
}

function patternsOf(snapshot: Snapshot): Set<string> {
  return new Set(snapshot.branches.flatMap(({ numbers }) => numbers));
}
