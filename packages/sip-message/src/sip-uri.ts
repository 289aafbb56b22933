import { normalizeEscapes } from "./escapes.ts";
import { formatHostPort } from "./host-port.ts";
import { formatParameters, parseUriParameters } from "./parameters.ts";
import { SipUriText } from "./sip-uri-text.ts";

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

type Draft = { -readonly [Part in keyof SipUri]: SipUri[Part] };

const parts = new SipUriText();

export function parseSipUri(text: string): SipUri | undefined {
  if (!parts.read(text, 0, text.length)) {
    return undefined;
  }
  const { userStart, userInfoEnd, passwordColon, parametersStart, parametersEnd } = parts;
  const uri: Draft = {
    scheme: parts.isSips ? "sips" : "sip",
    host: text.slice(parts.hostStart, parts.hostEnd),
    parameters: parseUriParameters(text, parametersStart, parametersEnd) ?? new Map(),
  };
  if (parts.port !== 0) {
    uri.port = parts.port;
  }
  if (parts.hasHeaders) {
    uri.headers = text.slice(parametersEnd + 1);
  }
  if (userInfoEnd !== -1) {
    uri.user = text.slice(userStart, passwordColon === -1 ? userInfoEnd : passwordColon);
    if (passwordColon !== -1) {
      uri.password = text.slice(passwordColon + 1, userInfoEnd);
    }
  }
  return uri;
}

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
