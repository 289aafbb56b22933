/** One challenge or one set of credentials of an authentication header. */
export interface AuthValue {
  /** Lower case: `digest`. */
  readonly scheme: string;
  /** Names in lower case; quotes and escapes removed. */
  readonly params: ReadonlyMap<string, string>;
}

const MAX_LENGTH = 4096; // an honest header is a tenth of this
const MAX_PARAMS = 64;
const TOKEN = /[!%'*+.0-9A-Z^_`a-z|~-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const BARE_VALUE = /[^\s,"]+/y;
const SPACE = /[ \t\r\n]*/y;

/** Walks a text by sticky expressions; each is linear and none can match what another one has left. */
class Scanner {
  readonly #text: string;
  position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.position >= this.#text.length;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.#text);
    if (found === null) {
      return undefined;
    }
    this.position = pattern.lastIndex;
    return found;
  }

  takeCharacter(character: string): boolean {
    if (this.#text[this.position] !== character) {
      return false;
    }
    this.position += 1;
    return true;
  }
}

function takeValue(scanner: Scanner): string | undefined {
  const quoted = scanner.take(QUOTED);
  return quoted === undefined ? scanner.take(BARE_VALUE)?.[0] : (quoted[1] ?? "").replaceAll(/\\(.)/g, "$1");
}

/**
 * Every challenge or set of credentials in a header value. drachtio-srf joins several header fields by commas, so one
 * text may hold many. Undefined when it is not well-formed, too long, or names a parameter twice.
 */
export function parseAuthValues(text: string): readonly AuthValue[] | undefined {
  if (text.length > MAX_LENGTH) {
    return undefined;
  }
  const scanner = new Scanner(text);
  const values: { scheme: string; params: Map<string, string> }[] = [];
  let count = 0;
  while (true) {
    scanner.take(SPACE);
    if (scanner.atEnd) {
      return values;
    }
    const name = scanner.take(TOKEN)?.[0].toLowerCase();
    if (name === undefined) {
      return undefined;
    }
    const spaced = (scanner.take(SPACE)?.[0] ?? "") !== "";
    if (scanner.takeCharacter("=")) {
      scanner.take(SPACE);
      const value = takeValue(scanner);
      const current = values.at(-1);
      if (value === undefined || current === undefined || current.params.has(name) || ++count > MAX_PARAMS) {
        return undefined;
      }
      current.params.set(name, value);
      scanner.take(SPACE);
      if (!scanner.takeCharacter(",") && !scanner.atEnd) {
        return undefined;
      }
    } else if (spaced) {
      values.push({ scheme: name, params: new Map() });
    } else {
      return undefined;
    }
  }
}

/** `name=value` pairs of one header value; a value that is not a token by its nature is quoted. */
export function formatAuthValue(
  params: readonly (readonly [name: string, value: string, form: "quoted" | "bare"])[],
): string {
  const parts = params.map(([name, value, form]) =>
    form === "bare" ? `${name}=${value}` : `${name}="${value.replaceAll(/["\\]/g, "\\$&")}"`,
  );
  return `Digest ${parts.join(", ")}`;
}
