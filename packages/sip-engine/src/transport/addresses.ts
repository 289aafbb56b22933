import { BlockList, SocketAddress, isIP } from "node:net";

const V4_MAPPED = /^::ffff:(?=[0-9.]+$)/i;

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

/** Whether an IP address is among those of a list; false for a host name. The zone of a link-local address is no part of it. */
export function isListed(list: BlockList, host: string): boolean {
  const address = withoutZone(host);
  const family = familyOf(address);
  return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** Whether a message may be sent to this IP address and port at all. */
export function isSendable(address: string, port: number): boolean {
  const family = familyOf(address);
  if (family === 0 || !Number.isInteger(port) || port < 1 || port > 65_535) {
    return false;
  }
  // The first number tells most IPv4 addresses apart: a list costs more, for each message that is sent.
  const isPlain = family === 4 && isOrdinary(Number(address.slice(0, address.indexOf("."))));
  return isPlain || !isListed(REFUSED, address);
}

/** Neither "this network" nor multicast and what lies above. */
function isOrdinary(firstByte: number): boolean {
  return firstByte > 0 && firstByte < 224;
}

/** An address as the operating system tells it, with an IPv4 address written as one. */
export function plainAddress(address: string): string {
  return address.replace(V4_MAPPED, "");
}

/**
 * One spelling for each address, so that two can be compared: IPv6 compressed and in lower case without brackets, an
 * IPv4-mapped address as IPv4 (SEC-43), a name in lower case without the dot at its end.
 */
export function canonicalHost(host: string): string {
  if (!host.includes(":")) {
    return host.toLowerCase().replace(/\.$/, "");
  }
  const bare = bareHost(host);
  const [address = "", zone] = bare.split("%");
  if (isIP(address) !== 6) {
    return bare.toLowerCase();
  }
  const compressed = plainAddress(new SocketAddress({ address, family: "ipv6" }).address);
  return zone === undefined ? compressed : `${compressed}%${zone}`;
}

/** The zone of a link-local address (`fe80::1%eth0`) means something on this machine only and is never written. */
export function withoutZone(address: string): string {
  const end = address.indexOf("%");
  return end < 0 ? address : address.slice(0, end);
}

/** An IPv6 reference is written in brackets in a Via or a URI. Brackets are put on once. */
export function formatHost(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${withoutZone(host)}]` : host;
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
