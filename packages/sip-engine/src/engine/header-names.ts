/** Names whose capitals do not follow their dashes. RFC 3261 §7.3.1 compares without case; people read the usual form. */
const IRREGULAR = new Map(
  [
    "Call-ID",
    "CSeq",
    "MIME-Version",
    "Min-SE",
    "RAck",
    "RSeq",
    "SIP-ETag",
    "SIP-If-Match",
    "WWW-Authenticate",
    "Content-ID",
    "P-Charging-Function-Addresses",
  ].map((name) => [name.toLowerCase(), name]),
);

const CACHE_SIZE = 1024;
const cache = new Map<string, string>();

function capitalize(name: string): string {
  return name
    .split("-")
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1).toLowerCase())
    .join("-");
}

/** The usual spelling of a header name: `retry-after` is `Retry-After`, `cseq` is `CSeq`. */
export function canonicalHeaderName(name: string): string {
  const known = cache.get(name);
  if (known !== undefined) {
    return known;
  }
  const canonical = IRREGULAR.get(name.toLowerCase()) ?? capitalize(name);
  if (cache.size < CACHE_SIZE) {
    cache.set(name, canonical);
  }
  return canonical;
}
