import { isIP } from "node:net";
import type { CarrierLineSettings, CarrierServer } from "@mss/model";

/** Where requests to a carrier go, and to which SIP address. */
export interface CarrierAddress {
  readonly uri: string;
  readonly proxy: string;
}

function uriOfServer({ transport, host, port }: CarrierServer): string {
  const literal = isIP(host) === 6 ? `[${host}]` : host;
  const parameter = transport === "udp" ? "" : `;transport=${transport}`;
  return `sip:${literal}${port === undefined ? "" : `:${port}`}${parameter}`;
}

/** Without `user` the carrier itself. Requests go to its server, whatever its domain is. */
export function carrierAddress(
  { server, domain }: Pick<CarrierLineSettings, "server" | "domain">,
  user?: string,
): CarrierAddress {
  const host = isIP(domain) === 6 ? `[${domain}]` : domain;
  return { uri: `sip:${user === undefined ? "" : `${user}@`}${host}`, proxy: uriOfServer(server) };
}
