/** What the value of a header must be like. */
export type ValueCheck =
  | "via"
  | "tagged-address"
  | "addresses"
  | "contact"
  | "call-id"
  | "cseq"
  | "hops"
  | "length"
  | "seconds"
  | "content-type"
  | "credentials";

export interface HeaderRule {
  /** For people. */
  readonly name: string;
  readonly check?: ValueCheck;
  /** A bit of its own for a header that may stand once at most, else 0. */
  readonly flag: number;
}

/** Headers that are no list and that somebody decides by: two readers would choose differently between two of them. */
const SINGLE = [
  ["From", "To", "Call-ID", "CSeq"],
  ["Max-Forwards", "Content-Length", "Content-Type", "Content-Disposition", "Expires", "Date", "Min-Expires", "Event"],
  [
    "Subscription-State",
    "RAck",
    "RSeq",
    "Refer-To",
    "Referred-By",
    "Replaces",
    "Reply-To",
    "Session-Expires",
    "Min-SE",
  ],
  ["Retry-After", "SIP-ETag", "SIP-If-Match", "Identity", "MIME-Version"],
].flat();

const CHECKS: Readonly<Record<ValueCheck, readonly string[]>> = {
  via: ["Via"],
  "tagged-address": ["From", "To"],
  // drachtio-srf reads these with the same expressions as From and To.
  addresses: [
    ["Route", "Record-Route", "Path", "Service-Route", "Refer-To", "Referred-By", "Reply-To"],
    ["P-Asserted-Identity", "P-Preferred-Identity", "Diversion", "Remote-Party-ID"],
  ].flat(),
  contact: ["Contact"],
  "call-id": ["Call-ID"],
  cseq: ["CSeq"],
  hops: ["Max-Forwards"],
  length: ["Content-Length"],
  seconds: ["Expires"],
  "content-type": ["Content-Type"],
  credentials: [
    ["Authorization", "Proxy-Authorization", "WWW-Authenticate", "Proxy-Authenticate"],
    ["Authentication-Info"],
  ].flat(),
};

/** Rules by canonical name; other headers may be anything, as often as they like. */
export const HEADER_RULES: ReadonlyMap<string, HeaderRule> = rulesByName();

function rulesByName(): Map<string, HeaderRule> {
  const rules = new Map<string, HeaderRule>();
  for (const [index, name] of SINGLE.entries()) {
    rules.set(name.toLowerCase(), { name, flag: 1 << index });
  }
  for (const check of Object.keys(CHECKS).filter(isCheck)) {
    for (const name of CHECKS[check]) {
      rules.set(name.toLowerCase(), { name, check, flag: rules.get(name.toLowerCase())?.flag ?? 0 });
    }
  }
  return rules;
}

function isCheck(text: string): text is ValueCheck {
  return Object.hasOwn(CHECKS, text);
}

/** RFC 3261 §8.1.1 and §8.2.6.2: what every message has, Via besides. */
export const MANDATORY: readonly HeaderRule[] = ["from", "to", "call-id", "cseq"].flatMap(
  (key) => HEADER_RULES.get(key) ?? [],
);
