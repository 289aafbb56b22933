import {
  COLON,
  COMMA,
  GREATER_THAN,
  LESS_THAN,
  QUOTE,
  SEMICOLON,
  SPACE,
  TAB,
  TOKEN,
  URI_TEXT,
  runEnd,
  skipQuoted,
  skipSpace,
} from "./characters.ts";
import { NameMemory, ParameterCursor } from "./parameters.ts";
import { uriScheme } from "./uri-scheme.ts";

/**
 * Where the parts of one entry of From, To, Contact, Route … stand: name-addr or addr-spec with its parameters
 * (RFC 3261 §25.1). Used again for the next entry: reading allocates nothing.
 */
export class AddressEntry {
  /** The display name with its quotes; the same as `displayEnd` when there is none. */
  displayStart = 0;
  displayEnd = 0;
  /** Without brackets. */
  uriStart = 0;
  uriEnd = 0;
  isBracketed = false;
  parametersStart = 0;
  /** Value of the `tag` parameter; -1 when there is none. */
  tagStart = -1;
  tagEnd = -1;
  /** Of the comma after the entry, or of the text. */
  end = 0;
  readonly #parameter = new ParameterCursor();
  readonly #names = new NameMemory();

  /** Reads the entry at `start`; false when quotes or brackets do not match, or anything but parameters follows the URI. */
  read(text: string, start: number): boolean {
    const afterUri = this.#readAddress(text, skipSpace(text, start));
    return afterUri !== -1 && this.#readParameters(text, skipSpace(text, afterUri));
  }

  /** A display name that is neither a quoted string nor tokens with spaces between them. */
  hasOddDisplay(text: string): boolean {
    for (
      let index = this.displayStart;
      index < this.displayEnd && text.charCodeAt(this.displayStart) !== QUOTE;
      index += 1
    ) {
      const code = text.charCodeAt(index);
      if (TOKEN[code] !== 1 && code !== SPACE) {
        return true;
      }
    }
    return false;
  }

  #readAddress(text: string, start: number): number {
    this.displayStart = start;
    this.displayEnd = start;
    if (text.charCodeAt(start) === QUOTE) {
      const quoteEnd = skipQuoted(text, start);
      this.displayEnd = quoteEnd;
      const bracket = quoteEnd === -1 ? -1 : skipSpace(text, quoteEnd);
      return bracket !== -1 && text.charCodeAt(bracket) === LESS_THAN ? this.#readBracketed(text, bracket) : -1;
    }
    const end = displayEnd(text, start);
    if (text.charCodeAt(end) === LESS_THAN) {
      this.displayEnd = trimmedEnd(text, start, end);
      return this.#readBracketed(text, end);
    }
    return text.charCodeAt(end) === COLON ? this.#readBare(text, start) : -1;
  }

  #readBracketed(text: string, bracket: number): number {
    this.isBracketed = true;
    this.uriStart = bracket + 1;
    this.uriEnd = runEnd(text, URI_TEXT, bracket + 1);
    const isWhole = text.charCodeAt(this.uriEnd) === GREATER_THAN && hasScheme(text, this.uriStart, this.uriEnd);
    return isWhole ? this.uriEnd + 1 : -1;
  }

  /** RFC 3261 §20: a URI with a comma, question mark or semicolon must be in brackets. */
  #readBare(text: string, start: number): number {
    let end = start;
    while (URI_TEXT[text.charCodeAt(end)] === 1 && !endsBare(text.charCodeAt(end))) {
      end += 1;
    }
    this.isBracketed = false;
    this.uriStart = start;
    this.uriEnd = end;
    return text.charCodeAt(end) !== QUESTION && hasScheme(text, start, end) ? end : -1;
  }

  #readParameters(text: string, start: number): boolean {
    const parameter = this.#parameter;
    this.parametersStart = start;
    this.tagStart = -1;
    this.#names.clear();
    let index = start;
    while (index !== -1 && text.charCodeAt(index) === SEMICOLON) {
      index = parameter.read(text, index);
      if (index !== -1 && !this.#names.add(text, parameter.nameStart, parameter.nameEnd)) {
        return false;
      }
      if (index !== -1 && parameter.isNamed(text, "tag")) {
        this.tagStart = parameter.valueStart;
        this.tagEnd = parameter.valueEnd;
      }
    }
    this.end = index;
    return index !== -1 && (index === text.length || text.charCodeAt(index) === COMMA);
  }
}

const QUESTION = 0x3f;
const DELETE = 0x7f;

/** Index of the `<` after a display name, of the `:` of a scheme, or of what can be in neither. */
function displayEnd(text: string, start: number): number {
  let index = start;
  while (index < text.length && !endsDisplay(text.charCodeAt(index))) {
    index += 1;
  }
  return index;
}

/** Control characters, too: they are in no address. */
function endsDisplay(code: number): boolean {
  return (
    (code < SPACE && code !== TAB) ||
    code === DELETE ||
    code === LESS_THAN ||
    code === COLON ||
    code === QUOTE ||
    code === COMMA ||
    code === SEMICOLON ||
    code === GREATER_THAN
  );
}

function trimmedEnd(text: string, start: number, end: number): number {
  let trimmed = end;
  while (trimmed > start && text.charCodeAt(trimmed - 1) <= SPACE) {
    trimmed -= 1;
  }
  return trimmed;
}

function endsBare(code: number): boolean {
  return code === SEMICOLON || code === COMMA || code === QUESTION;
}

function hasScheme(text: string, start: number, end: number): boolean {
  return text.startsWith("sip:", start) ? end > start + 4 : uriScheme(text.slice(start, end)) !== undefined;
}
