import {
  COLON,
  COMMA,
  HOST,
  IPV6,
  QUOTE,
  SEMICOLON,
  TOKEN,
  TOKEN_OR_HOST,
  runEnd,
  skipSpace,
  tokenEnd,
} from "./characters.ts";
import { NameMemory, ParameterCursor } from "./parameters.ts";
import { hasTwoColons, portAt, portEnd } from "./sip-uri-text.ts";

const OPEN = 0x5b;
const CLOSE = 0x5d;

/** Where the parts of one entry of Via stand (RFC 3261 §20.42). Used again for the next: reading allocates nothing. */
export class ViaEntry {
  start = 0;
  transportStart = 0;
  transportEnd = 0;
  /** Without the brackets of an IPv6 address. */
  hostStart = 0;
  hostEnd = 0;
  /** 0 when there is none. */
  port = 0;
  parametersStart = 0;
  /** Value of the `branch` parameter; -1 when there is none. */
  branchStart = -1;
  branchEnd = -1;
  hasRport = false;
  hasReceived = false;
  /** Before `branch` there is a value that is no token: an address. */
  isBranchHidden = false;
  /** Of the comma after the entry, or of the text. */
  end = 0;
  readonly #parameter = new ParameterCursor();
  readonly #names = new NameMemory();

  /** Reads the entry at `start`; false when it is malformed or of another version than SIP/2.0. */
  read(text: string, start: number): boolean {
    this.start = skipSpace(text, start);
    const transportStart = protocolEnd(text, this.start);
    if (transportStart === -1) {
      return false;
    }
    this.transportStart = transportStart;
    this.transportEnd = tokenEnd(text, transportStart);
    const hostStart = skipSpace(text, this.transportEnd);
    const isSeparate = this.transportEnd > transportStart && hostStart > this.transportEnd;
    const afterHost = isSeparate ? this.#readHost(text, hostStart) : -1;
    const afterPort = afterHost === -1 ? -1 : this.#readPort(text, skipSpace(text, afterHost));
    return afterPort !== -1 && this.#readParameters(text, afterPort);
  }

  #readHost(text: string, start: number): number {
    if (text.charCodeAt(start) !== OPEN) {
      this.hostStart = start;
      this.hostEnd = runEnd(text, HOST, start);
      return this.hostEnd === start ? -1 : this.hostEnd;
    }
    this.hostStart = start + 1;
    this.hostEnd = runEnd(text, IPV6, start + 1);
    const isAddress = text.charCodeAt(this.hostEnd) === CLOSE && hasTwoColons(text, start, this.hostEnd);
    return isAddress ? this.hostEnd + 1 : -1;
  }

  #readPort(text: string, start: number): number {
    this.port = 0;
    if (text.charCodeAt(start) !== COLON) {
      return start;
    }
    const digits = skipSpace(text, start + 1);
    const after = portEnd(text, digits, text.length);
    this.port = after === -1 ? 0 : portAt(text, digits, after);
    return this.port === 0 ? -1 : skipSpace(text, after);
  }

  #readParameters(text: string, start: number): boolean {
    const parameter = this.#parameter;
    this.parametersStart = start;
    this.branchStart = -1;
    this.hasRport = false;
    this.hasReceived = false;
    this.isBranchHidden = false;
    let hasHostValue = false;
    this.#names.clear();
    let index = start;
    while (index !== -1 && text.charCodeAt(index) === SEMICOLON) {
      index = parameter.read(text, index, TOKEN_OR_HOST);
      if (index !== -1 && !this.#names.add(text, parameter.nameStart, parameter.nameEnd)) {
        return false;
      }
      if (index !== -1) {
        this.#note(text, parameter);
        this.isBranchHidden ||= hasHostValue && this.branchStart === parameter.valueStart;
        hasHostValue ||= isHostValue(text, parameter);
      }
    }
    this.end = index;
    return index !== -1 && (index === text.length || text.charCodeAt(index) === COMMA);
  }

  #note(text: string, parameter: ParameterCursor): void {
    if (parameter.isNamed(text, "branch")) {
      this.branchStart = parameter.valueStart;
      this.branchEnd = parameter.valueEnd;
    } else if (parameter.isNamed(text, "rport")) {
      this.hasRport = true;
    } else if (parameter.isNamed(text, "received")) {
      this.hasReceived = true;
    }
  }
}

function isHostValue(text: string, { valueStart, valueEnd }: ParameterCursor): boolean {
  return text.charCodeAt(valueStart) !== QUOTE && runEnd(text, TOKEN, valueStart, valueEnd) < valueEnd;
}

/** Index after `SIP/2.0/` with white space around the slashes, or -1. */
function protocolEnd(text: string, start: number): number {
  if (text.startsWith("SIP/2.0/", start)) {
    return skipSpace(text, start + 8);
  }
  const name = tokenEnd(text, start);
  const firstSlash = skipSpace(text, name);
  const version = skipSpace(text, firstSlash + 1);
  const versionEnd = tokenEnd(text, version);
  const secondSlash = skipSpace(text, versionEnd);
  const matches =
    text.slice(start, name).toUpperCase() === "SIP" &&
    text[firstSlash] === "/" &&
    text.slice(version, versionEnd) === "2.0" &&
    text[secondSlash] === "/";
  return matches ? skipSpace(text, secondSlash + 1) : -1;
}
