import { AddressEntry } from "./address-entry.ts";
import { COMMA, LESS_THAN, QUOTE, TOKEN_OR_HOST, quote } from "./characters.ts";
import { isAuthHeader } from "./digest-header.ts";
import type { HeaderList } from "./header-list.ts";
import type { HeaderRule } from "./header-rules.ts";
import { formatParameters, parseParameters } from "./parameters.ts";
import { ViaEntry } from "./via-entry.ts";
import { trimSpace } from "./white-space.ts";

/** A valid value of one of `headers` as drachtio-srf reads it like this package does; undefined: leave the field out. */
export function canonicalValue(value: string, rule: HeaderRule | undefined, headers: HeaderList): string | undefined {
  const check = rule?.check;
  switch (check) {
    case "via": {
      return isPlainVia(value) ? value : canonicalVia(value);
    }
    case "tagged-address": {
      return isPlainAddress(value) ? value : canonicalAddresses(value, false);
    }
    case "contact":
    case "addresses": {
      const isList = value.includes(",");
      const isPlain = value === "*" || (isPlainAddress(value) && !isList);
      return isPlain ? value : canonicalAddresses(value, isList || headers.all(rule?.name ?? "").length > 1);
    }
    case "credentials": {
      // drachtio-srf throws on what it cannot read, where no credentials at all are a case that applications have.
      return isAuthHeader(value, rule?.name !== "Authentication-Info") ? value : undefined;
    }
    case "call-id":
    case "cseq":
    case "hops":
    case "length":
    case "seconds":
    case "content-type":
    case undefined: {
      return value;
    }
    default: {
      return check satisfies never;
    }
  }
}

const via = new ViaEntry();
const address = new AddressEntry();

function isPlainVia(value: string): boolean {
  return via.read(value, 0) && isPlainEntry(via, value);
}

/** Whether the entry that was read is the only one, and written as everybody reads it. */
export function isPlainEntry(entry: ViaEntry, value: string): boolean {
  return entry.end === value.length && !entry.isBranchHidden && value.startsWith("SIP/2.0/");
}

/**
 * drachtio-srf throws on `sip/2.0/udp`, which means the same, and reads no further than a parameter that is an address:
 * `branch` stands before all others.
 */
function canonicalVia(value: string): string {
  const entries: string[] = [];
  let start = 0;
  do {
    if (!via.read(value, start)) {
      return value; // was refused before
    }
    entries.push(canonicalViaEntry(value));
    start = via.end + 1;
  } while (value.charCodeAt(start - 1) === COMMA);
  return entries.join(", ");
}

/** Of what `via` has read. */
function canonicalViaEntry(value: string): string {
  const { transportStart, parametersStart, branchStart, branchEnd, end, isBranchHidden } = via;
  const sentBy = trimSpace(value.slice(transportStart, parametersStart));
  const parameters = trimSpace(value.slice(parametersStart, end));
  if (!isBranchHidden) {
    return `SIP/2.0/${sentBy}${parameters}`;
  }
  const branch = value.slice(branchStart, branchEnd);
  const others = new Map(parseParameters(parameters, 0, TOKEN_OR_HOST));
  others.delete("branch");
  return `SIP/2.0/${sentBy};branch=${branch}${formatParameters(others)}`;
}

/** One address in brackets, or with a quoted name: most are. */
export function isPlainAddress(value: string): boolean {
  const first = value.charCodeAt(0);
  return first === LESS_THAN || first === QUOTE;
}

/**
 * drachtio-srf ends a display name at the first character that is no token, and takes the comma after an address
 * without brackets for a part of it, also the one that it puts between two fields.
 */
function canonicalAddresses(value: string, isJoined: boolean): string {
  const entries: string[] = [];
  let start = 0;
  do {
    if (!address.read(value, start)) {
      return value; // was refused before
    }
    entries.push(canonicalEntry(value, isJoined));
    start = address.end + 1;
  } while (value.charCodeAt(start - 1) === COMMA);
  return entries.join(", ");
}

/** Of what `address` has read. */
function canonicalEntry(value: string, isJoined: boolean): string {
  const { displayStart, displayEnd, uriStart, uriEnd, parametersStart, end, isBracketed } = address;
  const inBrackets = `<${value.slice(uriStart, uriEnd)}>${trimSpace(value.slice(parametersStart, end))}`;
  if (address.hasOddDisplay(value)) {
    return `${quote(value.slice(displayStart, displayEnd))} ${inBrackets}`;
  }
  return isJoined && !isBracketed ? inBrackets : trimSpace(value.slice(displayStart, end));
}
