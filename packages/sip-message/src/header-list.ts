import { isSafe } from "./characters.ts";
import { type HeaderName, canonicalName, headerName } from "./header-name.ts";
import type { Via } from "./via-value.ts";

/** One header field: the name as written, the value with folding undone and surrounding white space removed. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

/**
 * The header fields of one message, in order. Immutable: every change returns a new list.
 * Names are compared without case, and compact forms are their long names (RFC 3261 §7.3.3).
 */
export interface HeaderList extends Iterable<HeaderField> {
  /** Value of the first field of that name. */
  get(name: string): string | undefined;
  /** Values of every field of that name, in order; comma-separated values are not split. */
  all(name: string): readonly string[];
  has(name: string): boolean;
  /** Replaces the first field of that name, where it stands, by one field per value and removes the others; appends when there is none. */
  with(name: string, ...values: readonly string[]): HeaderList;
  /** Puts a field before all others of that name, or at the top of the message when there is none. */
  prepend(name: string, value: string): HeaderList;
  append(name: string, value: string): HeaderList;
  without(name: string): HeaderList;
  /** Removes the first field of that name only. */
  withoutFirst(name: string): HeaderList;
}

/** A header list of our own making; names and values are checked by `serializeMessage`, not here. */
export function createHeaderList(fields: readonly HeaderField[]): HeaderList {
  return FieldList.of(fields);
}

/** The list in its own form, whoever made it. */
export function fieldListOf(list: HeaderList): FieldList {
  return list instanceof FieldList ? list : FieldList.of([...list]);
}

/**
 * Two arrays of one length. `safe` says that every name and value may be written as it is: it is known when a list
 * was read from the wire and kept up with each change, so that writing an untouched list checks nothing twice.
 */
export class FieldList implements HeaderList {
  readonly #names: readonly HeaderName[];
  readonly #values: readonly string[];
  readonly safe: boolean;
  /** `validateMessage` has seen that `canonicalizeMessage` would change nothing. */
  isCanonical = false;
  /** What `topVia` has read. */
  topVia: Via | undefined | "unread" = "unread";

  /** The arrays must not be touched afterwards. */
  constructor(names: readonly HeaderName[], values: readonly string[], safe: boolean) {
    this.#names = names;
    this.#values = values;
    this.safe = safe;
  }

  static of(fields: readonly HeaderField[]): FieldList {
    const names: HeaderName[] = [];
    const values: string[] = [];
    let safe = true;
    for (const { name, value } of fields) {
      const known = headerName(name);
      names.push(known);
      values.push(value);
      safe &&= known.isToken && isSafe(value);
    }
    return new FieldList(names, values, safe);
  }

  get length(): number {
    return this.#names.length;
  }

  /** Canonical name of field `index`. */
  keyAt(index: number): string {
    return this.#names[index]?.key ?? "";
  }

  headerNameAt(index: number): HeaderName | undefined {
    return this.#names[index];
  }

  nameAt(index: number): string {
    return this.#names[index]?.name ?? "";
  }

  valueAt(index: number): string {
    return this.#values[index] ?? "";
  }

  /** `startLine` and the fields as on the wire, without those of canonical name `omitted` and the last line break. */
  format(startLine: string, omitted: string): string {
    let text = startLine;
    for (let index = 0; index < this.#names.length; index += 1) {
      const name = this.#names[index];
      if (name !== undefined && name.key !== omitted) {
        text = text + name.prefix + this.valueAt(index);
      }
    }
    return text;
  }

  get(name: string): string | undefined {
    return this.#values[this.#find(canonicalName(name), 0)];
  }

  all(name: string): readonly string[] {
    const key = canonicalName(name);
    const found: string[] = [];
    for (let index = this.#find(key, 0); index !== -1; index = this.#find(key, index + 1)) {
      found.push(this.valueAt(index));
    }
    return found;
  }

  has(name: string): boolean {
    return this.#find(canonicalName(name), 0) !== -1;
  }

  with(name: string, ...values: readonly string[]): HeaderList {
    const first = this.#find(canonicalName(name), 0);
    if (first === -1) {
      return this.#spliced(this.length, 0, { name, values });
    }
    // What stands before the first field of that name stays where it is when the others go.
    return this.#without(canonicalName(name)).#spliced(first, 0, { name, values });
  }

  prepend(name: string, value: string): HeaderList {
    const first = this.#find(canonicalName(name), 0);
    return this.#spliced(Math.max(first, 0), 0, { name, values: [value] });
  }

  append(name: string, value: string): HeaderList {
    return this.#spliced(this.length, 0, { name, values: [value] });
  }

  without(name: string): HeaderList {
    const key = canonicalName(name);
    return this.#find(key, 0) === -1 ? this : this.#without(key);
  }

  withoutFirst(name: string): HeaderList {
    const first = this.#find(canonicalName(name), 0);
    return first === -1 ? this : this.#spliced(first, 1, { name, values: [] });
  }

  *[Symbol.iterator](): Iterator<HeaderField> {
    for (let index = 0; index < this.length; index += 1) {
      yield { name: this.nameAt(index), value: this.valueAt(index) };
    }
  }

  #find(key: string, start: number): number {
    for (let index = start; index < this.#names.length; index += 1) {
      if (this.#names[index]?.key === key) {
        return index;
      }
    }
    return -1;
  }

  #without(key: string): FieldList {
    const names: HeaderName[] = [];
    const values: string[] = [];
    for (const [index, name] of this.#names.entries()) {
      if (name.key !== key) {
        names.push(name);
        values.push(this.valueAt(index));
      }
    }
    return new FieldList(names, values, this.safe);
  }

  #spliced(start: number, removed: number, added: { name: string; values: readonly string[] }): FieldList {
    const name = headerName(added.name);
    const names = this.#names.toSpliced(start, removed, ...added.values.map(() => name));
    const values = this.#values.toSpliced(start, removed, ...added.values);
    const safe = this.safe && (added.values.length === 0 || name.isToken) && added.values.every(isSafe);
    return new FieldList(names, values, safe);
  }
}
