import { HEX, consistsOf } from "./characters.ts";
import { normalizeEscapes } from "./escapes.ts";
import { formatHostPort, parseHostPort } from "./host-port.ts";
import { formatParameters, parseUriParameters } from "./parameters.ts";
import { uriScheme } from "./uri-scheme.ts";

/** A SIP or SIPS URI, RFC 3261 §19.1. Texts are as written, still percent-encoded. */
export interface SipUri {
  readonly scheme: "sip" | "sips";
  readonly user?: string;
  readonly password?: string;
  /** An IPv6 address is without brackets. */
  readonly host: string;
  readonly port?: number;
  /** Names in lower case; without value: "". */
  readonly parameters: ReadonlyMap<string, string>;
  /** What stands after `?`. */
  readonly headers?: string;
}

export function parseSipUri(text: string): SipUri | undefined {
  const scheme = uriScheme(text);
  if ((scheme !== "sip" && scheme !== "sips") || !isUriText(text)) {
    return undefined;
  }
  const start = scheme.length + 1;
  // The user part may hold `;` and `?` (RFC 4475 §3.1.1.9), so `@` is looked for first; it stands once or not at all.
  const at = text.indexOf("@", start);
  const hostStart = at === -1 ? start : at + 1;
  const question = text.indexOf("?", hostStart);
  const end = question === -1 ? text.length : question;
  const semicolon = text.indexOf(";", hostStart);
  const hostEnd = semicolon === -1 || semicolon > end ? end : semicolon;
  const hostPort = parseHostPort(text.slice(hostStart, hostEnd));
  const parameters = parseUriParameters(text, hostEnd, end);
  if (hostPort === undefined || parameters === undefined || text.indexOf("@", hostStart) !== -1) {
    return undefined;
  }
  const uri: Draft = { scheme, host: hostPort.host, parameters };
  if (hostPort.port !== undefined) {
    uri.port = hostPort.port;
  }
  if (question !== -1) {
    uri.headers = text.slice(question + 1);
  }
  return at === -1 ? uri : withUserInfo(uri, text.slice(start, at));
}

type Draft = { -readonly [Part in keyof SipUri]: SipUri[Part] };

export function formatSipUri(uri: SipUri): string {
  const password = uri.password === undefined ? "" : `:${uri.password}`;
  const userInfo = uri.user === undefined ? "" : `${uri.user}${password}@`;
  const headers = uri.headers === undefined ? "" : `?${uri.headers}`;
  return `${uri.scheme}:${userInfo}${formatHostPort(uri)}${formatParameters(uri.parameters)}${headers}`;
}

/** The user part with `%HH` undone, as byte text; `%` without two hexadecimal digits stays. */
export function decodeUser(user: string): string {
  return user.includes("%")
    ? user.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    : user;
}

/** RFC 3261 §19.1.4. Texts that are no SIP URIs are equal when they are the same text. */
export function sipUrisEqual(first: string | SipUri, second: string | SipUri): boolean {
  const a = typeof first === "string" ? parseSipUri(first) : first;
  const b = typeof second === "string" ? parseSipUri(second) : second;
  if (a === undefined || b === undefined) {
    return first === second;
  }
  return (
    a.scheme === b.scheme &&
    a.port === b.port &&
    a.host.toLowerCase() === b.host.toLowerCase() &&
    sameEscaped(a.user, b.user) &&
    sameEscaped(a.password, b.password) &&
    sameParameters(a.parameters, b.parameters) &&
    sameHeaders(a.headers, b.headers)
  );
}

/** A parameter that only one URI has is ignored, except these. */
const TELLING_PARAMETERS = ["user", "ttl", "method", "maddr", "transport"];

function sameParameters(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  for (const [name, value] of a) {
    const other = b.get(name);
    if (other === undefined ? TELLING_PARAMETERS.includes(name) : normal(value) !== normal(other)) {
      return false;
    }
  }
  return TELLING_PARAMETERS.every((name) => a.has(name) || !b.has(name));
}

function normal(parameter: string): string {
  return normalizeEscapes(parameter).toLowerCase();
}

function sameHeaders(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && headerSet(a) === headerSet(b));
}

function headerSet(headers: string): string {
  return headers.split("&").map(normal).toSorted().join("&");
}

function sameEscaped(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && normalizeEscapes(a) === normalizeEscapes(b));
}

function withUserInfo(uri: Draft, userInfo: string): SipUri | undefined {
  const colon = userInfo.indexOf(":");
  uri.user = colon === -1 ? userInfo : userInfo.slice(0, colon);
  if (colon !== -1) {
    uri.password = userInfo.slice(colon + 1);
  }
  return uri.user === "" || !hasWholeEscapes(userInfo) ? undefined : uri;
}

function hasWholeEscapes(text: string): boolean {
  for (let at = text.indexOf("%"); at !== -1; at = text.indexOf("%", at + 1)) {
    if (at + 3 > text.length || !consistsOf(text, HEX, at + 1, at + 3)) {
      return false;
    }
  }
  return true;
}

/** No white space, control characters, quotes or angle brackets. */
function isUriText(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code === 0x22 || code === 0x3c || code === 0x3e || code === 0x7f) {
      return false;
    }
  }
  return true;
}
