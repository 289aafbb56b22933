import type { NumberPattern } from "./number-pattern.ts";

/** One row of a dial plan: these numbers go there. */
export interface DialPlanEntry<Target> {
  readonly pattern: NumberPattern;
  readonly target: Target;
}

/** The entries of a plan in columns: 22 bytes each, patterns are written out again only when asked for. */
export class EntryColumns<Target> {
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #digits: Uint8Array;
  readonly #open: Uint8Array;
  readonly #targetOf: Int32Array;
  readonly #targets: { readonly target: Target }[] = [];

  constructor(entries: readonly DialPlanEntry<Target>[]) {
    this.#low = new Float64Array(entries.length);
    this.#high = new Float64Array(entries.length);
    this.#digits = new Uint8Array(entries.length);
    this.#open = new Uint8Array(entries.length);
    this.#targetOf = new Int32Array(entries.length);
    const known = new Map<Target, number>();
    entries.forEach(({ pattern, target }, entry) => {
      const [low, high] = pattern.kind === "open" ? [pattern.prefix, pattern.prefix] : [pattern.low, pattern.high];
      this.#low[entry] = Number(low);
      this.#high[entry] = Number(high);
      this.#digits[entry] = low.length;
      this.#open[entry] = pattern.kind === "open" ? 1 : 0;
      this.#targetOf[entry] = known.get(target) ?? this.#addTarget(target, known);
    });
  }

  get length(): number {
    return this.#low.length;
  }

  get byteLength(): number {
    const columns = [this.#low, this.#high, this.#digits, this.#open, this.#targetOf];
    return columns.reduce((sum, column) => sum + column.byteLength, 0);
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

  #addTarget(target: Target, known: Map<Target, number>): number {
    known.set(target, this.#targets.length);
    return this.#targets.push({ target }) - 1;
  }
}
