import { parseDecimal } from "./characters.ts";
import { parseCSeq } from "./cseq.ts";
import { type FieldList, fieldListOf } from "./header-list.ts";
import { DEFAULT_LIMITS, type MessageLimits } from "./limits.ts";
import { splitList } from "./list.ts";
import type { SipMessage } from "./message.ts";
import { type MessageFault, messageFault } from "./message-fault.ts";
import { type NameAddress, parseNameAddress } from "./name-address.ts";
import { parseSipUri } from "./sip-uri.ts";
import { parseTelUri } from "./tel-uri.ts";
import { uriScheme } from "./uri-scheme.ts";
import { bodyFault } from "./validate-body.ts";
import { branchOf, parseVia } from "./via.ts";

/**
 * The first reason to refuse a message, or undefined for one whose mandatory headers are there, single, well-formed
 * and within the limits. An unknown method, an odd Date and a missing Max-Forwards (RFC 2543) are no faults.
 */
export function validateMessage(message: SipMessage, limits: MessageLimits = DEFAULT_LIMITS): MessageFault | undefined {
  const headers = fieldListOf(message.headers);
  const fault =
    requestUriFault(message, limits) ??
    fieldFault(headers, limits) ??
    presenceFault(message, headers) ??
    sequenceFault(message, headers) ??
    bodyFault(message.body, headers.get("content-type") ?? "", limits);
  return fault === undefined ? undefined : messageFault(fault.status, fault.reason, message);
}

function bad(reason: string): MessageFault {
  return { status: 400, reason };
}

function requestUriFault(message: SipMessage, limits: MessageLimits): MessageFault | undefined {
  if (message.kind === "response") {
    return undefined;
  }
  const { uri } = message;
  if (uri.length > limits.requestUriBytes) {
    return { status: 414, reason: "Request-URI Too Long" };
  }
  const scheme = uriScheme(uri);
  if (scheme === "sip" || scheme === "sips") {
    const parsed = parseSipUri(uri);
    // RFC 3261 §19.1.1, table 1: headers are not allowed in a Request-URI.
    return parsed === undefined || parsed.headers !== undefined ? bad("Malformed Request-URI") : undefined;
  }
  if (scheme === "tel") {
    return parseTelUri(uri) === undefined ? bad("Malformed Request-URI") : undefined;
  }
  return scheme === undefined ? bad("Malformed Request-URI") : { status: 416, reason: "Unsupported URI Scheme" };
}

type FieldCheck = (value: string, limits: MessageLimits) => MessageFault | undefined;

/** What a value of that header must be like; other headers may be anything. */
const FIELD_CHECKS: ReadonlyMap<string, FieldCheck> = new Map<string, FieldCheck>([
  ["via", viaFault],
  ["from", taggedAddressFault("From")],
  ["to", taggedAddressFault("To")],
  ["call-id", callIdFault],
  ["max-forwards", numberFault("Max-Forwards", 255)],
  ["content-length", contentLengthFault],
  ["expires", numberFault("Expires", 2 ** 32 - 1)],
  ["contact", contactFault],
  ["content-type", contentTypeFault],
  ["authorization", authorizationFault],
  ["proxy-authorization", authorizationFault],
  ["www-authenticate", authorizationFault],
  ["proxy-authenticate", authorizationFault],
  ["authentication-info", authorizationFault],
  // drachtio-srf reads these with the same expressions as From and To.
  ...["Route", "Record-Route", "Path", "Service-Route", "Refer-To", "Referred-By", "Reply-To"]
    .concat(["P-Asserted-Identity", "P-Preferred-Identity", "Diversion", "Remote-Party-ID"])
    .map((name): [string, FieldCheck] => [name.toLowerCase(), addressListFault(name)]),
]);

function fieldFault(headers: FieldList, limits: MessageLimits): MessageFault | undefined {
  if (headers.length > limits.headerCount) {
    return bad("Too Many Header Fields");
  }
  for (let index = 0; index < headers.length; index += 1) {
    // drachtio-srf decodes escapes in names: `C%6Fntact` must not become Contact behind our back.
    if (hasEscape(headers.nameAt(index))) {
      return bad("Malformed Header Name");
    }
    const fault = FIELD_CHECKS.get(headers.keyAt(index))?.(headers.valueAt(index), limits);
    if (fault !== undefined) {
      return fault;
    }
  }
  if (!headers.safe) {
    return bad("Forbidden Character In Header");
  }
  return entryCountFault(headers, limits);
}

/** What `unescape` of JavaScript would decode; a `%` that means nothing is a character like others (RFC 4475 §3.1.1.2). */
function hasEscape(name: string): boolean {
  return name.includes("%") && /%(?:u[0-9a-f]{2})?[0-9a-f]{2}/i.test(name);
}

function viaFault(value: string, limits: MessageLimits): MessageFault | undefined {
  for (const entry of splitList(value)) {
    const via = entry.length > limits.viaEntryBytes ? undefined : parseVia(entry);
    if (via === undefined || (branchOf(via)?.length ?? 0) > limits.identifierBytes) {
      return bad("Malformed Via");
    }
  }
  return value === "" ? bad("Malformed Via") : undefined;
}

function taggedAddressFault(name: string): FieldCheck {
  return (value, limits) => {
    const address = parseNameAddress(value);
    if (address === undefined || !hasValidUri(address)) {
      return bad(`Malformed ${name}`);
    }
    return (address.parameters.get("tag")?.length ?? 0) > limits.identifierBytes ? bad(`Malformed ${name}`) : undefined;
  };
}

function addressListFault(name: string): FieldCheck {
  return (value) => {
    const valid = splitList(value).every((entry) => parseNameAddress(entry) !== undefined);
    return valid && value !== "" ? undefined : bad(`Malformed ${name}`);
  };
}

function contactFault(value: string): MessageFault | undefined {
  if (value === "*") {
    return undefined;
  }
  const entries = splitList(value).map(parseNameAddress);
  return entries.length > 0 && entries.every((entry) => entry !== undefined && hasValidUri(entry))
    ? undefined
    : bad("Malformed Contact");
}

/** URIs of other schemes are for whoever understands them. */
function hasValidUri(address: NameAddress): boolean {
  const scheme = uriScheme(address.uri);
  return (scheme !== "sip" && scheme !== "sips") || parseSipUri(address.uri) !== undefined;
}

function callIdFault(value: string, limits: MessageLimits): MessageFault | undefined {
  const valid = value !== "" && value.length <= limits.identifierBytes && !value.includes(" ");
  return valid ? undefined : bad("Malformed Call-ID");
}

function numberFault(name: string, maximum: number): FieldCheck {
  return (value) => {
    const number = parseDecimal(value, 10); // Leading zeros are allowed.
    return number === undefined || number > maximum ? bad(`Malformed ${name}`) : undefined;
  };
}

function contentLengthFault(value: string): MessageFault | undefined {
  return parseDecimal(value, 7) === undefined ? bad("Malformed Content-Length") : undefined;
}

function contentTypeFault(value: string, limits: MessageLimits): MessageFault | undefined {
  return value.length > limits.contentTypeBytes ? bad("Content-Type Too Long") : undefined;
}

function authorizationFault(value: string, limits: MessageLimits): MessageFault | undefined {
  return value.length > limits.authorizationBytes ? bad("Authentication Header Too Long") : undefined;
}

function entryCountFault(headers: FieldList, limits: MessageLimits): MessageFault | undefined {
  const counted = [
    ["via", limits.viaEntries],
    ["route", limits.routeEntries],
    ["record-route", limits.routeEntries],
    ["contact", limits.contactEntries],
  ] as const;
  for (const [key, maximum] of counted) {
    let entries = 0;
    for (const value of headers.all(key)) {
      entries += value.includes(",") ? splitList(value).length : 1;
    }
    if (entries > maximum) {
      return bad(`Too Many Entries Of ${key}`);
    }
  }
  return undefined;
}

const SINGLE = ["from", "to", "call-id", "cseq"] as const;
/** Headers that are no list and that somebody decides by: two readers would choose differently between two of them. */
const AT_MOST_ONCE: readonly string[] = "max-forwards content-length content-type content-disposition expires date"
  .concat(" min-expires event subscription-state rack rseq refer-to referred-by replaces reply-to session-expires")
  .concat(" min-se retry-after sip-etag sip-if-match identity mime-version")
  .split(" ");
/** Position of each in the table of counts. */
const COUNTED: ReadonlyMap<string, number> = new Map(
  ["via", "contact", ...SINGLE, ...AT_MOST_ONCE].map((key, index) => [key, index]),
);

function presenceFault(message: SipMessage, headers: FieldList): MessageFault | undefined {
  const counts = new Uint8Array(COUNTED.size);
  for (let index = 0; index < headers.length; index += 1) {
    const counted = COUNTED.get(headers.keyAt(index));
    if (counted !== undefined) {
      counts[counted] = Math.min(2, (counts[counted] ?? 0) + 1);
    }
  }
  const countOf = (key: string): number => counts[COUNTED.get(key) ?? -1] ?? 0;
  for (const key of SINGLE) {
    if (countOf(key) !== 1) {
      return bad(`Missing Or Repeated ${key}`);
    }
  }
  for (const key of AT_MOST_ONCE) {
    if (countOf(key) > 1) {
      return bad(`Repeated ${key}`);
    }
  }
  if (countOf("via") === 0) {
    return bad("Missing Via");
  }
  const needsContact = message.kind === "request" && message.method === "INVITE";
  return needsContact && countOf("contact") === 0 ? bad("Missing Contact") : undefined;
}

function sequenceFault(message: SipMessage, headers: FieldList): MessageFault | undefined {
  const sequence = parseCSeq(headers.get("cseq") ?? "");
  if (sequence === undefined) {
    return bad("Malformed CSeq");
  }
  return message.kind === "request" && sequence.method !== message.method
    ? bad("CSeq Method Differs From Request")
    : undefined;
}
