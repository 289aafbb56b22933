import { isIP } from "node:net";
import { parseNameAddress, parseSipUri } from "@mss/sip-message";
import type { SourceTrust } from "../transaction/types.ts";
import { canonicalHost } from "../transport/addresses.ts";
import type { Flow, Target, TransportLayer } from "../transport/types.ts";
import type { AppDialog } from "./core.ts";
import { targetOfUri } from "./next-hop.ts";

/** What `keepFlow` needs of an engine. */
export interface FlowHolder {
  readonly transports: Pick<TransportLayer, "hold">;
  readonly sources: Pick<SourceTrust, "hold">;
}

/**
 * True when, on UDP and without proxies between, the Contact names another IP address than the peer sends from: what a
 * peer behind NAT does. Another port alone is no sign of it.
 */
function isBehindNat(dialog: AppDialog, flow: Flow): boolean {
  if (flow.transport !== "udp" || dialog.state.routeSet.length > 0) {
    return false;
  }
  const named = targetOfUri(dialog.state.remoteTarget)?.host ?? "";
  return isIP(named) !== 0 && named !== canonicalHost(flow.remote.host);
}

/** Remembers where the peer of a dialog was heard last, keeps that connection open and the peer known. */
export function keepFlow(core: FlowHolder, dialog: AppDialog, flow: Flow): void {
  if (dialog.ended) {
    return; // nobody would let go of it
  }
  const before = dialog.flow;
  dialog.flow = flow;
  dialog.behindNat = isBehindNat(dialog, flow);
  if (before === undefined || flow.connection !== before.connection || flow.remote.host !== before.remote.host) {
    dialog.releaseFlow?.();
    const releaseSource = core.sources.hold(flow);
    const releaseConnection = flow.connection === undefined ? undefined : core.transports.hold?.(flow);
    dialog.releaseFlow = () => {
      releaseSource();
      releaseConnection?.();
    };
  }
}

/**
 * Where the next request of a dialog goes: to where a peer behind NAT was heard, else to the first route, else to `uri`;
 * from the address it was heard on. On a connection, a hop that does not name another transport is reached on it.
 */
export function targetOfDialog(dialog: AppDialog, uri: string): Target | undefined {
  const { flow } = dialog;
  if (flow !== undefined && dialog.behindNat) {
    return { transport: flow.transport, host: flow.remote.host, port: flow.remote.port, flow };
  }
  const first = dialog.state.routeSet[0];
  const hop = first === undefined ? uri : (parseNameAddress(first)?.uri ?? uri);
  const target = targetOfUri(hop);
  if (flow === undefined || target === undefined) {
    return target;
  }
  // Whoever has proven a name stays the only one that the dialog speaks with, also on another connection.
  const name = flow.peerNames?.[0];
  const proven = name === undefined ? {} : { name };
  const staysOnConnection = flow.transport !== "udp" && parseSipUri(hop)?.parameters.has("transport") !== true;
  if (staysOnConnection) {
    const { anyTransport: _anyTransport, ...rest } = target;
    return { ...rest, ...proven, transport: flow.transport, flow };
  }
  return target.transport === flow.transport ? { ...target, ...proven, flow } : target;
}
