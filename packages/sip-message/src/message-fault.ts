import { fieldListOf } from "./header-list.ts";
import { isSafe } from "./characters.ts";
import type { SipMessage, SipRequest } from "./message.ts";

/** Why a message is refused, in the words of a response. */
export interface MessageFault {
  readonly status: number;
  readonly reason: string;
  /**
   * Present when the message is a request that can be answered without state: it has Via and CSeq, by which a client
   * knows its response, nothing that may not be written, and is not an ACK. From, To and Call-ID may be missing and
   * all may be malformed: do not use it for anything but the response.
   */
  readonly answerable?: SipRequest;
}

/** RFC 3261 §8.2.6.2: what a response copies. */
const COPIED = ["via", "from", "to", "call-id", "cseq"] as const;

export function messageFault(status: number, reason: string, message?: SipMessage): MessageFault {
  return message?.kind === "request" && isAnswerable(message)
    ? { status, reason, answerable: message }
    : { status, reason };
}

function isAnswerable(request: SipRequest): boolean {
  const headers = fieldListOf(request.headers);
  return (
    request.method !== "ACK" &&
    headers.has("via") &&
    headers.has("cseq") &&
    (headers.safe || COPIED.flatMap((name) => headers.all(name)).every(isSafe))
  );
}
