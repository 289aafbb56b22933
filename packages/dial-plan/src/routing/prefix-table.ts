import { BlockColumns } from "../blocks.ts";
import { MAX_PATTERN_DIGITS } from "../number-pattern.ts";
import type { NumberPattern } from "../number-pattern.ts";

export interface TableEntry<Value> {
  readonly value: Value;
  /** The pattern as it was added, not the block of it that matches. */
  readonly pattern: NumberPattern;
}

/** `fixedDigits`: leading digits that the number and the block of the entry share. */
export interface TableMatch<Value> extends TableEntry<Value> {
  readonly fixedDigits: number;
  readonly isOpen: boolean;
}

/** Entries whose blocks are the same numbers: none is more exact by its digits. */
export interface TableBlock<Value> {
  readonly numbers: NumberPattern;
  readonly entries: readonly TableEntry<Value>[];
}

type Blocks<Value> = Map<string, TableEntry<Value>[]>;

/**
 * All patterns that have a number, not only the most exact one; for rules, of which there are few. A look-up costs one
 * step for each length of prefix that occurs.
 */
export class PrefixTable<Value> {
  readonly #closed = new Map<number, Blocks<Value>>();
  readonly #open: Blocks<Value> = new Map();
  readonly #prefixLengths = new Set<number>();
  #entries = 0;

  get size(): number {
    return this.#entries;
  }

  add(pattern: NumberPattern, value: Value): void {
    this.#entries += 1;
    const entry = { pattern, value };
    if (pattern.kind === "open") {
      this.#put(this.#open, pattern.prefix, entry);
      return;
    }
    const digits = pattern.low.length;
    const blocks: Blocks<Value> = this.#closed.get(digits) ?? new Map();
    this.#closed.set(digits, blocks);
    const columns = new BlockColumns();
    columns.addRange(Number(pattern.low), Number(pattern.high), 0);
    for (let block = 0; block < columns.length; block += 1) {
      const first = String(columns.start(block)).padStart(digits, "0");
      this.#put(blocks, first.slice(0, digits - columns.freeDigits(block)), entry);
    }
  }

  #put(blocks: Blocks<Value>, prefix: string, entry: TableEntry<Value>): void {
    this.#prefixLengths.add(prefix.length);
    const known = blocks.get(prefix);
    if (known === undefined) {
      blocks.set(prefix, [entry]);
    } else {
      known.push(entry);
    }
  }

  /** Longest fixed prefix first, a closed pattern before an open one, then in the order in which they were added. */
  *matches(number: string): Generator<TableMatch<Value>, void, undefined> {
    const closed = this.#closed.get(number.length);
    for (let fixedDigits = Math.min(number.length, MAX_PATTERN_DIGITS); fixedDigits >= 0; fixedDigits -= 1) {
      if (!this.#prefixLengths.has(fixedDigits)) {
        continue;
      }
      const prefix = number.slice(0, fixedDigits);
      for (const entry of closed?.get(prefix) ?? []) {
        yield { ...entry, fixedDigits, isOpen: false };
      }
      for (const entry of this.#open.get(prefix) ?? []) {
        yield { ...entry, fixedDigits, isOpen: true };
      }
    }
  }

  /** Blocks with more than one entry. */
  *sharedBlocks(): Generator<TableBlock<Value>, void, undefined> {
    for (const [prefix, entries] of this.#open) {
      if (entries.length > 1) {
        yield { numbers: { kind: "open", prefix }, entries };
      }
    }
    for (const [digits, blocks] of this.#closed) {
      for (const [prefix, entries] of blocks) {
        if (entries.length > 1) {
          const [low, high] = [prefix.padEnd(digits, "0"), prefix.padEnd(digits, "9")];
          yield { numbers: { kind: "closed", low, high }, entries };
        }
      }
    }
  }

  /** Every entry, in the order in which they were added, without regard to blocks. */
  *entries(): Generator<TableEntry<Value>, void, undefined> {
    const seen = new Set<TableEntry<Value>>();
    for (const blocks of [this.#open, ...this.#closed.values()]) {
      for (const entry of [...blocks.values()].flat()) {
        if (!seen.has(entry)) {
          seen.add(entry);
          yield entry;
        }
      }
    }
  }
}
