import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import type { TransportAddress } from "@mss/model";
import type { FaultCode } from "../fault.ts";
import { nearest } from "../nearest.ts";

export interface InvalidAddress {
  readonly kind: "invalid";
  readonly code: FaultCode;
  readonly message: string;
  readonly advice: string;
}

const SIP_PORT = 5060;
/** TLS of the federation. RFC 3261 has 5061, which phones take that are told no port. */
export const SIP_TLS_PORT = 6060;
const SCHEMES = ["udp", "tcp", "tls"] as const;
const LISTEN = /^([A-Za-z0-9+.-]*):\/\/(\[[^\]]*\]|[^:/[\]]*)(?::([0-9]*))?$/;
const HOST_AND_PORT = /^(\[[^\]]*\]|[^:/[\]]*):([0-9]+)$/;

/** Reads `udp://127.0.0.1:5060` or `tcp://[::1]:5060`; without a port 5060 (tls: 6060). The host is canonical. */
export function parseListen(
  text: string,
): { readonly kind: "address"; readonly address: TransportAddress } | InvalidAddress {
  const match = LISTEN.exec(text);
  if (match === null) {
    const withScheme = `udp://${text}`;
    const advice = LISTEN.test(withScheme) ? `write ${withScheme}` : "write something like udp://127.0.0.1:5060";
    return invalid(`${short(text)} is not an address to listen on`, advice);
  }
  const [, scheme = "", hostText = "", portText] = match;
  const transport = SCHEMES.find((known) => known === scheme);
  if (transport === undefined) {
    const meant = nearest(scheme, SCHEMES) ?? "udp";
    return invalid(
      `${short(scheme)}:// is no transport`,
      `write ${meant}://${hostText}${portText ? `:${portText}` : ""}`,
    );
  }
  const host = parseHost(hostText);
  if (host.kind === "invalid") {
    return host;
  }
  const port = parsePort(portText, transport === "tls" ? SIP_TLS_PORT : SIP_PORT);
  if (port === undefined) {
    return invalid(`${portText || "nothing"} is not a port`, "write a port from 1 to 65535");
  }
  return { kind: "address", address: { transport, host: host.host, port } };
}

/** Reads `127.0.0.1:8080` or `[::1]:8080`. */
export function parseHttpListen(
  text: string,
): { readonly kind: "address"; readonly host: string; readonly port: number } | InvalidAddress {
  const match = HOST_AND_PORT.exec(text);
  if (match === null) {
    return invalid(`${short(text)} is not an address with a port`, "write something like 127.0.0.1:8080");
  }
  const host = parseHost(match[1] ?? "");
  if (host.kind === "invalid") {
    return host;
  }
  const port = parsePort(match[2], undefined);
  return port === undefined
    ? invalid(`${match[2] ?? ""} is not a port`, "write a port from 1 to 65535")
    : { kind: "address", host: host.host, port };
}

/** Reads an IP address, an IPv6 address with or without brackets, into its canonical form. */
export function parseHost(text: string): { readonly kind: "host"; readonly host: string } | InvalidAddress {
  const bare = /^\[(.*)\]$/.exec(text)?.[1];
  if (isIPv4(text) || (isIPv6(bare ?? text) && !text.includes("%"))) {
    return { kind: "host", host: ipaddr.process(bare ?? text).toString() }; // IPv4 within IPv6 is IPv4
  }
  if (text === "localhost") {
    return invalid("localhost is a name, not an IP address", "write 127.0.0.1");
  }
  const message = text === "" ? "the IP address is missing" : `${short(text)} is not an IP address`;
  return invalid(message, "write an address such as 192.0.2.10, or 0.0.0.0 for all of this machine");
}

/** As `parseHost`, for one machine: `0.0.0.0` is nobody's address. */
export function parsePeerHost(text: string): ReturnType<typeof parseHost> {
  const parsed = parseHost(text);
  return parsed.kind === "host" && isWildcard(parsed.host)
    ? invalid(`nobody calls from ${parsed.host}`, "write the branch's address, or leave the key out for any address")
    : parsed;
}

const NOBODYS_RANGES: ReadonlySet<string> = new Set(["unspecified", "multicast", "broadcast", "linkLocal"]);

/** As `parseHost`, for the address of a router: one that everybody outside can reach. */
export function parseExternalHost(text: string): ReturnType<typeof parseHost> {
  const parsed = parseHost(text);
  if (parsed.kind === "invalid") {
    return parsed.message.endsWith("is not an IP address")
      ? invalid(parsed.message, "write the address that the router has on the other side, such as 203.0.113.5")
      : parsed;
  }
  return NOBODYS_RANGES.has(ipaddr.parse(parsed.host).range())
    ? invalid(`nobody can call ${parsed.host}`, "write the address that the router has on the other side")
    : parsed;
}

/** Whether a host means all addresses of its machine. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

export function isLoopback(host: string): boolean {
  return ipaddr.parse(host).range() === "loopback";
}

function parsePort(text: string | undefined, standard: number | undefined): number | undefined {
  if (text === undefined) {
    return standard;
  }
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function invalid(message: string, advice: string): InvalidAddress {
  return { kind: "invalid", code: "invalid-address", message, advice };
}

function short(text: string): string {
  return text === "" ? "an empty text" : text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

const DOMAIN = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Reads a DNS name or an IP address that is to stand in a certificate, into its canonical form. */
export function parseCertificateName(text: string): { readonly kind: "name"; readonly name: string } | InvalidAddress {
  const lower = text.toLowerCase().replace(/\.$/, "");
  if (DOMAIN.test(lower)) {
    return { kind: "name", name: lower };
  }
  const host = parseHost(text);
  if (host.kind === "host" && !isWildcard(host.host)) {
    return { kind: "name", name: host.host };
  }
  return invalid(`${short(text)} is neither a DNS name nor an IP address`, "write something like sip.example.com");
}
