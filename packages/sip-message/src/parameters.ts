import { EQUALS, QUOTE, SEMICOLON, TOKEN, runEnd, skipQuoted, skipSpace, tokenEnd } from "./characters.ts";
import { normalizeEscapes } from "./escapes.ts";

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();

/** Where the parts of one parameter stand. Used again for the next one, so that reading allocates nothing. */
export class ParameterCursor {
  nameStart = 0;
  nameEnd = 0;
  /** The same as `valueEnd` when there is no value. */
  valueStart = 0;
  valueEnd = 0;

  /**
   * Reads `;name`, `;name=token` or `;name="text"` at `start`, and gives the index after it and the white space that
   * follows; -1 when it is malformed. An empty value is: drachtio-srf reads no further there. `values` are the
   * characters of a value without quotes.
   */
  read(text: string, start: number, values: Uint8Array = TOKEN): number {
    const nameStart = skipSpace(text, start + 1);
    const nameEnd = tokenEnd(text, nameStart);
    if (text.charCodeAt(start) !== SEMICOLON || nameEnd === nameStart) {
      return -1;
    }
    this.nameStart = nameStart;
    this.nameEnd = nameEnd;
    const afterName = skipSpace(text, nameEnd);
    this.valueStart = afterName;
    this.valueEnd = afterName;
    return text.charCodeAt(afterName) === EQUALS
      ? this.#readValue(text, skipSpace(text, afterName + 1), values)
      : afterName;
  }

  isNamed(text: string, name: string): boolean {
    return this.nameEnd - this.nameStart === name.length && isSameName(text, this.nameStart, name);
  }

  #readValue(text: string, start: number, values: Uint8Array): number {
    const isQuoted = text.charCodeAt(start) === QUOTE;
    const end = isQuoted ? skipQuoted(text, start) : runEnd(text, values, start);
    if (end <= start) {
      return -1;
    }
    this.valueStart = start;
    this.valueEnd = end;
    return skipSpace(text, end);
  }
}

/** `name` is in lower case and of token characters, of which none but letters differ by that bit. */
function isSameName(text: string, start: number, name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    if ((text.charCodeAt(start + index) | 0x20) !== (name.charCodeAt(index) | 0x20)) {
      return false;
    }
  }
  return true;
}

const FEW = 8;

/** The names of one entry's parameters: two readers would choose differently between two of one name. */
export class NameMemory {
  readonly #starts = new Int32Array(FEW);
  readonly #ends = new Int32Array(FEW);
  #count = 0;
  #many: Set<string> | undefined;

  clear(): void {
    this.#count = 0;
    this.#many = undefined;
  }

  /** Remembers the name of token characters that stands there; false when it is known already. */
  add(text: string, start: number, end: number): boolean {
    if (this.#many === undefined && this.#count < FEW) {
      for (let index = 0; index < this.#count; index += 1) {
        if (this.#isSame(text, index, start, end)) {
          return false;
        }
      }
      this.#starts[this.#count] = start;
      this.#ends[this.#count] = end;
      this.#count += 1;
      return true;
    }
    this.#many ??= this.#all(text);
    const name = text.slice(start, end).toLowerCase();
    const isNew = !this.#many.has(name);
    this.#many.add(name);
    return isNew;
  }

  #isSame(text: string, known: number, start: number, end: number): boolean {
    const knownStart = this.#starts[known] ?? 0;
    if ((this.#ends[known] ?? 0) - knownStart !== end - start) {
      return false;
    }
    for (let offset = 0; offset < end - start; offset += 1) {
      if ((text.charCodeAt(knownStart + offset) | 0x20) !== (text.charCodeAt(start + offset) | 0x20)) {
        return false;
      }
    }
    return true;
  }

  #all(text: string): Set<string> {
    const names = new Set<string>();
    for (let index = 0; index < this.#count; index += 1) {
      names.add(text.slice(this.#starts[index], this.#ends[index]).toLowerCase());
    }
    return names;
  }
}

const cursor = new ParameterCursor();

/**
 * Reads `;name=value;name` from `start` to the end of a header value. Names are in lower case, values as written
 * (a quoted string keeps its quotes), a parameter without value has the value "". Undefined when a parameter is
 * malformed or stands twice.
 */
export function parseParameters(
  text: string,
  start: number,
  values: Uint8Array = TOKEN,
): ReadonlyMap<string, string> | undefined {
  let index = skipSpace(text, start);
  if (index === text.length) {
    return NO_PARAMETERS;
  }
  const parameters = new Map<string, string>();
  while (index < text.length) {
    index = cursor.read(text, index, values);
    if (index === -1) {
      return undefined;
    }
    const name = text.slice(cursor.nameStart, cursor.nameEnd).toLowerCase();
    if (parameters.has(name)) {
      return undefined;
    }
    parameters.set(name, text.slice(cursor.valueStart, cursor.valueEnd));
  }
  return parameters;
}

/**
 * Reads the parameters of a URI (no quotes, no white space) from `start` to `end`; names must be there, once each. RFC 3261
 * §19.1.1 forbids a second one of a name; with the same value it says the same to every reader, and baresip writes
 * `;transport=tls` twice where its user has written it already, so that is let pass.
 */
export function parseUriParameters(text: string, start: number, end: number): ReadonlyMap<string, string> | undefined {
  if (start === end) {
    return NO_PARAMETERS;
  }
  const parameters = new Map<string, string>();
  let index = start;
  while (index < end) {
    // `index` is at a semicolon.
    const next = text.indexOf(";", index + 1);
    const parameterEnd = next === -1 || next > end ? end : next;
    const parameter = text.slice(index + 1, parameterEnd);
    const equals = parameter.indexOf("=");
    // RFC 4475 §3.1.1.3: `%6C%72` is `lr`; whoever looks for a name must not miss it for its spelling.
    const name = normalizeEscapes(equals === -1 ? parameter : parameter.slice(0, equals)).toLowerCase();
    const value = equals === -1 ? "" : parameter.slice(equals + 1);
    const isOther = parameters.has(name) && parameters.get(name) !== value;
    if (name === "" || isOther) {
      return undefined;
    }
    parameters.set(name, value);
    index = parameterEnd;
  }
  return parameters;
}

export function formatParameters(parameters: ReadonlyMap<string, string>): string {
  let text = "";
  for (const [name, value] of parameters) {
    text += value === "" ? `;${name}` : `;${name}=${value}`;
  }
  return text;
}
