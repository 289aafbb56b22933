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
