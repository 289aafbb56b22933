import { BlockList, isIP } from "node:net";
import { networkInterfaces } from "node:os";
import type { NetworkInterfaceInfo } from "node:os";

const V4_MAPPED = "::ffff:";

/** Where no message is ever sent: "this host", multicast and broadcast. */
const REFUSED = new BlockList();
REFUSED.addAddress("0.0.0.0", "ipv4");
REFUSED.addAddress("255.255.255.255", "ipv4");
REFUSED.addSubnet("224.0.0.0", 4, "ipv4");
REFUSED.addAddress("::", "ipv6");
REFUSED.addSubnet("ff00::", 8, "ipv6");

/** 4, 6, or 0 for a host name. */
export function familyOf(host: string): 0 | 4 | 6 {
  const family = isIP(host);
  return family === 4 || family === 6 ? family : 0;
}

/** Whether a message may be sent to this IP address and port at all. */
export function isSendable(address: string, port: number): boolean {
  const family = familyOf(address);
  if (family === 0 || !Number.isInteger(port) || port < 1 || port > 65_535) {
    return false;
  }
  return !REFUSED.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** An address as the operating system tells it, with an IPv4 address written as one. */
export function plainAddress(address: string): string {
  return address.startsWith(V4_MAPPED) && isIP(address.slice(V4_MAPPED.length)) === 4
    ? address.slice(V4_MAPPED.length)
    : address;
}

/** An IPv6 reference is written in brackets in a Via or a URI. Brackets are put on once. */
export function formatHost(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** The reverse of `formatHost`, for comparing a sent-by with an address of a socket. */
export function bareHost(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}

export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

export function isLoopback(host: string): boolean {
  return host.startsWith("127.") || host === "::1" || host === "localhost";
}

const INTERFACES_VALID_MS = 10_000; // asking the operating system for each message would cost more than the message
let interfaces: readonly NetworkInterfaceInfo[] = [];
let interfacesReadAt = Number.NEGATIVE_INFINITY;

function currentInterfaces(): readonly NetworkInterfaceInfo[] {
  const now = performance.now();
  if (now - interfacesReadAt > INTERFACES_VALID_MS) {
    interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    interfacesReadAt = now;
  }
  return interfaces;
}

function isSameSubnet(candidate: NetworkInterfaceInfo, host: string): boolean {
  if (candidate.cidr === null) {
    return false;
  }
  const type = candidate.family === "IPv4" ? "ipv4" : "ipv6";
  const subnet = new BlockList();
  subnet.addSubnet(candidate.address, Number(candidate.cidr.split("/")[1]), type);
  return subnet.check(host, type);
}

/**
 * The address of this machine that a peer at `host` can answer to, for a socket that is bound to every address: one of
 * the peer's subnet, else the first that is not loopback, else loopback.
 */
export function reachableAddress(wildcard: string, host: string): string {
  const family = wildcard === "::" ? "IPv6" : "IPv4";
  const candidates = currentInterfaces().filter((candidate) => candidate.family === family);
  const sameSubnet = isIP(host) === 0 ? undefined : candidates.find((candidate) => isSameSubnet(candidate, host));
  const chosen = sameSubnet ?? candidates.find((candidate) => !candidate.internal) ?? candidates[0];
  return chosen?.address ?? (family === "IPv6" ? "::1" : "127.0.0.1");
}
