import { SocketAddress, isIP } from "node:net";

const MAPPED_IPV4 = /^::ffff:(?=[0-9.]+$)/i;

/** One spelling per address: IPv6 compressed and in lower case, IPv4-mapped IPv6 as IPv4. */
function canonical(host: string): string {
  const bare = host.replace(MAPPED_IPV4, "");
  return isIP(bare) === 6 ? new SocketAddress({ address: bare, family: "ipv6" }).address : bare;
}

/** True when both are the same IP address, however they are written. Names are equal to nothing: they need DNS. */
export function isSameHost(one: string, other: string): boolean {
  return isIP(one) !== 0 && isIP(other) !== 0 && canonical(one) === canonical(other);
}
