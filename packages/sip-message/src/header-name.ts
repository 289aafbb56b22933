import { isToken } from "./characters.ts";
import { HEADER_RULES, type HeaderRule } from "./header-rules.ts";

/** Compact forms registered at IANA (RFC 3261 §7.3.3 and its extensions). */
const COMPACT_FORMS: Readonly<Record<string, string>> = {
  a: "accept-contact",
  b: "referred-by",
  c: "content-type",
  d: "request-disposition",
  e: "content-encoding",
  f: "from",
  i: "call-id",
  j: "reject-contact",
  k: "supported",
  l: "content-length",
  m: "contact",
  n: "identity-info",
  o: "event",
  r: "refer-to",
  s: "subject",
  t: "to",
  u: "allow-events",
  v: "via",
  x: "session-expires",
  y: "identity",
};

const USUAL_NAMES = `Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events
Authentication-Info Authorization Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-Language
Content-Length Content-Type CSeq Date Diversion Error-Info Event Expires From History-Info Identity Identity-Info In-Reply-To
Max-Forwards MIME-Version Min-Expires Min-SE Organization P-Access-Network-Info P-Asserted-Identity P-Early-Media
P-Preferred-Identity Path Priority Privacy Proxy-Authenticate Proxy-Authorization Proxy-Require RAck RSeq Reason
Record-Route Refer-Sub Refer-To Referred-By Reject-Contact Remote-Party-ID Replaces Reply-To Request-Disposition
Require Retry-After Route Server Service-Route Session-Expires SIP-ETag SIP-If-Match Subject Subscription-State
Supported Timestamp To Unsupported User-Agent User-to-User Via Warning WWW-Authenticate`.split(/\s+/);

const USUAL = new Map(USUAL_NAMES.map((name) => [name.toLowerCase(), name]));

/** The spelling of a canonical name that people expect: `Call-ID` for `call-id`. */
export function usualName(key: string): string {
  return USUAL.get(key) ?? key;
}

// Filled once and never from the network, so that it cannot grow.
const CANONICAL = new Map<string, string>();
for (const name of USUAL_NAMES) {
  const lower = name.toLowerCase();
  CANONICAL.set(name, lower).set(lower, lower).set(name.toUpperCase(), lower);
}
for (const [compact, long] of Object.entries(COMPACT_FORMS)) {
  CANONICAL.set(compact, long).set(compact.toUpperCase(), long);
}

/** A header name in the forms that are needed of it. */
export interface HeaderName {
  /** As written. */
  readonly name: string;
  /** Canonical. */
  readonly key: string;
  /** What stands between the line before and the value on the wire. */
  readonly prefix: string;
  readonly isCompact: boolean;
  /**
   * Not read alike by all: compact, unknown here, or of those whose capitals drachtio-srf keeps, so that `X-A` and
   * `x-a` are two headers to it.
   */
  readonly isOdd: boolean;
  /** `unescape` of JavaScript would make another name of it; a `%` that means nothing is a character like others (RFC 4475 §3.1.1.2). */
  readonly hasEscape: boolean;
  /** RFC 3261 §25.1: else it may not be written. */
  readonly isToken: boolean;
  readonly rule: HeaderRule | undefined;
}

const ESCAPE = /%(?:u[0-9a-f]{2})?[0-9a-f]{2}/i;

function createName(name: string, key: string): HeaderName {
  const isCompact = key.length !== name.length;
  const isOdd = isCompact || !USUAL.has(key) || /^(?:[xp]-|diversion$)/.test(key);
  const hasEscape = name.includes("%") && ESCAPE.test(name);
  const prefix = `\r\n${name}: `;
  return { name, key, prefix, isCompact, isOdd, hasEscape, isToken: isToken(name), rule: HEADER_RULES.get(key) };
}

/** The usual spellings by length and first character, so that the parser need not cut a name out to know it. */
const SPELLINGS: HeaderName[][] = Array.from({ length: 32 * 32 }, () => []);
for (const [name, key] of CANONICAL) {
  SPELLINGS[bucketOf(name.length, name.charCodeAt(0))]?.push(createName(name, key));
}

const NO_SPELLINGS: readonly HeaderName[] = [];

/** The name that stands in `text` from `start` to `end`. */
export function headerNameAt(text: string, start: number, end: number): HeaderName {
  const spellings = SPELLINGS[bucketOf(end - start, text.charCodeAt(start))] ?? NO_SPELLINGS;
  for (const spelling of spellings) {
    if (standsAt(text, start, spelling.name)) {
      return spelling;
    }
  }
  const name = text.slice(start, end);
  return createName(name, canonicalName(name));
}

/** `startsWith` for short names of the same length, where a call of it costs more than the comparison. */
function standsAt(text: string, start: number, name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    if (text.charCodeAt(start + index) !== name.charCodeAt(index)) {
      return false;
    }
  }
  return true;
}

export function headerName(name: string): HeaderName {
  return headerNameAt(name, 0, name.length);
}

function bucketOf(length: number, firstCharacter: number): number {
  return length * 32 + (firstCharacter & 31);
}

/** The form in which header names are compared: the long name in lower case (`call-id` for `i`, `I`, `CALL-id`). */
export function canonicalName(name: string): string {
  const usual = CANONICAL.get(name);
  if (usual !== undefined) {
    return usual;
  }
  const lower = name.toLowerCase();
  return CANONICAL.get(lower) ?? lower;
}
