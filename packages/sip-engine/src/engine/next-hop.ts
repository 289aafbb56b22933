import { parseSipUri } from "@mss/sip-message";
import { canonicalHost, formatHost } from "../transport/addresses.ts";
import type { ListenAddress, Target, TransportName } from "../transport/types.ts";

const DEFAULT_PORT = 5060;
const DEFAULT_TLS_PORT = 5061;

function transportOf(scheme: string, parameter: string | undefined): TransportName | undefined {
  switch (parameter?.toLowerCase()) {
    case undefined: {
      return scheme === "sips" ? "tls" : "udp";
    }
    case "udp": {
      return "udp";
    }
    case "tcp": {
      return scheme === "sips" ? "tls" : "tcp";
    }
    case "tls": {
      return "tls";
    }
    default: {
      return undefined;
    }
  }
}

/**
 * Where a SIP URI sends: host, port and transport as they stand, else the defaults of RFC 3263 §4.1. Host names are left
 * to the transport layer. Undefined for what is no SIP URI or names a transport we do not have.
 */
export function targetOfUri(uri: string): Target | undefined {
  const parsed = parseSipUri(uri);
  if (parsed === undefined) {
    return undefined;
  }
  const transport = transportOf(parsed.scheme, parsed.parameters.get("transport"));
  if (transport === undefined) {
    return undefined;
  }
  const port = parsed.port ?? (transport === "tls" ? DEFAULT_TLS_PORT : DEFAULT_PORT);
  return { transport, host: canonicalHost(parsed.host), port };
}

/** As `targetOfUri`, for an outbound proxy, which may also be written as `address[:port]`. */
export function targetOfNextHop(nextHop: string): Target | undefined {
  return /^sips?:/i.test(nextHop) ? targetOfUri(nextHop) : targetOfUri(`sip:${nextHop}`);
}

/** `host:port` as it stands in a URI. */
export function hostPortOf(address: { readonly host: string; readonly port: number }): string {
  return `${formatHost(address.host)}:${address.port}`;
}

/** Our own URI on a listen address, in angle brackets, with the transport unless it is UDP. */
export function ownContact(address: ListenAddress): string {
  const transport = address.transport === "udp" ? "" : `;transport=${address.transport}`;
  return `<sip:${hostPortOf(address)}${transport}>`;
}
