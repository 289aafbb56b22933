import type { HeaderList } from "./header-list.ts";

/*
 * Text in this package is "byte text": every character is one byte of the wire (latin1), so that lengths are byte
 * lengths, nothing is lost on bytes that are not UTF-8, and a message costs one string. `toText` and `toBytes`
 * convert at the edge, where people read or write.
 */

export interface SipRequest {
  readonly kind: "request";
  readonly method: string;
  /** The Request-URI as it stood on the wire. */
  readonly uri: string;
  readonly headers: HeaderList;
  readonly body: string;
}

export interface SipResponse {
  readonly kind: "response";
  /** 100 to 699. */
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
  readonly body: string;
}

export type SipMessage = SipRequest | SipResponse;
