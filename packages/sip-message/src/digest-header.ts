import {
  COMMA,
  EQUALS,
  HEX,
  QUOTE,
  consistsOf,
  isSafe,
  quote,
  skipQuoted,
  skipSpace,
  tokenEnd,
  unquote,
} from "./characters.ts";
import { type DigestAlgorithm, type DigestQop, digestAlgorithm } from "./digest.ts";
import { SipMessageError } from "./errors.ts";

/** A WWW-Authenticate or Proxy-Authenticate value. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: DigestAlgorithm;
  /** In order of the header, unknown ones left out; empty when the header has no qop. */
  readonly qop: readonly DigestQop[];
  readonly opaque?: string;
  /** The nonce was too old, the password is not in doubt. */
  readonly stale?: boolean;
}

/** An Authorization or Proxy-Authorization value. */
export interface DigestCredentials {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  /** Hexadecimal, in lower case. */
  readonly response: string;
  readonly algorithm: DigestAlgorithm;
  readonly opaque?: string;
  /** `qop`, `nc` and `cnonce` are present together or not at all. */
  readonly qop?: DigestQop;
  /** Eight hexadecimal digits. */
  readonly nc?: string;
  readonly cnonce?: string;
}

/** Undefined for another scheme or algorithm, and for a challenge that cannot be answered. */
export function parseDigestChallenge(value: string): DigestChallenge | undefined {
  const parameters = parseAuthParameters(value);
  const realm = parameters?.get("realm");
  const nonce = parameters?.get("nonce");
  const algorithm = digestAlgorithm(parameters?.get("algorithm"));
  const offered = parameters?.get("qop");
  const qop = offered === undefined ? [] : offered.split(",").map(qopOf).filter(isKnown);
  if (realm === undefined || nonce === undefined || algorithm === undefined) {
    return undefined;
  }
  if (offered !== undefined && qop.length === 0) {
    return undefined;
  }
  const opaque = parameters?.get("opaque");
  const stale = parameters?.get("stale")?.toLowerCase();
  return {
    realm,
    nonce,
    algorithm,
    qop,
    ...(opaque === undefined ? {} : { opaque }),
    ...(stale === undefined ? {} : { stale: stale === "true" }),
  };
}

/** Throws UNSAFE_HEADER for a text with CR, LF or NUL. */
export function formatDigestChallenge(challenge: DigestChallenge): string {
  return formatAuthParameters([
    ["realm", quoted(challenge.realm)],
    ["nonce", quoted(challenge.nonce)],
    ["algorithm", challenge.algorithm],
    ["qop", challenge.qop.length === 0 ? undefined : quoted(challenge.qop.join(","))],
    ["opaque", quoted(challenge.opaque)],
    ["stale", challenge.stale === undefined ? undefined : String(challenge.stale)],
  ]);
}

/** Undefined for another scheme or algorithm, and for anything that no digest can be computed from. */
export function parseDigestCredentials(value: string): DigestCredentials | undefined {
  const parameters = parseAuthParameters(value);
  const algorithm = digestAlgorithm(parameters?.get("algorithm"));
  if (parameters === undefined || algorithm === undefined) {
    return undefined;
  }
  const username = parameters.get("username");
  const realm = parameters.get("realm");
  const nonce = parameters.get("nonce");
  const uri = parameters.get("uri");
  const response = parameters.get("response")?.toLowerCase();
  const protection = parseProtection(parameters);
  if (username === undefined || realm === undefined || nonce === undefined || uri === undefined) {
    return undefined;
  }
  const digits = algorithm === "MD5" ? 32 : 64;
  if (response?.length !== digits || !consistsOf(response, HEX) || protection === undefined) {
    return undefined;
  }
  const opaque = parameters.get("opaque");
  const optional = opaque === undefined ? protection : { ...protection, opaque };
  return { username, realm, nonce, uri, response, algorithm, ...optional };
}

/** Throws UNSAFE_HEADER for a text with CR, LF or NUL. */
export function formatDigestCredentials(credentials: DigestCredentials): string {
  return formatAuthParameters([
    ["username", quoted(credentials.username)],
    ["realm", quoted(credentials.realm)],
    ["nonce", quoted(credentials.nonce)],
    ["uri", quoted(credentials.uri)],
    ["response", quoted(credentials.response)],
    ["algorithm", credentials.algorithm],
    ["cnonce", quoted(credentials.cnonce)],
    ["opaque", quoted(credentials.opaque)],
    ["qop", credentials.qop],
    ["nc", credentials.nc],
  ]);
}

interface Protection {
  readonly qop?: DigestQop;
  readonly nc?: string;
  readonly cnonce?: string;
}

function parseProtection(parameters: ReadonlyMap<string, string>): Protection | undefined {
  const named = parameters.get("qop");
  if (named === undefined) {
    return {};
  }
  const qop = qopOf(named);
  const nc = parameters.get("nc");
  const cnonce = parameters.get("cnonce");
  const complete = qop !== undefined && cnonce !== undefined && nc?.length === 8 && consistsOf(nc, HEX);
  return complete ? { qop, nc, cnonce } : undefined;
}

function qopOf(name: string): DigestQop | undefined {
  const lower = name.trim().toLowerCase();
  return lower === "auth" || lower === "auth-int" ? lower : undefined;
}

function isKnown(qop: DigestQop | undefined): qop is DigestQop {
  return qop !== undefined;
}

/** `Digest name=value, name="value"`; names in lower case, values without quotes. A name that stands twice is malformed. */
function parseAuthParameters(value: string): ReadonlyMap<string, string> | undefined {
  const start = skipSpace(value, 0);
  const schemeEnd = tokenEnd(value, start);
  const isDigest = value.slice(start, schemeEnd).toLowerCase() === "digest";
  const parameters = new Map<string, string>();
  const isRead =
    isDigest &&
    eachAuthParameter(value, schemeEnd, (name, text) => {
      const isNew = !parameters.has(name);
      parameters.set(name, unquote(text));
      return isNew;
    });
  return isRead ? parameters : undefined;
}

/**
 * Reads `scheme name=value, …` of any scheme, or the parameters alone of Authentication-Info, to the end; false when
 * there is none, or anything else.
 */
export function isAuthHeader(value: string, hasScheme: boolean): boolean {
  const schemeEnd = hasScheme ? tokenEnd(value, 0) : -1;
  return schemeEnd !== 0 && eachAuthParameter(value, schemeEnd, () => true);
}

/** Gives each parameter after the white space at `start` (or at the beginning, for -1) to `take`; false once that is. */
function eachAuthParameter(value: string, start: number, take: (name: string, text: string) => boolean): boolean {
  let index = skipSpace(value, Math.max(0, start));
  let isRead = index > start;
  while (isRead) {
    const nameEnd = tokenEnd(value, index);
    const equals = skipSpace(value, nameEnd);
    const valueStart = skipSpace(value, equals + 1);
    const isQuoted = value.charCodeAt(valueStart) === QUOTE;
    const valueEnd = isQuoted ? skipQuoted(value, valueStart) : unquotedEnd(value, valueStart);
    const isWhole = nameEnd > index && value.charCodeAt(equals) === EQUALS && valueEnd > valueStart;
    isRead = isWhole && take(value.slice(index, nameEnd).toLowerCase(), value.slice(valueStart, valueEnd));
    const after = skipSpace(value, Math.max(0, valueEnd));
    if (isRead && after === value.length) {
      return true;
    }
    isRead &&= value.charCodeAt(after) === COMMA;
    index = skipSpace(value, after + 1);
  }
  return false;
}

/** Wider than a token: some phones leave the quotes of `uri` out. */
function unquotedEnd(value: string, start: number): number {
  let index = start;
  while (index < value.length) {
    const code = value.charCodeAt(index);
    if (code <= 0x20 || code === COMMA || code === QUOTE) {
      break;
    }
    index += 1;
  }
  return index;
}

function quoted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : quote(text);
}

function formatAuthParameters(parameters: readonly (readonly [string, string | undefined])[]): string {
  const written: string[] = [];
  for (const [name, value] of parameters) {
    if (value !== undefined) {
      written.push(`${name}=${value}`);
    }
  }
  const text = `Digest ${written.join(", ")}`;
  if (!isSafe(text)) {
    throw new SipMessageError("UNSAFE_HEADER", { scheme: "Digest" });
  }
  return text;
}
