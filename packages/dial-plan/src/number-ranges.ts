/** Ranges of numbers of one length, each of an entry. In columns, because a million of them as objects would not fit the memory they may take. */
export class NumberRanges {
  readonly #lows: Float64Array;
  readonly #highs: Float64Array;
  readonly #entries: Int32Array;
  #length = 0;

  constructor(capacity: number) {
    this.#lows = new Float64Array(capacity);
    this.#highs = new Float64Array(capacity);
    this.#entries = new Int32Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  low(range: number): number {
    return this.#lows[range] ?? 0;
  }

  /** Included. */
  high(range: number): number {
    return this.#highs[range] ?? 0;
  }

  entry(range: number): number {
    return this.#entries[range] ?? -1;
  }

  add(low: number, high: number, entry: number): void {
    this.#lows[this.#length] = low;
    this.#highs[this.#length] = high;
    this.#entries[this.#length] = entry;
    this.#length += 1;
  }

  /** Positions by first number; of those that begin alike the longer one first, then in order of entry. */
  sorted(): Uint32Array {
    const order = Uint32Array.from({ length: this.#length }, (_unused, range) => range);
    const compare = (one: number, other: number): number =>
      this.low(one) - this.low(other) || this.high(other) - this.high(one) || this.entry(one) - this.entry(other);
    for (let position = 1; position < order.length; position += 1) {
      if (compare(position - 1, position) > 0) {
        return order.toSorted(compare);
      }
    }
    return order;
  }
}
