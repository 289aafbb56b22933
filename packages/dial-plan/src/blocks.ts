/**
 * A range, cut into prefix blocks: all numbers that begin with the same fixed digits. `1005-1024` is 1005 … 1009,
 * `101x`, 1020 … 1024. Two blocks of numbers of the same length are either disjoint or one inside the other.
 * Kept in columns that grow, because a million ranges as objects would not fit the memory they may take.
 */
export class BlockColumns {
  #starts = new Float64Array(64);
  #freeDigits = new Uint8Array(64);
  #entries = new Int32Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** First number of the block. */
  start(block: number): number {
    return this.#starts[block] ?? 0;
  }

  /** How many digits at the end are free: the block has ten to that power numbers. */
  freeDigits(block: number): number {
    return this.#freeDigits[block] ?? 0;
  }

  entry(block: number): number {
    return this.#entries[block] ?? -1;
  }

  end(block: number): number {
    return this.start(block) + powerOfTen(this.freeDigits(block));
  }

  add(start: number, freeDigits: number, entry: number): void {
    if (this.#length === this.#starts.length) {
      this.#grow();
    }
    this.#starts[this.#length] = start;
    this.#freeDigits[this.#length] = freeDigits;
    this.#entries[this.#length] = entry;
    this.#length += 1;
  }

  /** Adds the blocks of `low` to `high`, both included; each is as large as it can be. */
  addRange(low: number, high: number, entry: number): void {
    for (let start = low; start <= high;) {
      const free = freeDigitsAt(start, high);
      this.add(start, free, entry);
      start += powerOfTen(free);
    }
  }

  /** Positions of the blocks by first number, at the same number the larger one first, then in order of entry. */
  sorted(): Uint32Array {
    const order = Uint32Array.from({ length: this.#length }, (_unused, block) => block);
    const compare = (one: number, other: number): number =>
      this.start(one) - this.start(other) ||
      this.freeDigits(other) - this.freeDigits(one) ||
      this.entry(one) - this.entry(other);
    for (let position = 1; position < order.length; position += 1) {
      if (compare(position - 1, position) > 0) {
        return order.toSorted(compare);
      }
    }
    return order;
  }

  #grow(): void {
    const capacity = 2 * this.#starts.length;
    const starts = new Float64Array(capacity);
    const freeDigits = new Uint8Array(capacity);
    const entries = new Int32Array(capacity);
    starts.set(this.#starts);
    freeDigits.set(this.#freeDigits);
    entries.set(this.#entries);
    this.#starts = starts;
    this.#freeDigits = freeDigits;
    this.#entries = entries;
  }
}

function freeDigitsAt(start: number, high: number): number {
  return freeDigitsAround(start, start, high);
}

/** How many digits are free in the block of `low` to `high` that holds `value`. */
export function freeDigitsAround(value: number, low: number, high: number): number {
  let free = 0;
  while (isBlockWithin({ value, size: powerOfTen(free + 1) }, low, high)) {
    free += 1;
  }
  return free;
}

/** Whether all of the block of `size` numbers that holds `value` lies in `low` to `high`. */
export function isBlockWithin(
  block: { readonly value: number; readonly size: number },
  low: number,
  high: number,
): boolean {
  const start = Math.floor(block.value / block.size) * block.size; // exact below 10^15, and several times as fast as %
  return start >= low && start + block.size - 1 <= high;
}

// a literal table: Math.pow need not be exact
const POWERS_OF_TEN = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15] as const;

/** Exact for 0 to 15. */
export function powerOfTen(exponent: number): number {
  return POWERS_OF_TEN[exponent] ?? Infinity;
}
