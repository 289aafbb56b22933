import { skipSpace } from "./characters.ts";
import { formatHostPort, parseHostPort } from "./host-port.ts";
import type { SipMessage } from "./message.ts";
import { firstOfList } from "./list.ts";
import { formatParameters, parseParameters, tokenEnd } from "./parameters.ts";
import { trimSpace } from "./white-space.ts";

/** One entry of Via (RFC 3261 §20.42). */
export interface Via {
  /** In upper case: UDP, TCP, TLS … */
  readonly transport: string;
  /** As sent; an IPv6 address is without brackets. */
  readonly host: string;
  readonly port?: number;
  /** Names in lower case, values as written; without value: "". */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Reads the first entry of a Via value; undefined when it is malformed or of another version than SIP/2.0. */
export function parseVia(value: string): Via | undefined {
  const entry = firstOfList(value);
  const transportStart = protocolEnd(entry);
  if (transportStart === -1) {
    return undefined;
  }
  const transportEnd = tokenEnd(entry, transportStart);
  const hostStart = skipSpace(entry, transportEnd);
  if (transportEnd === transportStart || hostStart === transportEnd) {
    return undefined;
  }
  const semicolon = entry.indexOf(";", hostStart);
  const hostEnd = semicolon === -1 ? entry.length : semicolon;
  const sentBy = parseHostPort(entry.slice(hostStart, hostEnd));
  const parameters = parseParameters(entry, hostEnd);
  if (sentBy === undefined || parameters === undefined) {
    return undefined;
  }
  return { transport: entry.slice(transportStart, transportEnd).toUpperCase(), ...sentBy, parameters };
}

/** The topmost Via, if there is one and it is well-formed. */
export function topVia(message: SipMessage): Via | undefined {
  const value = message.headers.get("via");
  return value === undefined ? undefined : parseVia(value);
}

export function formatVia(via: Via): string {
  return `SIP/2.0/${via.transport} ${formatHostPort(via)}${formatParameters(via.parameters)}`;
}

export function branchOf(via: Via): string | undefined {
  return via.parameters.get("branch");
}

/** Index after `SIP/2.0/` with white space around the slashes, or -1. */
function protocolEnd(entry: string): number {
  if (entry.startsWith("SIP/2.0/")) {
    return skipSpace(entry, 8);
  }
  const firstSlash = entry.indexOf("/");
  const secondSlash = firstSlash === -1 ? -1 : entry.indexOf("/", firstSlash + 1);
  const matches =
    secondSlash !== -1 &&
    trimSpace(entry.slice(0, firstSlash)).toUpperCase() === "SIP" &&
    trimSpace(entry.slice(firstSlash + 1, secondSlash)) === "2.0";
  return matches ? skipSpace(entry, secondSlash + 1) : -1;
}
