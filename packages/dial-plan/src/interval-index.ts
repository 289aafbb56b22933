/** No entry owns these numbers. */
export const NOBODY = -1;

/** Numbers in `IntervalColumns.intervals` for one interval: its first number, the last number of its owner, its owner. */
export const INTERVAL_COLUMNS = 3;

/** The data of an index: plain, so that it can be made in another thread. */
export interface IntervalColumns {
  /** Unbroken and in ascending order; between the last number of an owner and the next interval are nobody's numbers. */
  readonly intervals: Float64Array;
  /** For each bucket the interval that holds its first value or is the last before it; one more closes the last bucket. */
  readonly bucketFirst: Uint32Array;
  /** Values in a bucket; the first one begins where the first interval does. */
  readonly bucketWidth: number;
}

/**
 * Who owns a number, for numbers of one length: unbroken intervals in ascending order, each with the entry whose block
 * is the smallest around it. 24 bytes an interval, side by side, because a look-up in a million of them costs what it
 * has to fetch from memory; a table of starting points keeps the search to a few steps.
 */
export class IntervalIndex {
  readonly #intervals: Float64Array;
  readonly #bucketFirst: Uint32Array;
  readonly #bucketWidth: number;
  readonly #base: number;

  constructor({ intervals, bucketFirst, bucketWidth }: IntervalColumns) {
    this.#intervals = intervals;
    this.#bucketFirst = bucketFirst;
    this.#bucketWidth = bucketWidth;
    this.#base = intervals[0] ?? Infinity;
  }

  /** Numbers at which another entry, or nobody, becomes the owner, in ascending order. */
  borders(): Float64Array {
    const borders = new Float64Array((2 * this.#intervals.length) / INTERVAL_COLUMNS);
    let count = 0;
    for (let at = 0; at < this.#intervals.length; at += INTERVAL_COLUMNS) {
      borders[count] = this.#intervals[at] ?? 0;
      count += 1;
      const end = (this.#intervals[at + 1] ?? 0) + 1;
      if (end < (this.#intervals[at + INTERVAL_COLUMNS] ?? Infinity)) {
        borders[count] = end;
        count += 1;
      }
    }
    return borders.subarray(0, count);
  }

  /** Entry that owns the number, or NOBODY. */
  owner(value: number): number {
    const intervals = this.#intervals;
    if (value < this.#base) {
      return NOBODY;
    }
    const buckets = this.#bucketFirst;
    const bucket = Math.min(Math.floor((value - this.#base) / this.#bucketWidth), buckets.length - 2);
    let low = buckets[bucket] ?? 0;
    let high = buckets[bucket + 1] ?? 0;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((intervals[middle * INTERVAL_COLUMNS] ?? Infinity) <= value) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    const at = low * INTERVAL_COLUMNS;
    return value <= (intervals[at + 1] ?? NOBODY) ? (intervals[at + 2] ?? NOBODY) : NOBODY;
  }
}
