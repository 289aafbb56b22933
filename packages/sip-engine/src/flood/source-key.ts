import { SocketAddress } from "node:net";
import type { Flow } from "../transport/types.ts";

const NETWORK_GROUPS = 4; // of 16 bits each: a /64

/** The groups of the first half of an IPv6 address, `::` written out. */
function networkOf(host: string): string {
  const { address } = new SocketAddress({ address: host, family: "ipv6" });
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const after = tail === "" ? 0 : tail.split(":").length;
    groups.push(...Array.from({ length: Math.max(0, 8 - groups.length - after) }, () => "0"));
    groups.push(...(tail === "" ? [] : tail.split(":")));
  }
  return `${groups.slice(0, NETWORK_GROUPS).join(":")}::/64`;
}

/** The source of a flow: its IPv4 address, or the /64 network of its IPv6 address. */
export function hostKey({ remote }: Flow): string {
  return remote.host.includes(":") ? networkOf(remote.host) : remote.host;
}

/** One phone of a source: its port, or its connection. */
export function flowKey({ connection, remote }: Flow): string {
  return connection ?? `${remote.host} ${remote.port}`;
}
