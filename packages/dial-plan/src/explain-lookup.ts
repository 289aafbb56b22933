import { freeDigitsAround } from "./blocks.ts";
import type { DialPlanEntry, Entries } from "./entry-columns.ts";
import { fixedPrefix, patternContains } from "./number-pattern.ts";
import type { NumberPattern } from "./number-pattern.ts";

/** What became of one entry in a look-up. `fixedDigits`: leading digits that the number and the entry's block share. */
export type CandidateVerdict =
  | { readonly kind: "chosen"; readonly fixedDigits: number }
  | {
      readonly kind: "outranked";
      readonly fixedDigits: number;
      /** `earlierEntry`: the same numbers and the same target, written twice. */
      readonly by: "longerPrefix" | "closedBeatsOpen" | "earlierEntry";
    }
  /** Not a match, but the number begins as the entry's numbers do. */
  | { readonly kind: "noMatch"; readonly why: "tooShort" | "tooLong" | "outsideRange" };

export interface PlanCandidate<Target> extends DialPlanEntry<Target> {
  readonly verdict: CandidateVerdict;
}

/** So that a short number in a plan of a million rows is still explained in a page. */
export const MAX_NEAR_MISSES = 10;

export function explainLookup<Target>(
  entries: Entries<Target>,
  number: string,
  winner: number,
): readonly PlanCandidate<Target>[] {
  const matches: { entry: number; fixedDigits: number }[] = [];
  const nearMisses: PlanCandidate<Target>[] = [];
  for (let entry = 0; entry < entries.length; entry += 1) {
    const pattern = entries.pattern(entry);
    if (patternContains(pattern, number)) {
      matches.push({ entry, fixedDigits: fixedDigitsOf(entries, entry, number) });
    } else if (nearMisses.length < MAX_NEAR_MISSES) {
      const why = nearMiss(pattern, number);
      if (why !== undefined) {
        nearMisses.push({ ...entries.get(entry), verdict: { kind: "noMatch", why } });
      }
    }
  }
  const rank = (entry: number): number => (entry === winner ? 0 : entries.isOpen(entry) ? 2 : 1);
  matches.sort(
    (one, other) =>
      other.fixedDigits - one.fixedDigits || rank(one.entry) - rank(other.entry) || one.entry - other.entry,
  );
  const best = matches[0];
  const ranked = matches.map(({ entry, fixedDigits }) => ({
    ...entries.get(entry),
    verdict: verdictOf(entries, { entry, fixedDigits }, { winner, mostFixed: best?.fixedDigits ?? 0 }),
  }));
  return [...ranked, ...nearMisses];
}

/** Of an entry that matches the number. */
export function fixedDigitsOf<Target>(entries: Entries<Target>, entry: number, number: string): number {
  const digits = entries.digits(entry);
  return entries.isOpen(entry)
    ? digits
    : digits - freeDigitsAround(Number(number), entries.low(entry), entries.high(entry));
}

function verdictOf<Target>(
  entries: Entries<Target>,
  { entry, fixedDigits }: { readonly entry: number; readonly fixedDigits: number },
  best: { readonly winner: number; readonly mostFixed: number },
): CandidateVerdict {
  if (entry === best.winner) {
    return { kind: "chosen", fixedDigits };
  }
  if (fixedDigits < best.mostFixed) {
    return { kind: "outranked", fixedDigits, by: "longerPrefix" };
  }
  const closedWon = entries.isOpen(entry) && !entries.isOpen(best.winner);
  return { kind: "outranked", fixedDigits, by: closedWon ? "closedBeatsOpen" : "earlierEntry" };
}

/** Why a pattern does not match a number that begins as its numbers do; undefined when it does not begin so. */
export function nearMiss(pattern: NumberPattern, number: string): "tooShort" | "tooLong" | "outsideRange" | undefined {
  const prefix = fixedPrefix(pattern);
  if (number === "" || !(number.startsWith(prefix) || prefix.startsWith(number))) {
    return undefined;
  }
  const digits = pattern.kind === "open" ? prefix.length : pattern.low.length;
  if (number.length === digits) {
    return "outsideRange";
  }
  return number.length < digits ? "tooShort" : "tooLong";
}
