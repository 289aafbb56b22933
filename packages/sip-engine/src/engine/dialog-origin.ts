import { isIP } from "node:net";
import { parseNameAddress } from "@mss/sip-message";
import type { SourceTrust } from "../transaction/types.ts";
import { canonicalHost } from "../transport/addresses.ts";
import type { Flow } from "../transport/types.ts";
import type { AppDialog } from "./core.ts";
import { targetOfUri } from "./next-hop.ts";

/** Where the peer said that it is to be reached; undefined when that is a name, which an address cannot be compared with. */
function addressOf(uri: string | undefined): string | undefined {
  const host = uri === undefined ? undefined : targetOfUri(uri)?.host;
  return host === undefined || isIP(host) === 0 ? undefined : canonicalHost(host);
}

/**
 * Whether a request of a dialog comes from its peer: from the address where it was heard last, that its Contact or its
 * route names, or from somebody whom the engine knows by credentials, certificate or settings, such as a phone that has
 * registered at its new address. Tags alone prove nothing: whoever has seen a message of the call knows them (SEC-04).
 */
export function isFromPeer(
  { flow: heard, state }: AppDialog,
  flow: Flow,
  sources: Pick<SourceTrust, "isProven">,
): boolean {
  const from = canonicalHost(flow.remote.host);
  if (heard === undefined || canonicalHost(heard.remote.host) === from || sources.isProven(flow)) {
    return true;
  }
  const named = [state.remoteTarget, ...state.routeSet.map((route) => parseNameAddress(route)?.uri)].map(addressOf);
  return named.some((address) => address === undefined || address === from);
}
