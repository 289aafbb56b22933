import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";
import type { Account } from "./digest-answer.ts";
import type { SocketAddress } from "./sip-socket.ts";
import type { PhoneTls } from "./sip-stream.ts";

export interface SipPhoneOptions extends Account {
  /** What it registers and calls as; the user name when absent. */
  readonly number?: string;
  readonly host: string;
  readonly port?: number;
  /** Where it sends everything. */
  readonly server: SocketAddress;
  /** TLS instead of UDP. */
  readonly tls?: PhoneTls;
  /** Of its URIs; `sip` when absent. */
  readonly scheme?: "sip" | "sips";
}

/** What a phone answers instead of the 200 that it gives by itself. */
export interface PhoneAnswer {
  readonly status: number;
  readonly headers?: readonly HeaderField[];
  readonly body?: string;
}

export interface RequestFields {
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly headers?: readonly HeaderField[];
  readonly body?: string;
}

/** A request of ours and everything that was answered to it. */
export interface Exchange {
  readonly request: SipRequest;
  readonly provisionals: readonly SipResponse[];
  readonly final: SipResponse;
}

export interface OutgoingCall {
  readonly request: SipRequest;
  /** Resolves with the first provisional response of that status. */
  provisional(status: number): Promise<SipResponse>;
  /** The final response; ACK has been sent. */
  readonly final: Promise<SipResponse>;
  cancel(headers?: readonly HeaderField[]): void;
  bye(): Promise<SipResponse>;
  /** A request within the answered call. */
  send(method: string, fields?: RequestFields): Promise<SipResponse>;
}

export interface IncomingCall {
  readonly request: SipRequest;
  ring(): void;
  /** Any response, with Contact. */
  reply(status: number, fields?: Pick<RequestFields, "headers" | "body">): void;
  answer(): void;
  refuse(status: number, headers?: readonly HeaderField[]): void;
  /** Resolves when the caller has cancelled; answered 200 and 487 by then. */
  readonly cancelled: Promise<SipRequest>;
  bye(): Promise<SipResponse>;
  /** A request within the answered call. */
  send(method: string, fields?: RequestFields): Promise<SipResponse>;
}

/** A request that waits for its final response. */
export interface PendingRequest {
  readonly request: SipRequest;
  readonly provisionals: SipResponse[];
  readonly onProvisional: (response: SipResponse) => void;
  readonly onFinal: (response: SipResponse) => void;
}

export interface StartedRequest {
  readonly provisionals: readonly SipResponse[];
  readonly listeners: ((response: SipResponse) => void)[];
  readonly final: Promise<SipResponse>;
  /** Resolves when anything but 100 came before the final response: no challenge comes any more. */
  readonly passed: Promise<undefined>;
}

/** What a phone of the tests offers and answers: whose it is can be told by its address. */
export function sessionDescriptionOf(host: string): string {
  return ["v=0", `o=- 1 1 IN IP4 ${host}`, "s=-", `c=IN IP4 ${host}`, "t=0 0", "m=audio 40000 RTP/AVP 8", ""].join(
    "\r\n",
  );
}
