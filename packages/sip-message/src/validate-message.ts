import { COMMA, DIGITS, SPACE, TOKEN, VISIBLE, consistsOf, parseDecimal, runEnd } from "./characters.ts";
import { AddressEntry } from "./address-entry.ts";
import { isPlainAddress, isPlainEntry } from "./canonical-value.ts";
import { CSEQ_END } from "./cseq.ts";
import { type FieldList, fieldListOf } from "./header-list.ts";
import { type HeaderRule, MANDATORY } from "./header-rules.ts";
import { DEFAULT_LIMITS, type MessageLimits } from "./limits.ts";
import type { SipMessage } from "./message.ts";
import { type MessageFault, messageFault } from "./message-fault.ts";
import { SipUriText } from "./sip-uri-text.ts";
import { parseTelUri } from "./tel-uri.ts";
import { uriScheme } from "./uri-scheme.ts";
import { bodyFault } from "./validate-body.ts";
import { ViaEntry } from "./via-entry.ts";

/**
 * The first reason to refuse a message, or undefined for one whose mandatory headers are there, single, well-formed
 * and within the limits. An unknown method, an odd Date and a missing Max-Forwards (RFC 2543) are no faults.
 */
export function validateMessage(message: SipMessage, limits: MessageLimits = DEFAULT_LIMITS): MessageFault | undefined {
  const headers = fieldListOf(message.headers);
  const fault =
    requestUriFault(message, limits) ??
    fieldsFault(message, headers, limits) ??
    bodyFault(message.body, headers.get("content-type") ?? "", limits);
  return fault === undefined ? undefined : messageFault(fault.status, fault.reason, message);
}

const uriText = new SipUriText();
const address = new AddressEntry();
const via = new ViaEntry();

function bad(reason: string): MessageFault {
  return { status: 400, reason };
}

function malformed(rule: HeaderRule): MessageFault {
  return bad(`Malformed ${rule.name}`);
}

function requestUriFault(message: SipMessage, limits: MessageLimits): MessageFault | undefined {
  if (message.kind === "response") {
    return undefined;
  }
  const { uri } = message;
  if (uri.length > limits.requestUriBytes) {
    return { status: 414, reason: "Request-URI Too Long" };
  }
  if (uriText.read(uri, 0, uri.length)) {
    // RFC 3261 §19.1.1, table 1: headers are not allowed in a Request-URI.
    return uriText.hasHeaders ? bad("Malformed Request-URI") : undefined;
  }
  const scheme = uriScheme(uri);
  const isOther = scheme !== undefined && !["sip", "sips", "tel"].includes(scheme);
  if (isOther && consistsOf(uri, VISIBLE)) {
    return { status: 416, reason: "Unsupported URI Scheme" };
  }
  return scheme === "tel" && parseTelUri(uri) !== undefined ? undefined : bad("Malformed Request-URI");
}

/** Every field once, in order; then what is not there. */
function fieldsFault(message: SipMessage, headers: FieldList, limits: MessageLimits): MessageFault | undefined {
  if (headers.length > limits.headerCount) {
    return bad("Too Many Header Fields");
  }
  const context: Context = {
    message,
    limits,
    counts: { via: 0, route: 0, "record-route": 0, contact: 0 },
    isPlain: true,
  };
  let seen = 0;
  for (let index = 0; index < headers.length; index += 1) {
    const name = headers.headerNameAt(index);
    // drachtio-srf decodes escapes in names: `C%6Fntact` must not become Contact behind our back.
    if (name?.hasEscape === true) {
      return bad("Malformed Header Name");
    }
    const rule = name?.rule;
    context.isPlain &&= name?.isOdd === false;
    if (rule !== undefined) {
      if ((seen & rule.flag) !== 0) {
        return bad(`Repeated ${rule.name}`);
      }
      seen |= rule.flag;
      const fault = valueFault(rule, headers.valueAt(index), context);
      if (fault !== undefined) {
        return fault;
      }
    }
  }
  headers.isCanonical = context.isPlain;
  return headers.safe ? absenceFault(message, seen, context.counts) : bad("Forbidden Character In Header");
}

/** Entries over all fields of a name. */
interface EntryCounts {
  via: number;
  route: number;
  "record-route": number;
  contact: number;
}

interface Context {
  readonly message: SipMessage;
  readonly limits: MessageLimits;
  readonly counts: EntryCounts;
  /** No value so far is one that `canonicalizeMessage` would have to look at. */
  isPlain: boolean;
}

function absenceFault(message: SipMessage, seen: number, counts: EntryCounts): MessageFault | undefined {
  for (const rule of MANDATORY) {
    if ((seen & rule.flag) === 0) {
      return bad(`Missing ${rule.name}`);
    }
  }
  if (counts.via === 0) {
    return bad("Missing Via");
  }
  const needsContact = message.kind === "request" && message.method === "INVITE";
  return needsContact && counts.contact === 0 ? bad("Missing Contact") : undefined;
}

function valueFault(rule: HeaderRule, value: string, context: Context): MessageFault | undefined {
  const { limits } = context;
  switch (rule.check) {
    case "via": {
      return viaFault(rule, value, context);
    }
    case "tagged-address": {
      context.isPlain &&= isPlainAddress(value);
      return isTaggedAddress(value, limits) ? undefined : malformed(rule);
    }
    case "addresses": {
      return addressesFault(rule, value, context);
    }
    case "contact": {
      return contactFault(rule, value, context);
    }
    case "call-id": {
      return value.length <= limits.identifierBytes && consistsOf(value, VISIBLE) ? undefined : malformed(rule);
    }
    case "cseq": {
      return sequenceFault(rule, value, context.message);
    }
    case "hops": {
      return isNumber(value, 255) ? undefined : malformed(rule);
    }
    case "seconds": {
      return isNumber(value, 2 ** 32 - 1) ? undefined : malformed(rule);
    }
    case "length": {
      return parseDecimal(value, 7) === undefined ? malformed(rule) : undefined;
    }
    case "content-type": {
      return value.length > limits.contentTypeBytes ? bad("Content-Type Too Long") : undefined;
    }
    case "credentials": {
      context.isPlain = false;
      return value.length > limits.authorizationBytes ? bad("Authentication Header Too Long") : undefined;
    }
    case undefined: {
      return undefined;
    }
    default: {
      return rule.check satisfies never;
    }
  }
}

/** Leading zeros are allowed. */
function isNumber(value: string, maximum: number): boolean {
  const number = parseDecimal(value, 10);
  return number !== undefined && number <= maximum;
}

function viaFault(rule: HeaderRule, value: string, context: Context): MessageFault | undefined {
  const { limits, counts } = context;
  let start = 0;
  do {
    if (!via.read(value, start) || via.end - start > limits.viaEntryBytes || !isBranch(value, limits)) {
      return malformed(rule);
    }
    context.isPlain &&= isPlainEntry(via, value);
    start = via.end + 1;
    counts.via += 1;
  } while (value.charCodeAt(start - 1) === COMMA);
  return counts.via > limits.viaEntries ? bad("Too Many Entries Of Via") : undefined;
}

/** Of what `via` has read. RFC 3261 §25.1: a token. */
function isBranch(value: string, limits: MessageLimits): boolean {
  const { branchStart, branchEnd } = via;
  const isAbsent = branchStart === -1;
  return (
    isAbsent || (branchEnd - branchStart <= limits.identifierBytes && consistsOf(value, TOKEN, branchStart, branchEnd))
  );
}

/** RFC 3261 §25.1: a tag is a token. */
function isTaggedAddress(value: string, limits: MessageLimits): boolean {
  if (!address.read(value, 0) || address.end !== value.length || !hasValidUri(value)) {
    return false;
  }
  const { tagStart, tagEnd } = address;
  return tagStart === -1 || (tagEnd - tagStart <= limits.identifierBytes && consistsOf(value, TOKEN, tagStart, tagEnd));
}

/** Of what `address` has read. URIs of other schemes are for whoever understands them. */
function hasValidUri(value: string): boolean {
  const { uriStart, uriEnd } = address;
  if (uriText.read(value, uriStart, uriEnd)) {
    return true;
  }
  const scheme = uriScheme(value.slice(uriStart, uriEnd));
  return scheme !== "sip" && scheme !== "sips";
}

function addressesFault(rule: HeaderRule, value: string, context: Context): MessageFault | undefined {
  const { limits, counts } = context;
  let start = 0;
  let entries = 0;
  do {
    if (!address.read(value, start)) {
      return malformed(rule);
    }
    context.isPlain &&= isOnlyAndPlain(value);
    start = address.end + 1;
    entries += 1;
  } while (value.charCodeAt(start - 1) === COMMA);
  if (rule.name === "Route") {
    counts.route += entries;
  } else if (rule.name === "Record-Route") {
    counts["record-route"] += entries;
  }
  const isWithin = counts.route <= limits.routeEntries && counts["record-route"] <= limits.routeEntries;
  return isWithin ? undefined : bad(`Too Many Entries Of ${rule.name}`);
}

/** Of what `address` has read. */
function isOnlyAndPlain(value: string): boolean {
  return address.end === value.length && isPlainAddress(value);
}

function contactFault(rule: HeaderRule, value: string, context: Context): MessageFault | undefined {
  const { limits, counts } = context;
  if (value === "*") {
    counts.contact += 1;
    return undefined;
  }
  let start = 0;
  do {
    if (!address.read(value, start) || !hasValidUri(value)) {
      return malformed(rule);
    }
    context.isPlain &&= isOnlyAndPlain(value);
    start = address.end + 1;
    counts.contact += 1;
  } while (value.charCodeAt(start - 1) === COMMA);
  return counts.contact > limits.contactEntries ? bad("Too Many Entries Of Contact") : undefined;
}

/** RFC 3261 §8.1.1.5: a number below 2^31, one space, and the method of the request. */
function sequenceFault(rule: HeaderRule, value: string, message: SipMessage): MessageFault | undefined {
  const space = runEnd(value, DIGITS, 0);
  const methodStart = space + 1;
  const isNumbered = space > 0 && space <= 10 && Number(value.slice(0, space)) < CSEQ_END;
  if (!isNumbered || value.charCodeAt(space) !== SPACE || !consistsOf(value, TOKEN, methodStart)) {
    return malformed(rule);
  }
  const isSame =
    message.kind === "response" ||
    (value.length - methodStart === message.method.length && value.startsWith(message.method, methodStart));
  return isSame ? undefined : bad("CSeq Method Differs From Request");
}
