import { sequenceOf, uriOf } from "./message.ts";
import type { WireMessage } from "./message.ts";

/** A dialog as a peer sees it. RFC 3261 §12.1. */
export interface PeerDialog {
  /** Request-URI of what the peer sends. */
  readonly target: string;
  readonly routes: readonly string[];
  readonly local: string;
  readonly remote: string;
  readonly callId: string;
  /** CSeq number of the peer's last request. */
  sequence: number;
  /** CSeq number of the peer's last INVITE. */
  inviteSequence: number;
}

function routesOf(message: WireMessage): readonly string[] {
  return message.all("Record-Route").flatMap((value) => value.split(/,\s*(?=<)/));
}

/** The dialog of the peer that sent the INVITE. */
export function dialogOfCaller(invite: WireMessage, response: WireMessage): PeerDialog {
  const sequence = sequenceOf(invite);
  return {
    target: uriOf(response.get("Contact")),
    routes: routesOf(response).toReversed(),
    local: invite.get("From"),
    remote: response.get("To"),
    callId: invite.get("Call-ID"),
    sequence,
    inviteSequence: sequence,
  };
}

/** The dialog of the peer that answered the INVITE. */
export function dialogOfCallee(invite: WireMessage, response: WireMessage): PeerDialog {
  return {
    target: uriOf(invite.get("Contact")),
    routes: routesOf(invite),
    local: response.get("To"),
    remote: invite.get("From"),
    callId: invite.get("Call-ID"),
    sequence: 0,
    inviteSequence: 0,
  };
}
