import { isBlockWithin, powerOfTen } from "./blocks.ts";
import { bytesOf, compileColumns } from "./compile-columns.ts";
import type { DialPlanColumns, PlanConflicts } from "./compile-columns.ts";
import { Entries } from "./entry-columns.ts";
import type { DialPlanEntry } from "./entry-columns.ts";
import { explainLookup, fixedDigitsOf } from "./explain-lookup.ts";
import type { PlanCandidate } from "./explain-lookup.ts";
import { IntervalIndex, NOBODY } from "./interval-index.ts";
import { MAX_DIALLED_DIGITS } from "./normalize-number.ts";
import { MAX_PATTERN_DIGITS } from "./number-pattern.ts";

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
  /** As `targetOf`, for the number of that value with so many digits: at most 15, the most that a pattern can spell out. */
  targetAt(value: number, digits: number): Target | undefined;
  /** As `targetOf`, with what it takes to compare the winner with another pattern. */
  match(number: string): PlanMatch<Target> | undefined;
  /** Every entry that matches or nearly does, best first, and why it lost. Goes through all entries. */
  explain(number: string): readonly PlanCandidate<Target>[];
  /** By length of the number, where another closed pattern begins or ends to win: first numbers of the pieces, ascending. */
  closedBorders(): ReadonlyMap<number, Float64Array>;
  /** In the order in which they were given. */
  entries(): Generator<DialPlanEntry<Target>, void, undefined>;
  /** The owners of open prefixes. */
  openPrefixes(): ReadonlyMap<string, Target>;
}

export type CompiledDialPlan<Target> =
  { readonly kind: "compiled"; readonly plan: DialPlan<Target> } | PlanConflicts<Target>;

/**
 * Compiles a plan in which the longest matching fixed prefix wins; at the same length a closed pattern beats an open
 * one. Ranges count by the prefix block that holds the number. Targets are the same when `===` says so.
 */
export function compileDialPlan<Target>(entries: readonly DialPlanEntry<Target>[]): CompiledDialPlan<Target> {
  const compiled = compileColumns(entries);
  return compiled.kind === "compiled" ? { kind: "compiled", plan: dialPlanOf(compiled.columns) } : compiled;
}

/** The plan that was compiled to these columns, without copying them. */
export function dialPlanOf<Target>(columns: DialPlanColumns<Target>): DialPlan<Target> {
  return new CompiledPlan(columns);
}

class CompiledPlan<Target> implements DialPlan<Target> {
  readonly #entries: Entries<Target>;
  readonly #closed: readonly (IntervalIndex | undefined)[];
  readonly #open: IntervalIndex | undefined;
  readonly #openAround: Int32Array;
  readonly byteLength: number;

  constructor(columns: DialPlanColumns<Target>) {
    this.#entries = new Entries(columns.entries);
    this.#closed = columns.closed.map((index) => index && new IntervalIndex(index));
    this.#open = columns.open && new IntervalIndex(columns.open);
    this.#openAround = columns.openAround;
    this.byteLength = bytesOf(columns);
  }

  get size(): number {
    return this.#entries.length;
  }

  lookup(number: string): DialPlanEntry<Target> | undefined {
    const entry = this.#winner(number);
    return entry === NOBODY ? undefined : this.#entries.get(entry);
  }

  targetOf(number: string): Target | undefined {
    const entry = this.#winner(number);
    return entry === NOBODY ? undefined : this.#entries.target(entry);
  }

  targetAt(value: number, digits: number): Target | undefined {
    const entry = this.#winnerAt(value, digits);
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

  closedBorders(): ReadonlyMap<number, Float64Array> {
    return new Map(this.#closed.flatMap((index, digits) => (index === undefined ? [] : [[digits, index.borders()]])));
  }

  *entries(): Generator<DialPlanEntry<Target>, void, undefined> {
    for (let entry = 0; entry < this.#entries.length; entry += 1) {
      yield this.#entries.get(entry);
    }
  }

  openPrefixes(): ReadonlyMap<string, Target> {
    const prefixes = new Map<string, Target>();
    for (let entry = 0; this.#open !== undefined && entry < this.#entries.length; entry += 1) {
      if (this.#entries.isOpen(entry)) {
        const prefix = String(this.#entries.low(entry)).padStart(this.#entries.digits(entry), "0");
        prefixes.set(prefix, this.#entries.target(entry));
      }
    }
    return prefixes;
  }

  #winner(number: string): number {
    const value = leadingValue(number);
    return value < 0 ? NOBODY : this.#winnerAt(value, number.length);
  }

  /** `value` of the leading digits that a pattern can spell out. */
  #winnerAt(value: number, digits: number): number {
    const closed = this.#closed[digits]?.owner(value) ?? NOBODY;
    if (this.#open === undefined) {
      return closed;
    }
    const open = this.#openWinner(this.#open, value, digits);
    if (open === NOBODY || closed === NOBODY) {
      return open === NOBODY ? closed : open;
    }
    // the closed pattern has a shorter fixed prefix when it has the whole block that is ten times the one of the open prefix
    const size = powerOfTen(digits - this.#entries.digits(open) + 1);
    return isBlockWithin({ value, size }, this.#entries.low(closed), this.#entries.high(closed)) ? open : closed;
  }

  #openWinner(index: IntervalIndex, value: number, digits: number): number {
    const aligned = digits < MAX_PATTERN_DIGITS ? value * powerOfTen(MAX_PATTERN_DIGITS - digits) : value;
    let entry = index.owner(aligned);
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
