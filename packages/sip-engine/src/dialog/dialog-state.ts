/**
 * A dialog as RFC 3261 §12 describes it: plain data, changed only by the functions beside it. It can be logged, compared
 * and stored. URIs and header values are byte text.
 */
export interface DialogState {
  readonly role: "uac" | "uas";
  readonly phase: "early" | "confirmed";
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** The whole value of our From (as caller) or To (as callee), tag included. */
  readonly local: string;
  /** The whole value of the other side's To or From, tag included. */
  readonly remote: string;
  /** CSeq number of the last request we sent; 0 when we have sent none. */
  readonly localSequence: number;
  /** CSeq number of the last request of the other side; undefined when there was none. */
  readonly remoteSequence: number | undefined;
  /** Request-URI of the next request: the other side's Contact. */
  readonly remoteTarget: string;
  /** Values of the Route headers of the next request, in order. */
  readonly routeSet: readonly string[];
  /** The secure flag of RFC 3261 §12.1: its requests travel over TLS only. */
  readonly isSecure: boolean;
}

/** Key of the table: all three that identify a dialog, RFC 3261 §12. */
export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId}\n${localTag}\n${remoteTag}`;
}
