import { fieldListOf } from "./header-list.ts";
import { isSafe } from "./characters.ts";
import type { SipMessage, SipRequest } from "./message.ts";
import { parseVia } from "./via.ts";

/** Why a message is refused, in the words of a response. */
export interface MessageFault {
  readonly status: number;
  readonly reason: string;
  /**
   * Present when the message is a request that can be answered without state: it has Via, From, To, Call-ID and CSeq
   * that can be copied, and is not an ACK. Do not use it for anything but the response.
   */
  readonly answerable?: SipRequest;
}

const OTHER_VERSION = /^SIP\/[0-9]+\.[0-9]+\//i;
const COPIED = ["from", "to", "call-id", "cseq"] as const;

export function messageFault(status: number, reason: string, message?: SipMessage): MessageFault {
  return message?.kind === "request" && isAnswerable(message)
    ? { status, reason, answerable: message }
    : { status, reason };
}

function isAnswerable(request: SipRequest): boolean {
  const headers = fieldListOf(request.headers);
  const vias = headers.all("via");
  const topmost = vias[0];
  return (
    request.method !== "ACK" &&
    topmost !== undefined &&
    // A peer of another version writes that version into Via too, and is owed its 505 (RFC 4475 §3.1.2.16).
    parseVia(topmost.replace(OTHER_VERSION, "SIP/2.0/")) !== undefined &&
    COPIED.every((name) => headers.has(name)) &&
    (headers.safe || [...vias, ...COPIED.flatMap((name) => headers.all(name))].every(isSafe))
  );
}
