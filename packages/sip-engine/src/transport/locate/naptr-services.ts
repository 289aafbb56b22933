import type { TransportName } from "../types.ts";
import type { NaptrRecord } from "./name-server.ts";

/** Where the SRV records of a transport are. */
export interface SipService {
  readonly transport: TransportName;
  /** Of the SRV records: `_sip._udp.example.com`. */
  readonly domain: string;
}

/** RFC 3263 §4.1, §8.1. Those of WebSocket and SCTP are not ours. */
const SERVICES: ReadonlyMap<string, TransportName> = new Map([
  ["SIP+D2U", "udp"],
  ["SIP+D2T", "tcp"],
  ["SIPS+D2T", "tls"],
]);

/**
 * What the NAPTR records of a domain offer of the transports that are given, the best first. Only records that lead
 * straight to SRV records count (flag `S`, no regular expression): others would have us follow chains of strangers. Of
 * different orders the lowest is taken alone, whatever its records are like to fail (RFC 3403 §4.1).
 */
export function sipServices(
  records: readonly NaptrRecord[],
  transports: ReadonlySet<TransportName>,
): readonly SipService[] {
  const usable = records.flatMap(({ flags, service, regexp, replacement, order, preference }) => {
    const transport = SERVICES.get(service.toUpperCase());
    const domain = replacement.toLowerCase().replace(/\.$/, "");
    const leadsToSrv = flags.toUpperCase() === "S" && regexp === "" && domain !== "";
    return transport !== undefined && transports.has(transport) && leadsToSrv
      ? [{ transport, domain, order, preference }]
      : [];
  });
  const lowest = Math.min(...usable.map(({ order }) => order));
  return usable
    .filter(({ order }) => order === lowest)
    .toSorted((one, other) => one.preference - other.preference)
    .map(({ transport, domain }) => ({ transport, domain }));
}
