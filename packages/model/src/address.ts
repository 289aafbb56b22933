import { z } from "zod";

export const TRANSPORTS = ["udp", "tcp", "tls"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** A transport address: where a node listens, or where a peer is reached. IPv6 hosts are without brackets. */
export const transportAddressSchema = z
  .strictObject({
    transport: z.enum(TRANSPORTS),
    host: z.string().min(1),
    port: z.int().min(0).max(65_535),
  })
  .readonly();
export type TransportAddress = z.infer<typeof transportAddressSchema>;

/**
 * Next hop to a peer that is known by its name and reached at an address: over TLS its certificate has to hold the name.
 * The parameter `tls-name` is between an application and the engine, and is never sent. Undefined where there is no TLS,
 * and so no name to be proven.
 */
export function namedHopOf(address: TransportAddress, name: string): string | undefined {
  return address.transport === "tls" ? `${sipUriOf(address)};tls-name=${name}` : undefined;
}

/** The SIP URI of a transport address, without a user part: `sip:127.0.0.1:5060;transport=tcp`. */
export function sipUriOf(address: TransportAddress, user?: string): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const userPart = user === undefined ? "" : `${user}@`;
  const transport = address.transport === "udp" ? "" : `;transport=${address.transport}`;
  return `sip:${userPart}${host}:${address.port}${transport}`;
}
