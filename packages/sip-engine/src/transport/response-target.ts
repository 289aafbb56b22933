import type { SipRequest } from "@mss/sip-message";
import { topVia } from "@mss/sip-message";
import { canonicalHost, familyOf } from "./addresses.ts";
import type { Flow, Target, TransportName } from "./types.ts";

const DEFAULT_PORTS: Readonly<Record<TransportName, number>> = { udp: 5060, tcp: 5060, tls: 5061 };

/**
 * Where a response goes (RFC 3261 §18.2.2, RFC 3581 §4): on the flow of the request while that is open. Beyond it, UDP
 * goes to the address the request came from, at rport or else the port of sent-by; TCP and TLS to a new connection to
 * the same address at the port of sent-by. `maddr` is not obeyed: a peer may not send our responses to a third party.
 */
export function responseTarget(request: SipRequest, flow: Flow): Target {
  const via = topVia(request);
  const sentByPort = via?.port ?? DEFAULT_PORTS[flow.transport];
  const rport = via?.parameters.has("rport") ?? true;
  const port = flow.transport === "udp" && rport ? flow.remote.port : sentByPort;
  const name = flow.peerNames?.[0];
  const { transport, remote } = flow;
  return { transport, host: remote.host, port, flow, isAnswer: true, ...(name === undefined ? {} : { name }) };
}

/**
 * Where else a response may be taken, when neither the connection nor the port of sent-by is there any more: the places of
 * a sent-by that is a name without port (RFC 3263 §5). Of them only those at the address that the request came from are to be
 * used: a peer may not send our responses to a third party.
 */
export function sentByTarget(request: SipRequest, flow: Flow): Target | undefined {
  const via = topVia(request);
  const host = canonicalHost(via?.host ?? "");
  if (via === undefined || via.port !== undefined || familyOf(host) !== 0 || flow.transport === "udp") {
    return undefined;
  }
  const { transport, peerNames } = flow;
  const name = peerNames?.[0];
  return { transport, host, port: DEFAULT_PORTS[transport], anyPort: true, ...(name === undefined ? {} : { name }) };
}
