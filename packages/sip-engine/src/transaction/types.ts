import type { SipRequest, SipResponse } from "@mss/sip-message";
import type { Flow, Target } from "../transport/types.ts";

/** RFC 3261 §17 and RFC 6026 §8 in milliseconds. An option of each engine, never a global. */
export interface TimerSettings {
  readonly t1Ms: number;
  readonly t2Ms: number;
  readonly t4Ms: number;
  /** Timer C: how long an INVITE may stay without a final answer after the last provisional one. RFC 3261 §16.6 step 11. */
  readonly timerCMs: number;
}

export interface ClientTransaction {
  /** The branch parameter of the Via that was put on the request. */
  readonly id: string;
  /** The request as it was sent, Via included. */
  readonly request: SipRequest;
  readonly flow: Flow | undefined;
  /** Sends CANCEL for an INVITE: at once after a provisional response, else when the first one comes. RFC 3261 §9.1. */
  cancel(headers?: readonly { readonly name: string; readonly value: string }[]): void;
}

export interface ClientTransactionHandlers {
  /** Every provisional response, and the first final one; for INVITE also each further 2xx (RFC 6026 §7.2). */
  onResponse(response: SipResponse, flow: Flow): void;
  /** The request left, with what went on the wire and where. Called once. */
  onSent?(request: SipRequest, flow: Flow): void;
  /** No final response will come: `timeout` (408 is the user's view) or `transport` (503). RFC 3261 §8.1.3.1. */
  onFailure(failure: "timeout" | "transport"): void;
  /** The transaction is gone and will not call again. */
  onTerminated?(): void;
}

export interface ServerTransaction {
  /** Unique within the engine; not the branch of the peer. */
  readonly id: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  /** The To tag of everything that answers this request, the 200 to its CANCEL included. RFC 3261 §9.2. */
  readonly localTag: string;
  /** False once a final response was given (or the transaction died): a further one is not sent. */
  readonly canRespond: boolean;
  /** Sends a response. 2xx to INVITE are retransmitted until ACK by the user of this layer (RFC 6026 §8.5). */
  respond(response: SipResponse): void;
  /**
   * As `respond`, for an answer that was given without regard to who asks and would be the same again: to a source that
   * may not be where it says it is sent once, and forgotten soon. 401 and 407 are always taken so.
   */
  refuse(response: SipResponse): void;
}

/** What is known of where requests come from. RFC 3261 has nothing like it: there every source is where it says. */
export interface SourceTrust {
  /** Whether what we send to the source is sure to reach who sent the request: always on a connection. */
  isReachable(flow: Flow): boolean;
  /** Whether the source is known by accepted credentials, by its certificate, or as trusted. */
  isProven(flow: Flow): boolean;
  /** The source sent a tag back that only a receiver of ours could know. */
  onEcho(flow: Flow): void;
  /** Until the returned function is called something of that source is awaited. */
  hold(flow: Flow): () => void;
  /** A request of that source got its final answer. */
  onAnswer(request: SipRequest, response: SipResponse, flow: Flow): void;
}

/** Whether another process of the node has the INVITE of a CANCEL, and has taken the CANCEL for it. RFC 3261 §9.2. */
export type CancelElsewhere = (cancel: SipRequest, flow: Flow) => Promise<boolean>;

/** What the transaction layer tells the layer above. */
export interface TransactionUser {
  /** A new request that is neither ACK nor CANCEL nor a retransmission. */
  onRequest(transaction: ServerTransaction): void;
  /** A CANCEL that matched an INVITE without a final answer; 200 to the CANCEL was sent already. The user answers 487. */
  onCancel(invite: ServerTransaction, cancel: SipRequest, flow: Flow): void;
  /** An ACK that belongs to a 2xx (or to nothing): it has no transaction. */
  onAck(ack: SipRequest, flow: Flow): void;
  /** A 2xx to INVITE that found no client transaction: a late fork or a retransmission after Timer M. RFC 3261 §13.2.2.4. */
  onStrayInviteSuccess(response: SipResponse, flow: Flow): void;
  /** A server transaction ended without final response from above, or its response could not be sent. */
  onServerFailure(transaction: ServerTransaction, failure: "timeout" | "transport"): void;
}

export interface TransactionLayer {
  start(user: TransactionUser): Promise<void>;
  stop(): Promise<void>;
  /** Puts a Via on the request and sends it. The request needs From, To, Call-ID, CSeq and Max-Forwards. */
  request(request: SipRequest, target: Target, handlers: ClientTransactionHandlers): ClientTransaction;
  /** Sends ACK for a 2xx outside any transaction, with a new branch, and gives it back with its Via. RFC 3261 §13.2.2.4. */
  sendAck(ack: SipRequest, target: Target): SipRequest;
  /** Sends a response again, as it stands, to where the transaction's request came from: for 2xx retransmission. */
  resend(transaction: ServerTransaction, response: SipResponse): void;
  /** Takes a CANCEL that came to another process of the node, which answers it. False: its INVITE is not here. */
  cancel(cancel: SipRequest, flow: Flow): boolean;
  readonly counts: { readonly client: number; readonly server: number };
}
