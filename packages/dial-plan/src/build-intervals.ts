import { BlockColumns, freeDigitsAround, powerOfTen } from "./blocks.ts";
import { INTERVAL_COLUMNS } from "./interval-index.ts";
import type { IntervalColumns } from "./interval-index.ts";
import { NumberRanges } from "./number-ranges.ts";

export interface IntervalObserver {
  /** Two ranges are cut into the same block there: neither is more exact. */
  onSameBlock(first: number, second: number, block: { readonly start: number; readonly freeDigits: number }): void;
  /** The range of `inner` lies in the range of `outer`, with none between. */
  onNested(inner: number, outer: number): void;
}

/** Few steps of search for a small table. */
const INTERVALS_PER_BUCKET = 4;

/** Who owns each number of ranges of one length; where they overlap, the smaller block. */
export function buildIntervals(ranges: NumberRanges, observer: IntervalObserver): IntervalColumns {
  const intervals = sweep(ranges, observer);
  const { length } = intervals;
  const span = length === 0 ? 1 : (intervals[length - INTERVAL_COLUMNS] ?? 0) - (intervals[0] ?? 0) + 1;
  const bucketWidth = Math.ceil(span / Math.max(1, length / INTERVAL_COLUMNS / INTERVALS_PER_BUCKET));
  return { intervals, bucketWidth, bucketFirst: fillBuckets(intervals, bucketWidth, Math.ceil(span / bucketWidth)) };
}

function fillBuckets(intervals: Float64Array, width: number, buckets: number): Uint32Array<ArrayBuffer> {
  const first = new Uint32Array(buckets + 1);
  const base = intervals[0] ?? 0;
  const last = intervals.length / INTERVAL_COLUMNS - 1;
  let interval = 0;
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const value = base + bucket * width;
    while (interval < last && (intervals[(interval + 1) * INTERVAL_COLUMNS] ?? Infinity) <= value) {
      interval += 1;
    }
    first[bucket] = interval;
  }
  first[buckets] = Math.max(0, last);
  return first;
}

function sweep(ranges: NumberRanges, observer: IntervalObserver): Float64Array<ArrayBuffer> {
  const order = ranges.sorted();
  const intervals = new IntervalBuilder(observer, ranges.length);
  for (const { from, to, isNested } of clusters(ranges, order)) {
    if (isNested) {
      intervals.addCluster(ranges, order.subarray(from, to));
    } else {
      const blocks = blocksOf(ranges, order.subarray(from, to));
      intervals.addCluster(blocks, blocks.sorted());
    }
  }
  return intervals.finish();
}

interface Cluster {
  /** Positions in the order of the sweep; `to` is not included. */
  readonly from: number;
  readonly to: number;
  /** Any two ranges of it are either disjoint or one inside the other. */
  readonly isNested: boolean;
}

/** Ranges that overlap others, directly or by way of others; most are alone. */
function* clusters(ranges: NumberRanges, order: Uint32Array): Generator<Cluster, void, undefined> {
  let from = 0;
  let end = -1; // the highest number so far
  let isNested = true;
  const around: number[] = []; // last numbers of the ranges around, the smallest on top
  for (const [position, range] of order.entries()) {
    const low = ranges.low(range);
    const high = ranges.high(range);
    if (low > end && position > from) {
      yield { from, to: position, isNested };
      from = position;
      isNested = true;
      around.length = 0;
    }
    for (let top = around.at(-1); top !== undefined && top < low; top = around.at(-1)) {
      around.pop();
    }
    isNested &&= high <= (around.at(-1) ?? Infinity);
    around.push(high);
    end = Math.max(end, high);
  }
  if (order.length > 0) {
    yield { from, to: order.length, isNested };
  }
}

/** Ranges that cross each other, cut into blocks, which never do. */
function blocksOf(ranges: NumberRanges, order: Uint32Array): NumberRanges {
  const columns = new BlockColumns();
  for (const range of order) {
    columns.addRange(ranges.low(range), ranges.high(range), ranges.entry(range));
  }
  const blocks = new NumberRanges(columns.length);
  for (let block = 0; block < columns.length; block += 1) {
    blocks.add(columns.start(block), columns.end(block) - 1, columns.entry(block));
  }
  return blocks;
}

/** Sweeps over ranges in ascending order and keeps those around the current number on a stack, the smallest on top. */
class IntervalBuilder {
  readonly #observer: IntervalObserver;
  #intervals: Float64Array<ArrayBuffer>;
  #length = 0;

  constructor(observer: IntervalObserver, capacity: number) {
    this.#observer = observer;
    this.#intervals = new Float64Array(capacity * INTERVAL_COLUMNS);
  }

  addCluster(ranges: NumberRanges, order: Uint32Array): void {
    const around: number[] = [];
    for (const range of order) {
      const low = ranges.low(range);
      this.#closeUpTo(low, ranges, around);
      const outer = around.at(-1);
      if (outer !== undefined) {
        this.#reportSameBlocks(ranges, outer, range);
        if (ranges.low(outer) === low && ranges.high(outer) === ranges.high(range)) {
          continue; // the same numbers: the first one stays
        }
        this.#observer.onNested(ranges.entry(range), ranges.entry(outer));
      }
      around.push(range);
      this.#begin(low, ranges, range);
    }
    this.#closeUpTo(Infinity, ranges, around);
  }

  finish(): Float64Array<ArrayBuffer> {
    return this.#intervals.length === this.#length ? this.#intervals : this.#intervals.slice(0, this.#length);
  }

  #closeUpTo(low: number, ranges: NumberRanges, around: number[]): void {
    for (let top = around.at(-1); top !== undefined && ranges.high(top) < low; top = around.at(-1)) {
      around.pop();
      const outer = around.at(-1);
      if (outer !== undefined && ranges.high(top) < ranges.high(outer)) {
        this.#begin(ranges.high(top) + 1, ranges, outer);
      }
    }
  }

  #begin(start: number, ranges: NumberRanges, range: number): void {
    if (this.#length > 0 && this.#intervals[this.#length - INTERVAL_COLUMNS] === start) {
      this.#length -= INTERVAL_COLUMNS; // the interval before it turned out to be empty
    }
    if (this.#length === this.#intervals.length) {
      const larger = new Float64Array(2 * this.#intervals.length);
      larger.set(this.#intervals);
      this.#intervals = larger;
    }
    this.#intervals[this.#length] = start;
    this.#intervals[this.#length + 1] = ranges.high(range);
    this.#intervals[this.#length + 2] = ranges.entry(range);
    this.#length += INTERVAL_COLUMNS;
  }

  /** The blocks of the inner range that are blocks of the outer one too, because the next larger block sticks out of it. */
  #reportSameBlocks(ranges: NumberRanges, outer: number, inner: number): void {
    const [low, high] = [ranges.low(inner), ranges.high(inner)];
    for (let start = low; start <= high;) {
      const freeDigits = freeDigitsAround(start, low, high);
      if (freeDigitsAround(start, ranges.low(outer), ranges.high(outer)) === freeDigits) {
        this.#observer.onSameBlock(ranges.entry(outer), ranges.entry(inner), { start, freeDigits });
      }
      start += powerOfTen(freeDigits);
    }
  }
}
