import { parseSipUri, uriScheme } from "@mss/sip-message";
import { canonicalHost, familyOf, formatHost } from "../transport/addresses.ts";
import type { ListenAddress, Target, TransportName } from "../transport/types.ts";

const DEFAULT_PORT = 5060;
const DEFAULT_TLS_PORT = 5061;

const TRANSPORTS: ReadonlyMap<string | undefined, TransportName> = new Map([
  [undefined, "udp"],
  ["udp", "udp"],
  ["tcp", "tcp"],
  ["tls", "tls"],
]);
/** RFC 3261 §26.2.2: the parameter names what is below TLS, and that is never UDP. */
const SECURE_TRANSPORTS: ReadonlyMap<string | undefined, TransportName> = new Map([
  [undefined, "tls"],
  ["tcp", "tls"],
  ["tls", "tls"],
]);

/** Whether a request to that URI may leave on TLS only. */
export function isSecureUri(uri: string): boolean {
  return uriScheme(uri) === "sips";
}

/**
 * Where a SIP URI sends: host, port and transport as they stand, else the defaults of RFC 3263 §4.1, marked as such. Host
 * names are left to the transport layer. Undefined for what is no SIP URI or names a transport we do not have, `sips` over UDP included.
 */
export function targetOfUri(uri: string): Target | undefined {
  const parsed = parseSipUri(uri);
  if (parsed === undefined) {
    return undefined;
  }
  const transports = parsed.scheme === "sips" ? SECURE_TRANSPORTS : TRANSPORTS;
  const named = parsed.parameters.get("transport")?.toLowerCase();
  const transport = transports.get(named);
  if (transport === undefined) {
    return undefined;
  }
  const port = parsed.port ?? (transport === "tls" ? DEFAULT_TLS_PORT : DEFAULT_PORT);
  const host = canonicalHost(parsed.host);
  return {
    transport,
    host,
    port,
    ...(parsed.port === undefined && familyOf(host) === 0 ? { anyPort: true } : {}),
    ...(named === undefined ? { anyTransport: true } : {}),
  };
}

/**
 * As `targetOfUri`, for an outbound proxy, which may also be written as `address[:port]`. Its parameter `tls-name` says
 * which name the certificate of the peer must hold, where that is not the host; nothing of it is ever sent.
 */
export function targetOfNextHop(nextHop: string): Target | undefined {
  const uri = /^sips?:/i.test(nextHop) ? nextHop : `sip:${nextHop}`;
  const target = targetOfUri(uri);
  const name = parseSipUri(uri)?.parameters.get("tls-name");
  return target === undefined || name === undefined || name === "" ? target : { ...target, name: name.toLowerCase() };
}

/** `host:port` as it stands in a URI. */
export function hostPortOf(address: { readonly host: string; readonly port: number }): string {
  return `${formatHost(address.host)}:${address.port}`;
}

/** Our own URI on a listen address, in angle brackets, with the transport unless it is UDP or the URI is secure. */
export function ownContact(address: ListenAddress, isSecure: boolean): string {
  return isSecure
    ? `<sips:${hostPortOf(address)}>`
    : `<sip:${hostPortOf(address)}${address.transport === "udp" ? "" : `;transport=${address.transport}`}>`;
}
