import { BlockColumns, powerOfTen } from "./blocks.ts";
import { EntryColumns } from "./entry-columns.ts";
import type { DialPlanEntry } from "./entry-columns.ts";
import { explainLookup, fixedDigitsOf } from "./explain-lookup.ts";
import type { PlanCandidate } from "./explain-lookup.ts";
import { IntervalIndex, NOBODY } from "./interval-index.ts";
import type { IndexObserver } from "./interval-index.ts";
import { MAX_DIALLED_DIGITS } from "./normalize-number.ts";
import { MAX_PATTERN_DIGITS, formatPattern } from "./number-pattern.ts";
import type { NumberPattern } from "./number-pattern.ts";

/** Two entries with different targets that are equally exact for the numbers in `tied`. */
export interface PlanConflict<Target> {
  readonly first: DialPlanEntry<Target>;
  readonly second: DialPlanEntry<Target>;
  readonly tied: readonly NumberPattern[];
}

/** The winner of a look-up, and how exact it is. */
export interface PlanMatch<Target> {
  readonly target: Target;
  /** Leading digits that the number and the winner's block share. */
  readonly fixedDigits: number;
  readonly isOpen: boolean;
}

/** Immutable: a change of numbers makes a new plan. */
export interface DialPlan<Target> {
  /** Number of entries. */
  readonly size: number;
  /** Memory of the compiled form, without the targets themselves. */
  readonly byteLength: number;
  /** The winning entry for a number (digits only), or undefined when nobody owns it or it is not a number. */
  lookup(number: string): DialPlanEntry<Target> | undefined;
  /** As `lookup`, without writing out the pattern: for the call path. */
  targetOf(number: string): Target | undefined;
  /** As `targetOf`, with what it takes to compare the winner with another pattern. */
  match(number: string): PlanMatch<Target> | undefined;
  /** Every entry that matches or nearly does, best first, and why it lost. Goes through all entries. */
  explain(number: string): readonly PlanCandidate<Target>[];
  /** By length of the number, where another closed pattern begins or ends to win: first numbers of the pieces, ascending. */
  closedBorders(): ReadonlyMap<number, readonly number[]>;
  /** In the order in which they were given. */
  entries(): Generator<DialPlanEntry<Target>, void, undefined>;
}

export type CompiledDialPlan<Target> =
  | { readonly kind: "compiled"; readonly plan: DialPlan<Target> }
  /** Refused: which target wins would be decided by the order of the entries. */
  | { readonly kind: "conflicting"; readonly conflicts: readonly PlanConflict<Target>[] };

/**
 * Compiles a plan in which the longest matching fixed prefix wins; at the same length a closed pattern beats an open
 * one. Ranges count by the prefix block that holds the number. Targets are the same when `===` says so.
 */
export function compileDialPlan<Target>(entries: readonly DialPlanEntry<Target>[]): CompiledDialPlan<Target> {
  const plan = new CompiledPlan(entries);
  return plan.conflicts.length > 0 ? { kind: "conflicting", conflicts: plan.conflicts } : { kind: "compiled", plan };
}

class CompiledPlan<Target> implements DialPlan<Target> {
  readonly conflicts: readonly PlanConflict<Target>[];
  readonly #entries: EntryColumns<Target>;
  /** By length of the number. */
  readonly #closed: (IntervalIndex | undefined)[];
  /** Open prefixes, as blocks of numbers of the greatest length. */
  readonly #open: IntervalIndex | undefined;
  /** The open entry around each open entry, or NOBODY. */
  readonly #openAround: Int32Array;

  constructor(entries: readonly DialPlanEntry<Target>[]) {
    this.#entries = new EntryColumns(entries);
    const { closed, open } = collectBlocks(this.#entries);
    const ties = new TieCollector(this.#entries);
    this.#openAround = new Int32Array(open.length === 0 ? 0 : entries.length).fill(NOBODY);
    this.#closed = closed.map((blocks, digits) =>
      blocks === undefined ? undefined : new IntervalIndex(blocks, ties.observer(digits)),
    );
    this.#open = open.length === 0 ? undefined : new IntervalIndex(open, ties.observer(undefined, this.#openAround));
    this.conflicts = ties.conflicts();
  }

  get size(): number {
    return this.#entries.length;
  }

  get byteLength(): number {
    const indexes = [...this.#closed, this.#open];
    const own = this.#entries.byteLength + this.#openAround.byteLength;
    return indexes.reduce((sum, index) => sum + (index?.byteLength ?? 0), own);
  }

  lookup(number: string): DialPlanEntry<Target> | undefined {
    const entry = this.#winner(number);
    return entry === NOBODY ? undefined : this.#entries.get(entry);
  }

  targetOf(number: string): Target | undefined {
    const entry = this.#winner(number);
    return entry === NOBODY ? undefined : this.#entries.target(entry);
  }

  match(number: string): PlanMatch<Target> | undefined {
    const entry = this.#winner(number);
    if (entry === NOBODY) {
      return undefined;
    }
    const fixedDigits = fixedDigitsOf(this.#entries, entry, number);
    return { target: this.#entries.target(entry), fixedDigits, isOpen: this.#entries.isOpen(entry) };
  }

  explain(number: string): readonly PlanCandidate<Target>[] {
    return explainLookup(this.#entries, number, this.#winner(number));
  }

  closedBorders(): ReadonlyMap<number, readonly number[]> {
    return new Map(this.#closed.flatMap((index, digits) => (index === undefined ? [] : [[digits, index.starts()]])));
  }

  *entries(): Generator<DialPlanEntry<Target>, void, undefined> {
    for (let entry = 0; entry < this.#entries.length; entry += 1) {
      yield this.#entries.get(entry);
    }
  }

  #winner(number: string): number {
    const value = leadingValue(number);
    if (value < 0) {
      return NOBODY;
    }
    const digits = number.length;
    const index = this.#closed[digits];
    const interval = index === undefined ? NOBODY : index.find(value);
    const closed = index === undefined || interval === NOBODY ? NOBODY : index.owner(interval);
    if (this.#open === undefined) {
      return closed;
    }
    const open = this.#openWinner(this.#open, value, digits);
    if (open === NOBODY || index === undefined || closed === NOBODY) {
      return open === NOBODY ? closed : open;
    }
    const closedPrefix = digits - index.freeDigits(interval);
    return closedPrefix >= this.#entries.digits(open) ? closed : open;
  }

  #openWinner(index: IntervalIndex, value: number, digits: number): number {
    const aligned = digits < MAX_PATTERN_DIGITS ? value * powerOfTen(MAX_PATTERN_DIGITS - digits) : value;
    const interval = index.find(aligned);
    let entry = interval === NOBODY ? NOBODY : index.owner(interval);
    // a number shorter than the prefix does not begin with it, but may with one of the prefixes around
    while (entry !== NOBODY && this.#entries.digits(entry) > digits) {
      entry = this.#openAround[entry] ?? NOBODY;
    }
    return entry;
  }
}

/** The value of the first digits that patterns can spell out; negative when `number` is not digits only, or too long. */
function leadingValue(number: string): number {
  if (number.length === 0 || number.length > MAX_DIALLED_DIGITS) {
    return -1;
  }
  let value = 0;
  for (let position = 0; position < number.length; position += 1) {
    const digit = number.charCodeAt(position) - 48; // "0"
    if (digit < 0 || digit > 9) {
      return -1;
    }
    if (position < MAX_PATTERN_DIGITS) {
      value = value * 10 + digit;
    }
  }
  return value;
}

function collectBlocks<Target>(entries: EntryColumns<Target>): {
  closed: (BlockColumns | undefined)[];
  open: BlockColumns;
} {
  const closed: (BlockColumns | undefined)[] = Array.from({ length: MAX_PATTERN_DIGITS + 1 });
  const open = new BlockColumns();
  for (let entry = 0; entry < entries.length; entry += 1) {
    const digits = entries.digits(entry);
    if (entries.isOpen(entry)) {
      const free = MAX_PATTERN_DIGITS - digits;
      open.add(entries.low(entry) * powerOfTen(free), free, entry);
    } else {
      (closed[digits] ??= new BlockColumns()).addRange(entries.low(entry), entries.high(entry), entry);
    }
  }
  return { closed, open };
}

/** Gathers what the indexes find out about pairs of entries. */
class TieCollector<Target> {
  readonly #entries: EntryColumns<Target>;
  readonly #tied = new Map<string, { first: number; second: number; patterns: NumberPattern[] }>();

  constructor(entries: EntryColumns<Target>) {
    this.#entries = entries;
  }

  /** For closed patterns with that many digits; for open ones without `digits`. */
  observer(digits: number | undefined, around?: Int32Array): IndexObserver {
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
