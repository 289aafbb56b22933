import type { BlockColumns } from "./blocks.ts";

/** No entry owns these numbers. */
export const NOBODY = -1;

export interface IndexObserver {
  /** Two blocks are the same numbers: neither is more exact. The one of `first` stays. */
  onSameBlock(first: number, second: number, block: { readonly start: number; readonly freeDigits: number }): void;
  /** The block of `inner` lies in the block of `outer`, with none between. */
  onNested(inner: number, outer: number): void;
}

/**
 * Who owns a number, for numbers of one length: unbroken intervals in ascending order, each with the entry whose block
 * is the smallest around it. 13 bytes an interval; a table of starting points keeps the search to a few steps.
 */
export class IntervalIndex {
  readonly #starts: Float64Array;
  readonly #owners: Int32Array;
  readonly #freeDigits: Uint8Array;
  readonly #bucketFirst: Uint32Array;
  readonly #bucketWidth: number;

  constructor(blocks: BlockColumns, observer: IndexObserver) {
    const intervals = new IntervalBuilder(blocks);
    const order = blocks.sorted();
    for (const block of order) {
      intervals.add(block, observer);
    }
    ({ starts: this.#starts, owners: this.#owners, freeDigits: this.#freeDigits } = intervals.finish());
    const last = this.#starts.length - 1;
    const buckets = Math.max(1, Math.ceil(this.#starts.length / 4));
    const span = (this.#starts[last] ?? 0) - (this.#starts[0] ?? 0) + 1;
    this.#bucketWidth = Math.ceil(span / buckets);
    this.#bucketFirst = this.#fillBuckets(Math.ceil(span / this.#bucketWidth));
  }

  get byteLength(): number {
    const columns = [this.#starts, this.#owners, this.#freeDigits, this.#bucketFirst];
    return columns.reduce((sum, column) => sum + column.byteLength, 0);
  }

  /** First numbers of the intervals, in ascending order: between two of them the owner is one. */
  starts(): readonly number[] {
    return [...this.#starts];
  }

  /** Position of the interval that holds `value`, for `owner` and `freeDigits`; NOBODY below the first one. */
  find(value: number): number {
    const starts = this.#starts;
    const base = starts[0] ?? Infinity;
    if (value < base) {
      return NOBODY;
    }
    const bucket = Math.floor((value - base) / this.#bucketWidth);
    if (bucket >= this.#bucketFirst.length - 1) {
      return starts.length - 1;
    }
    let low = this.#bucketFirst[bucket] ?? 0;
    let high = this.#bucketFirst[bucket + 1] ?? starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((starts[middle] ?? Infinity) <= value) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** Entry that owns the interval, or NOBODY. */
  owner(interval: number): number {
    return this.#owners[interval] ?? NOBODY;
  }

  /** Free digits of the block by which the owner has the interval. */
  freeDigits(interval: number): number {
    return this.#freeDigits[interval] ?? 0;
  }

  /** For each bucket the interval that holds its first value; one more at the end closes the last bucket. */
  #fillBuckets(buckets: number): Uint32Array {
    const first = new Uint32Array(buckets + 1);
    const starts = this.#starts;
    const base = starts[0] ?? 0;
    let interval = 0;
    for (let bucket = 0; bucket <= buckets; bucket += 1) {
      const value = base + bucket * this.#bucketWidth;
      while (interval + 1 < starts.length && (starts[interval + 1] ?? Infinity) <= value) {
        interval += 1;
      }
      first[bucket] = interval;
    }
    return first;
  }
}

/** Sweeps over blocks in ascending order and keeps those around the current number on a stack, the smallest on top. */
class IntervalBuilder {
  readonly #blocks: BlockColumns;
  readonly #around: number[] = [];
  #starts: Float64Array;
  #owners: Int32Array;
  #freeDigits: Uint8Array;
  #length = 0;

  constructor(blocks: BlockColumns) {
    this.#blocks = blocks;
    const most = 2 * blocks.length + 1; // each block begins one interval and ends one
    this.#starts = new Float64Array(most);
    this.#owners = new Int32Array(most);
    this.#freeDigits = new Uint8Array(most);
  }

  add(block: number, observer: IndexObserver): void {
    const blocks = this.#blocks;
    const start = blocks.start(block);
    this.#closeUpTo(start);
    const outer = this.#around.at(-1);
    if (outer !== undefined) {
      const freeDigits = blocks.freeDigits(block);
      if (blocks.start(outer) === start && blocks.freeDigits(outer) === freeDigits) {
        observer.onSameBlock(blocks.entry(outer), blocks.entry(block), { start, freeDigits });
        return;
      }
      observer.onNested(blocks.entry(block), blocks.entry(outer));
    }
    this.#around.push(block);
    this.#begin(start, block);
  }

  finish(): { starts: Float64Array; owners: Int32Array; freeDigits: Uint8Array } {
    this.#closeUpTo(Infinity);
    return {
      starts: this.#starts.slice(0, this.#length),
      owners: this.#owners.slice(0, this.#length),
      freeDigits: this.#freeDigits.slice(0, this.#length),
    };
  }

  #closeUpTo(start: number): void {
    for (let top = this.#around.at(-1); top !== undefined; top = this.#around.at(-1)) {
      const end = this.#blocks.end(top);
      if (end > start) {
        return;
      }
      this.#around.pop();
      this.#begin(end, this.#around.at(-1));
    }
  }

  #begin(start: number, block: number | undefined): void {
    const owner = block === undefined ? NOBODY : this.#blocks.entry(block);
    const freeDigits = block === undefined ? 0 : this.#blocks.freeDigits(block);
    if (this.#length > 0 && this.#starts[this.#length - 1] === start) {
      this.#length -= 1; // the interval before it turned out to be empty
    }
    const previous = this.#length - 1;
    if (previous >= 0 && this.#owners[previous] === owner && this.#freeDigits[previous] === freeDigits) {
      return;
    }
    this.#starts[this.#length] = start;
    this.#owners[this.#length] = owner;
    this.#freeDigits[this.#length] = freeDigits;
    this.#length += 1;
  }
}
