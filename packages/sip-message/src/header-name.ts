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
Content-Length Content-Type CSeq Date Diversion Error-Info Event Expires From History-Info Identity In-Reply-To
Max-Forwards MIME-Version Min-Expires Min-SE Organization P-Access-Network-Info P-Asserted-Identity P-Early-Media
P-Preferred-Identity Path Priority Privacy Proxy-Authenticate Proxy-Authorization Proxy-Require RAck RSeq Reason
Record-Route Refer-Sub Refer-To Referred-By Reject-Contact Remote-Party-ID Replaces Reply-To Request-Disposition
Require Retry-After Route Server Service-Route Session-Expires SIP-ETag SIP-If-Match Subject Subscription-State
Supported Timestamp To Unsupported User-Agent User-to-User Via Warning WWW-Authenticate`.split(/\s+/);

// Filled once and never from the network, so that it cannot grow.
const CANONICAL = new Map<string, string>();
for (const name of USUAL_NAMES) {
  const lower = name.toLowerCase();
  CANONICAL.set(name, lower).set(lower, lower).set(name.toUpperCase(), lower);
}
for (const [compact, long] of Object.entries(COMPACT_FORMS)) {
  CANONICAL.set(compact, long).set(compact.toUpperCase(), long);
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
