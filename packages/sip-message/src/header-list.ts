import { isSafe, isToken } from "./characters.ts";
import { canonicalName } from "./header-name.ts";

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
  const names: string[] = [];
  const values: string[] = [];
  for (const field of fields) {
    names.push(field.name);
    values.push(field.value);
  }
  return FieldList.of(names, values);
}

/** The list in its own form, whoever made it. */
export function fieldListOf(list: HeaderList): FieldList {
  if (list instanceof FieldList) {
    return list;
  }
  const fields = [...list];
  return FieldList.of(
    fields.map((field) => field.name),
    fields.map((field) => field.value),
  );
}

/**
 * Three arrays of one length. `safe` says that every name and value may be written as it is: it is known when a list
 * was read from the wire and kept up with each change, so that writing an untouched list checks nothing twice.
 */
export class FieldList implements HeaderList {
  readonly #keys: readonly string[];
  readonly #names: readonly string[];
  readonly #values: readonly string[];
  readonly safe: boolean;

  private constructor(columns: Columns, safe: boolean) {
    this.#keys = columns.keys;
    this.#names = columns.names;
    this.#values = columns.values;
    this.safe = safe;
  }

  static of(names: readonly string[], values: readonly string[]): FieldList {
    const safe = names.every(isToken) && values.every(isSafe);
    return new FieldList({ keys: names.map(canonicalName), names, values }, safe);
  }

  /** For the parser, which has looked at every character and does not touch the arrays afterwards. */
  static read(columns: Columns, safe: boolean): FieldList {
    return new FieldList(columns, safe);
  }

  get length(): number {
    return this.#keys.length;
  }

  /** Canonical name of field `index`. */
  keyAt(index: number): string {
    return this.#keys[index] ?? "";
  }

  nameAt(index: number): string {
    return this.#names[index] ?? "";
  }

  valueAt(index: number): string {
    return this.#values[index] ?? "";
  }

  get(name: string): string | undefined {
    return this.#values[this.#keys.indexOf(canonicalName(name))];
  }

  all(name: string): readonly string[] {
    const key = canonicalName(name);
    const found: string[] = [];
    for (let index = this.#keys.indexOf(key); index !== -1; index = this.#keys.indexOf(key, index + 1)) {
      found.push(this.valueAt(index));
    }
    return found;
  }

  has(name: string): boolean {
    return this.#keys.includes(canonicalName(name));
  }

  /** Number of fields with canonical name `key`. */
  count(key: string): number {
    let count = 0;
    for (const other of this.#keys) {
      count += other === key ? 1 : 0;
    }
    return count;
  }

  with(name: string, ...values: readonly string[]): HeaderList {
    const first = this.#keys.indexOf(canonicalName(name));
    if (first === -1) {
      return this.#spliced(this.length, 0, { name, values });
    }
    // Whatever stands before the first field of that name stays where it is when the others go.
    const others = this.#spliced(first, 1, { name, values: [] }).without(name);
    return fieldListOf(others).#spliced(first, 0, { name, values });
  }

  prepend(name: string, value: string): HeaderList {
    const first = this.#keys.indexOf(canonicalName(name));
    return this.#spliced(Math.max(first, 0), 0, { name, values: [value] });
  }

  append(name: string, value: string): HeaderList {
    return this.#spliced(this.length, 0, { name, values: [value] });
  }

  without(name: string): HeaderList {
    const key = canonicalName(name);
    if (!this.#keys.includes(key)) {
      return this;
    }
    const columns = { keys: [] as string[], names: [] as string[], values: [] as string[] };
    for (let index = 0; index < this.length; index += 1) {
      if (this.keyAt(index) !== key) {
        columns.keys.push(this.keyAt(index));
        columns.names.push(this.nameAt(index));
        columns.values.push(this.valueAt(index));
      }
    }
    return new FieldList(columns, this.safe);
  }

  withoutFirst(name: string): HeaderList {
    const first = this.#keys.indexOf(canonicalName(name));
    return first === -1 ? this : this.#spliced(first, 1, { name, values: [] });
  }

  *[Symbol.iterator](): Iterator<HeaderField> {
    for (let index = 0; index < this.length; index += 1) {
      yield { name: this.nameAt(index), value: this.valueAt(index) };
    }
  }

  #spliced(start: number, removed: number, added: { name: string; values: readonly string[] }): FieldList {
    const key = canonicalName(added.name);
    const safe = this.safe && (added.values.length === 0 || (isToken(added.name) && added.values.every(isSafe)));
    return new FieldList(
      {
        keys: this.#keys.toSpliced(start, removed, ...added.values.map(() => key)),
        names: this.#names.toSpliced(start, removed, ...added.values.map(() => added.name)),
        values: this.#values.toSpliced(start, removed, ...added.values),
      },
      safe,
    );
  }
}

interface Columns {
  readonly keys: readonly string[];
  readonly names: readonly string[];
  readonly values: readonly string[];
}
