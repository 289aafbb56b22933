export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const PERCENT = 0x25;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LESS_THAN = 0x3c;
export const EQUALS = 0x3d;
export const GREATER_THAN = 0x3e;
export const BACKSLASH = 0x5c;

const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** A set of ASCII characters as a table: one look-up a character, no regular expression. */
export function characterSet(members: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let index = 0; index < members.length; index += 1) {
    table[members.charCodeAt(index)] = 1;
  }
  return table;
}

function visible(): Uint8Array {
  return new Uint8Array(256).fill(1, 0x21, 0x7f);
}

function exclude(table: Uint8Array, members: string): Uint8Array {
  for (const member of members) {
    table[member.charCodeAt(0)] = 0;
  }
  return table;
}

/** RFC 3261 §25.1 token. */
export const TOKEN = characterSet(`${ALPHANUMERIC}-.!%*_+\`'~`);
/** Host names, and `_`, which real networks use. */
export const HOST = characterSet(`${ALPHANUMERIC}-._`);
export const IPV6 = characterSet("0123456789abcdefABCDEF:.");
/** What a URI is written in: visible ASCII without quotes and angle brackets. */
export const URI_TEXT = exclude(visible(), '<>"');
/** Visible ASCII, of which Call-IDs are. RFC 3261 §25.1 has fewer, and all of them read alike. */
export const VISIBLE = visible();
/** Values of Via parameters: token or host. */
export const TOKEN_OR_HOST = characterSet(`${ALPHANUMERIC}-.!%*_+\`'~[]:`);
export const DIGITS = characterSet("0123456789");
export const HEX = characterSet("0123456789abcdefABCDEF");

/** True when every character of `text` from `start` up to `end` is in `set`, and there is at least one. */
export function consistsOf(text: string, set: Uint8Array, start = 0, end = text.length): boolean {
  for (let index = start; index < end; index += 1) {
    if (set[text.charCodeAt(index)] !== 1) {
      return false;
    }
  }
  return end > start;
}

/** Index of the first character from `start` up to `end` that is not in `set`. */
export function runEnd(text: string, set: Uint8Array, start: number, end = text.length): number {
  let index = start;
  while (index < end && set[text.charCodeAt(index)] === 1) {
    index += 1;
  }
  return index;
}

export function tokenEnd(text: string, start: number): number {
  return runEnd(text, TOKEN, start);
}

export function isToken(text: string): boolean {
  return consistsOf(text, TOKEN);
}

/** Index of the first character from `start` that is neither space nor tab. */
export function skipSpace(text: string, start: number): number {
  let index = start;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code !== SPACE && code !== TAB) {
      break;
    }
    index += 1;
  }
  return index;
}

/** Index just after the quote that closes the one at `start`, or -1. A backslash takes the next character with it. */
export function skipQuoted(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      return index + 1;
    }
    if (code === BACKSLASH) {
      index += 1;
    }
  }
  return -1;
}

/** Content of a quoted string, or the text as it is. */
export function unquote(text: string): string {
  if (text.length < 2 || text.charCodeAt(0) !== QUOTE) {
    return text;
  }
  const inner = text.slice(1, -1);
  return inner.includes("\\") ? inner.replace(/\\([\s\S])/g, "$1") : inner;
}

export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** A decimal number of 1 to `maximumDigits` digits and nothing else, or undefined. */
export function parseDecimal(text: string, maximumDigits: number): number | undefined {
  if (text.length === 0 || text.length > maximumDigits) {
    return undefined;
  }
  let value = 0;
  for (let index = 0; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) {
      return undefined;
    }
    value = value * 10 + digit;
  }
  return value;
}

/**
 * CR, LF or NUL would end a header early, or cut it for readers written in C; U+2028 and U+2029 (here in UTF-8) are line
 * breaks for JavaScript. A character above 0xFF is no byte: written as latin1, U+010D would become a CR.
 */
export function isSafe(text: string): boolean {
  return !/[\0\r\n\u0100-\uffff]|\xe2\x80[\xa8\xa9]/.test(text);
}

/** True when every character is a byte. */
export function isByteText(text: string): boolean {
  return !/[\u0100-\uffff]/.test(text);
}
