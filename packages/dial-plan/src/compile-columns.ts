import { powerOfTen } from "./blocks.ts";
import { buildIntervals } from "./build-intervals.ts";
import type { IntervalObserver } from "./build-intervals.ts";
import { Entries, columnsOf } from "./entry-columns.ts";
import type { DialPlanEntry, EntryColumns } from "./entry-columns.ts";
import { NOBODY } from "./interval-index.ts";
import type { IntervalColumns } from "./interval-index.ts";
import { MAX_PATTERN_DIGITS, formatPattern } from "./number-pattern.ts";
import type { NumberPattern } from "./number-pattern.ts";
import { NumberRanges } from "./number-ranges.ts";

/** Two entries with different targets that are equally exact for the numbers in `tied`. */
export interface PlanConflict<Target> {
  readonly first: DialPlanEntry<Target>;
  readonly second: DialPlanEntry<Target>;
  readonly tied: readonly NumberPattern[];
}

/** Refused: which target wins would be decided by the order of the entries. */
export interface PlanConflicts<Target> {
  readonly kind: "conflicting";
  readonly conflicts: readonly PlanConflict<Target>[];
}

/** A compiled plan as plain data, for any thread; see `dialPlanOf` and `shareColumns`. */
export interface DialPlanColumns<Target> {
  readonly entries: EntryColumns<Target>;
  /** By length of the number. */
  readonly closed: readonly (IntervalColumns | undefined)[];
  /** Open prefixes, as blocks of numbers of the greatest length. */
  readonly open: IntervalColumns | undefined;
  /** The open entry around each open entry, or NOBODY. */
  readonly openAround: Int32Array;
}

export type CompiledColumns<Target> =
  { readonly kind: "compiled"; readonly columns: DialPlanColumns<Target> } | PlanConflicts<Target>;

/** As `compileDialPlan`, as data: for a thread that compiles for another one. */
export function compileColumns<Target>(entries: readonly DialPlanEntry<Target>[]): CompiledColumns<Target> {
  const entryColumns = columnsOf(entries);
  const view = new Entries(entryColumns);
  const ranges = collectRanges(view);
  const ties = new TieCollector(view);
  const openAround = new Int32Array(ranges.open.length === 0 ? 0 : entries.length).fill(NOBODY);
  const closed = ranges.closed.map((each, digits) => each && buildIntervals(each, ties.observer(digits)));
  const open = ranges.open.length === 0 ? undefined : buildIntervals(ranges.open, ties.observer(undefined, openAround));
  const conflicts = ties.conflicts();
  return conflicts.length > 0
    ? { kind: "conflicting", conflicts }
    : { kind: "compiled", columns: { entries: entryColumns, closed, open, openAround } };
}

/** Bytes of all columns. */
export function bytesOf<Target>({ entries, closed, open, openAround }: DialPlanColumns<Target>): number {
  const { low, high, digits, open: isOpen, targetOf } = entries;
  const indexes = [...closed, open].flatMap((index) => (index ? [index.intervals, index.bucketFirst] : []));
  return [low, high, digits, isOpen, targetOf, openAround, ...indexes].reduce((sum, each) => sum + each.byteLength, 0);
}

/** The same columns in memory that threads share: `postMessage` hands them over in no time, and both sides have them. */
export function shareColumns<Target>({
  entries,
  closed,
  open,
  openAround,
}: DialPlanColumns<Target>): DialPlanColumns<Target> {
  const { low, high, digits, open: isOpen, targetOf, targets } = entries;
  return {
    entries: {
      low: new Float64Array(shared(low)),
      high: new Float64Array(shared(high)),
      digits: new Uint8Array(shared(digits)),
      open: new Uint8Array(shared(isOpen)),
      targetOf: new Int32Array(shared(targetOf)),
      targets,
    },
    closed: closed.map((index) => index && shareIntervals(index)),
    open: open && shareIntervals(open),
    openAround: new Int32Array(shared(openAround)),
  };
}

function shareIntervals({ intervals, bucketFirst, bucketWidth }: IntervalColumns): IntervalColumns {
  return {
    intervals: new Float64Array(shared(intervals)),
    bucketFirst: new Uint32Array(shared(bucketFirst)),
    bucketWidth,
  };
}

function shared({ buffer, byteOffset, byteLength }: ArrayBufferView): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(byteLength);
  new Uint8Array(memory).set(new Uint8Array(buffer, byteOffset, byteLength));
  return memory;
}

function collectRanges<Target>(entries: Entries<Target>): {
  /** By length of the numbers. */
  closed: readonly (NumberRanges | undefined)[];
  /** As ranges of numbers of the greatest length. */
  open: NumberRanges;
} {
  const counts = entries.countByLength();
  const closed = counts.closed.map((count) => (count === 0 ? undefined : new NumberRanges(count)));
  const open = new NumberRanges(counts.open);
  for (let entry = 0; entry < entries.length; entry += 1) {
    const [digits, low] = [entries.digits(entry), entries.low(entry)];
    if (entries.isOpen(entry)) {
      const size = powerOfTen(MAX_PATTERN_DIGITS - digits);
      open.add(low * size, (low + 1) * size - 1, entry);
    } else {
      closed[digits]?.add(low, entries.high(entry), entry);
    }
  }
  return { closed, open };
}

/** Gathers what the indexes find out about pairs of entries. */
class TieCollector<Target> {
  readonly #entries: Entries<Target>;
  readonly #tied = new Map<string, { first: number; second: number; patterns: NumberPattern[] }>();

  constructor(entries: Entries<Target>) {
    this.#entries = entries;
  }

  /** For closed patterns with that many digits; for open ones without `digits`. */
  observer(digits: number | undefined, around?: Int32Array): IntervalObserver {
    return {
      onSameBlock: (first, second, { start, freeDigits }) => {
        if (this.#entries.targetIndex(first) !== this.#entries.targetIndex(second)) {
          this.#add(first, second, tiedPattern(start, freeDigits, digits));
        }
      },
      onNested: (inner, outer) => {
        if (around !== undefined) {
          around[inner] = outer;
        }
      },
    };
  }

  conflicts(): readonly PlanConflict<Target>[] {
    return [...this.#tied.values()].map(({ first, second, patterns }) => ({
      first: this.#entries.get(first),
      second: this.#entries.get(second),
      tied: patterns,
    }));
  }

  #add(first: number, second: number, pattern: NumberPattern): void {
    const key = `${first}:${second}`;
    const known = this.#tied.get(key);
    if (known === undefined) {
      this.#tied.set(key, { first, second, patterns: [pattern] });
    } else {
      known.patterns.push(pattern);
    }
  }
}

function tiedPattern(start: number, freeDigits: number, digits: number | undefined): NumberPattern {
  if (digits === undefined) {
    const prefix = String(start / powerOfTen(freeDigits)).padStart(MAX_PATTERN_DIGITS - freeDigits, "0");
    return { kind: "open", prefix };
  }
  const low = String(start).padStart(digits, "0");
  return { kind: "closed", low, high: String(start + powerOfTen(freeDigits) - 1).padStart(digits, "0") };
}

/** Conflicts as lines that name both sides and the numbers, for logs and messages. */
export function formatConflict<Target>(conflict: PlanConflict<Target>, nameOf: (target: Target) => string): string {
  const side = ({ pattern, target }: DialPlanEntry<Target>): string => `${formatPattern(pattern)} of ${nameOf(target)}`;
  const tied = conflict.tied.map(formatPattern).join(", ");
  return `${side(conflict.first)} and ${side(conflict.second)} are equally exact for ${tied}`;
}
