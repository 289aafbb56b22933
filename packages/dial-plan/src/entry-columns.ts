import { MAX_PATTERN_DIGITS } from "./number-pattern.ts";
import type { NumberPattern } from "./number-pattern.ts";

/** One row of a dial plan: these numbers go there. */
export interface DialPlanEntry<Target> {
  readonly pattern: NumberPattern;
  readonly target: Target;
}

/** The data of `Entries`: plain, so that it can be made in another thread. */
export interface EntryColumns<Target> {
  /** First number of a closed pattern, the prefix of an open one. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly digits: Uint8Array;
  readonly open: Uint8Array;
  /** Position in `targets`. */
  readonly targetOf: Int32Array;
  readonly targets: readonly { readonly target: Target }[];
}

export function columnsOf<Target>(entries: readonly DialPlanEntry<Target>[]): EntryColumns<Target> {
  const [low, high] = [new Float64Array(entries.length), new Float64Array(entries.length)];
  const [digits, open] = [new Uint8Array(entries.length), new Uint8Array(entries.length)];
  const targetOf = new Int32Array(entries.length);
  const targets: { readonly target: Target }[] = [];
  const known = new Map<Target, number>();
  for (const [entry, { pattern, target }] of entries.entries()) {
    const [first, last] = pattern.kind === "open" ? [pattern.prefix, pattern.prefix] : [pattern.low, pattern.high];
    low[entry] = Number(first);
    high[entry] = Number(last);
    digits[entry] = first.length;
    open[entry] = pattern.kind === "open" ? 1 : 0;
    let index = known.get(target);
    if (index === undefined) {
      index = targets.push({ target }) - 1;
      known.set(target, index);
    }
    targetOf[entry] = index;
  }
  return { low, high, digits, open, targetOf, targets };
}

/** The entries of a plan in columns: 22 bytes each, patterns are written out again only when asked for. */
export class Entries<Target> {
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #digits: Uint8Array;
  readonly #open: Uint8Array;
  readonly #targetOf: Int32Array;
  readonly #targets: readonly { readonly target: Target }[];

  constructor({ low, high, digits, open, targetOf, targets }: EntryColumns<Target>) {
    this.#low = low;
    this.#high = high;
    this.#digits = digits;
    this.#open = open;
    this.#targetOf = targetOf;
    this.#targets = targets;
  }

  get length(): number {
    return this.#low.length;
  }

  /** How many closed patterns there are for each length of number, and how many open ones in all. */
  countByLength(): { readonly closed: readonly number[]; readonly open: number } {
    const closed = Array.from({ length: MAX_PATTERN_DIGITS + 1 }, () => 0);
    let open = 0;
    for (let entry = 0; entry < this.length; entry += 1) {
      if (this.isOpen(entry)) {
        open += 1;
      } else {
        closed[this.digits(entry)] = (closed[this.digits(entry)] ?? 0) + 1;
      }
    }
    return { closed, open };
  }

  low(entry: number): number {
    return this.#low[entry] ?? 0;
  }

  high(entry: number): number {
    return this.#high[entry] ?? 0;
  }

  /** Of a closed pattern the length of its numbers, of an open one the length of its prefix. */
  digits(entry: number): number {
    return this.#digits[entry] ?? 0;
  }

  isOpen(entry: number): boolean {
    return this.#open[entry] === 1;
  }

  /** Equal for entries with the same target. */
  targetIndex(entry: number): number {
    return this.#targetOf[entry] ?? 0;
  }

  get(entry: number): DialPlanEntry<Target> {
    return { pattern: this.pattern(entry), target: this.target(entry) };
  }

  target(entry: number): Target {
    const known = this.#targets[this.targetIndex(entry)];
    if (known === undefined) {
      throw new RangeError("no such entry");
    }
    return known.target;
  }

  pattern(entry: number): NumberPattern {
    const digits = this.digits(entry);
    const low = String(this.low(entry)).padStart(digits, "0");
    return this.isOpen(entry)
      ? { kind: "open", prefix: low }
      : { kind: "closed", low, high: String(this.high(entry)).padStart(digits, "0") };
  }
}
