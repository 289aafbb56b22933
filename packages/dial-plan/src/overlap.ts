import type { NumberPattern } from "./number-pattern.ts";
import { MAX_PATTERN_DIGITS } from "./number-pattern.ts";

/** How the numbers of a first pattern lie to those of a second one. */
export type OverlapRelation = "equal" | "firstInsideSecond" | "secondInsideFirst" | "partial";

export interface Overlap {
  /** Exactly the numbers that both patterns have. Two patterns share at most one unbroken range. */
  readonly shared: NumberPattern;
  readonly relation: OverlapRelation;
}

/** The numbers in dispute between two patterns, or undefined when they have none in common. */
export function overlapOf(first: NumberPattern, second: NumberPattern): Overlap | undefined {
  const shared = sharedNumbers(first, second);
  return shared === undefined ? undefined : { shared, relation: relationOf(shared, first, second) };
}

function sharedNumbers(first: NumberPattern, second: NumberPattern): NumberPattern | undefined {
  if (first.kind === "open" && second.kind === "open") {
    const [shorter, longer] = first.prefix.length <= second.prefix.length ? [first, second] : [second, first];
    return longer.prefix.startsWith(shorter.prefix) ? longer : undefined;
  }
  const digits = first.kind === "closed" ? first.low.length : second.kind === "closed" ? second.low.length : 0;
  const one = boundsAt(first, digits);
  const other = boundsAt(second, digits);
  if (one === undefined || other === undefined) {
    return undefined;
  }
  const low = one.low > other.low ? one.low : other.low;
  const high = one.high < other.high ? one.high : other.high;
  return low > high ? undefined : { kind: "closed", low, high };
}

/** The pattern's lowest and highest number with that many digits. */
function boundsAt(pattern: NumberPattern, digits: number): { low: string; high: string } | undefined {
  if (pattern.kind === "closed") {
    return pattern.low.length === digits ? pattern : undefined;
  }
  return pattern.prefix.length <= digits
    ? { low: pattern.prefix.padEnd(digits, "0"), high: pattern.prefix.padEnd(digits, "9") }
    : undefined;
}

function relationOf(shared: NumberPattern, first: NumberPattern, second: NumberPattern): OverlapRelation {
  const wholeFirst = sameNumbers(shared, first);
  const wholeSecond = sameNumbers(shared, second);
  if (wholeFirst) {
    return wholeSecond ? "equal" : "firstInsideSecond";
  }
  return wholeSecond ? "secondInsideFirst" : "partial";
}

function sameNumbers(one: NumberPattern, other: NumberPattern): boolean {
  if (one.kind === "open" || other.kind === "open") {
    return one.kind === "open" && other.kind === "open" && one.prefix === other.prefix;
  }
  return one.low === other.low && one.high === other.high;
}

/** Two patterns of a list, by their place in it, and what they share. `first` is always below `second`. */
export interface OverlappingPair {
  readonly first: number;
  readonly second: number;
  readonly overlap: Overlap;
}

/**
 * Every pair of patterns that share numbers, lazily: take as many as you want to show.
 * Sorts once and sweeps, so that a list without overlaps costs n log n and not n².
 */
export function* findOverlaps(patterns: readonly NumberPattern[]): Generator<OverlappingPair, void, undefined> {
  const spans = patterns.map((pattern, position) => ({ pattern, position, ...spanOf(pattern) }));
  spans.sort((one, other) => (one.start < other.start ? -1 : one.start > other.start ? 1 : 0));
  let open: typeof spans = [];
  for (const span of spans) {
    open = open.filter(({ end }) => end >= span.start);
    for (const earlier of open) {
      const [first, second] = earlier.position < span.position ? [earlier, span] : [span, earlier];
      const overlap = overlapOf(first.pattern, second.pattern);
      if (overlap !== undefined) {
        yield { first: first.position, second: second.position, overlap };
      }
    }
    open.push(span);
  }
}

/** Where a pattern lies when numbers of all lengths are compared from the left. */
function spanOf(pattern: NumberPattern): { start: string; end: string } {
  const [low, high] = pattern.kind === "open" ? [pattern.prefix, pattern.prefix] : [pattern.low, pattern.high];
  return { start: low.padEnd(MAX_PATTERN_DIGITS, "0"), end: high.padEnd(MAX_PATTERN_DIGITS, "9") };
}
