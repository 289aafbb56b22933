import { hasCode } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import type { SipMessage, SipRequest } from "@mss/sip-message";
import { PEER_NAMES_HEADER, serializeMessage } from "@mss/sip-message";
import type { Dialog, DialogTable } from "../dialog/dialog.ts";
import type { IdSource } from "../transaction/ids.ts";
import type { SourceTrust, TimerSettings, TransactionLayer } from "../transaction/types.ts";
import type { Flow, ListenAddress, Target, TransportLayer } from "../transport/types.ts";
import type { ControlClient } from "../wire/control-client.ts";
import type { MessagePath } from "../wire/notices.ts";
import type { CallRecords } from "./call-records.ts";
import type { ClientRegistry } from "./client-registry.ts";
import type { RegisteredFlows } from "./registered-flows.ts";
import type { EngineLimits, SessionTimerSettings } from "./types.ts";

/** A dialog and the application that owns it. */
export type AppDialog = Dialog<ControlClient>;

/** What all parts of one engine share. Built once; the parts hold no reference to each other's state but this. */
export interface Core {
  readonly log: Logger;
  readonly transactions: TransactionLayer;
  readonly transports: TransportLayer;
  readonly dialogs: DialogTable<ControlClient>;
  readonly flows: RegisteredFlows;
  readonly registry: ClientRegistry;
  readonly records: CallRecords;
  readonly sources: SourceTrust;
  readonly limits: EngineLimits;
  readonly timers: TimerSettings;
  readonly sessionTimers: SessionTimerSettings;
  readonly ids: IdSource;
  readonly counters: { readonly refused: Record<string, number>; ended: number };
}

/** The other side of a flow, as frames tell where a message came from or went to. */
export function remotePath(flow: Flow): MessagePath {
  return { protocol: flow.transport, address: flow.remote.host, port: flow.remote.port };
}

/** drachtio-server tells its own address for the requests it sends. */
export function ownPath(address: ListenAddress): MessagePath {
  return { protocol: address.transport, address: address.host, port: address.port };
}

/** Where a message of ours was to go, for the answers we make up when none came. */
export function targetPath(target: Target): MessagePath {
  return { protocol: target.transport, address: target.host, port: target.port };
}

/** Our address for a target; undefined when no listen address fits its transport and family. */
export function ownAddressFor(core: Core, target: Target): ListenAddress | undefined {
  try {
    return core.transports.localAddressFor(target);
  } catch (error) {
    if (hasCode(error, "NO_LISTENER")) {
      return undefined;
    }
    throw error;
  }
}

export function textOf(message: SipMessage): string {
  return serializeMessage(message);
}

/** A request from the network as an application gets it: with the names that its peer has proven to have. */
export function receivedText(request: SipRequest, { peerNames = [] }: Flow): string {
  return textOf(
    peerNames.length === 0
      ? request
      : { ...request, headers: request.headers.append(PEER_NAMES_HEADER, peerNames.join(", ")) },
  );
}
