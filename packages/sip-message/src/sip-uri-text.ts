import { COLON, HEX, HOST, IPV6, PERCENT, SEMICOLON, URI_TEXT, consistsOf, runEnd } from "./characters.ts";
import { NameMemory, parseUriParameters } from "./parameters.ts";

const AT = 0x40;
const EQUALS = 0x3d;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const QUESTION = 0x3f;

/** Where the parts of a SIP or SIPS URI stand (RFC 3261 §19.1). Used again for the next one: reading allocates nothing. */
export class SipUriText {
  isSips = false;
  userStart = 0;
  /** Of user and password; -1 when there is none. */
  userInfoEnd = -1;
  /** Of the colon before a password; -1 when there is none. */
  passwordColon = -1;
  /** Without the brackets of an IPv6 address. */
  hostStart = 0;
  hostEnd = 0;
  /** 0 when there is none. */
  port = 0;
  parametersStart = 0;
  parametersEnd = 0;
  hasHeaders = false;
  readonly #names = new NameMemory();

  /** False when `text` from `start` to `end` is not a well-formed URI of these schemes. */
  read(text: string, start: number, end: number): boolean {
    const schemeEnd = sipSchemeEnd(text, start);
    if (schemeEnd === -1) {
      return false;
    }
    this.isSips = schemeEnd - start === 5;
    const afterUser = this.#readUserInfo(text, schemeEnd, end);
    const afterHost = afterUser === -1 ? -1 : this.#readHost(text, afterUser, end);
    const afterPort = afterHost === -1 ? -1 : this.#readPort(text, afterHost, end);
    return afterPort !== -1 && this.#readParameters(text, afterPort, end);
  }

  /** The user part may hold `;` and `?` (RFC 4475 §3.1.1.9), so `@` is looked for first; it stands once or not at all. */
  #readUserInfo(text: string, start: number, end: number): number {
    let at = -1;
    for (let index = start; index < end; index += 1) {
      const code = text.charCodeAt(index);
      if (URI_TEXT[code] !== 1 || (code === AT && at !== -1)) {
        return -1;
      }
      at = code === AT ? index : at;
    }
    this.userStart = start;
    this.userInfoEnd = at;
    this.passwordColon = -1;
    if (at === -1) {
      return start;
    }
    return this.#checkUserInfo(text, start, at) ? at + 1 : -1;
  }

  #checkUserInfo(text: string, start: number, end: number): boolean {
    for (let index = start; index < end; index += 1) {
      const code = text.charCodeAt(index);
      if (code === COLON && this.passwordColon === -1) {
        this.passwordColon = index;
      } else if (code === PERCENT && !(index + 3 <= end && consistsOf(text, HEX, index + 1, index + 3))) {
        return false;
      }
    }
    return end > start && this.passwordColon !== start;
  }

  #readHost(text: string, start: number, end: number): number {
    if (text.charCodeAt(start) !== OPEN) {
      this.hostStart = start;
      this.hostEnd = runEnd(text, HOST, start, end);
      return this.hostEnd === start ? -1 : this.hostEnd;
    }
    this.hostStart = start + 1;
    this.hostEnd = runEnd(text, IPV6, start + 1, end);
    const isAddress =
      text.charCodeAt(this.hostEnd) === CLOSE && this.hostEnd < end && hasTwoColons(text, start, this.hostEnd);
    return isAddress ? this.hostEnd + 1 : -1;
  }

  #readPort(text: string, start: number, end: number): number {
    this.port = 0;
    if (start >= end || text.charCodeAt(start) !== COLON) {
      return start;
    }
    const after = portEnd(text, start + 1, end);
    this.port = after === -1 ? 0 : portAt(text, start + 1, after);
    return this.port === 0 ? -1 : after;
  }

  #readParameters(text: string, start: number, end: number): boolean {
    this.parametersStart = start;
    let index = start;
    let isNamed = true;
    let isPlain = true;
    this.#names.clear();
    while (isNamed && index < end && text.charCodeAt(index) === SEMICOLON) {
      const nameStart = index + 1;
      index = nameStart;
      while (index < end && !endsParameterName(text.charCodeAt(index))) {
        isPlain &&= text.charCodeAt(index) !== PERCENT;
        index += 1;
      }
      isNamed = index > nameStart;
      isPlain &&= this.#names.add(text, nameStart, index);
      while (index < end && !endsParameter(text.charCodeAt(index))) {
        index += 1;
      }
    }
    this.parametersEnd = index;
    this.hasHeaders = index < end;
    const isWhole = isNamed && (index === end || text.charCodeAt(index) === QUESTION);
    // Too rare to be quick about: two names that differ by their escapes only are one (RFC 3261 §19.1.4), and one may stand twice.
    return isWhole && (isPlain || parseUriParameters(text, start, index) !== undefined);
  }
}

/** Index after `sip:` or `sips:` in any case, or -1. */
function sipSchemeEnd(text: string, start: number): number {
  const isSip = lower(text, start) === 0x73 && lower(text, start + 1) === 0x69 && lower(text, start + 2) === 0x70;
  if (!isSip) {
    return -1;
  }
  const fourth = text.charCodeAt(start + 3);
  if (fourth === COLON) {
    return start + 4;
  }
  return (fourth | 0x20) === 0x73 && text.charCodeAt(start + 4) === COLON ? start + 5 : -1;
}

function lower(text: string, index: number): number {
  return text.charCodeAt(index) | 0x20;
}

/** An address has at least two; its exact form is for whoever opens a socket to it. */
export function hasTwoColons(text: string, start: number, end: number): boolean {
  let colons = 0;
  for (let index = start; index < end; index += 1) {
    colons += text.charCodeAt(index) === COLON ? 1 : 0;
  }
  return colons >= 2;
}

const DIGITS_OF_A_PORT = 5;

/** Index after 1 to 5 digits, or -1. */
export function portEnd(text: string, start: number, end: number): number {
  let index = start;
  while (index < end && isDigit(text.charCodeAt(index))) {
    index += 1;
  }
  return index > start && index - start <= DIGITS_OF_A_PORT ? index : -1;
}

/** The number in those digits, 0 when it is no port. */
export function portAt(text: string, start: number, end: number): number {
  let port = 0;
  for (let index = start; index < end; index += 1) {
    port = port * 10 + text.charCodeAt(index) - 0x30;
  }
  return port <= 65_535 ? port : 0;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function endsParameterName(code: number): boolean {
  return code === EQUALS || endsParameter(code);
}

function endsParameter(code: number): boolean {
  return code === SEMICOLON || code === QUESTION;
}
