import type { Server } from "node:net";
import type { TransportAddress } from "@mss/model";
import type { Logger, Part } from "@mss/runtime";
import type { ClientCredentials } from "../auth/credentials.ts";

/**
 * Header fields to send. An array gives one header line per value, which challenges need (RFC 3261 §7.3.1).
 * A value with CR, LF or NUL is refused: the message is not sent.
 */
export type SipHeaders = Readonly<Record<string, string | readonly string[]>>;

/** The parts of a From, To or P-Asserted-Identity value that policy looks at. */
export interface AddressHeader {
  /** Without quotes; absent when there is none. */
  readonly displayName?: string;
  readonly uri: string;
  /** User part, percent-decoded; empty when the URI has none or is not a sip, sips or tel URI. */
  readonly user: string;
  readonly host: string;
  readonly tag?: string;
}

export interface ReplyOptions {
  readonly reason?: string;
  readonly headers?: SipHeaders;
  readonly body?: string;
}

/** A request from the network, as its handler sees it. */
export interface IncomingRequest {
  /** Upper case. */
  readonly method: string;
  readonly requestUri: string;
  /** User part of the Request-URI, percent-decoded; empty when there is none. */
  readonly called: string;
  readonly from: AddressHeader;
  readonly to: AddressHeader;
  readonly callId: string;
  readonly cseq: number;
  /** 70 when the request carries none. */
  readonly maxForwards: number;
  /** Where it came from by the transport: the only address that says anything about who sent it. */
  readonly source: TransportAddress;
  /**
   * The domains that the peer has proven by the certificate of its TLS connection, in lower case. Empty without one, and
   * always with a drachtio-server, which does not tell.
   */
  readonly peerNames: readonly string[];
  readonly body: string;
  /** Value of the header, comma-separated where there were several; long name, any case. */
  header(name: string): string | undefined;
  /**
   * Answers. The first final answer counts; a later one is dropped and logged. Never throws: what cannot be sent is
   * logged and answered with 500.
   */
  reply(status: number, options?: ReplyOptions): void;
}

/** An INVITE that begins a call. */
export interface IncomingInvite extends IncomingRequest {
  /** True when the caller gave up. */
  readonly cancelled: boolean;
  /** Calls back once, with the Reason of the CANCEL; at once when it came already. */
  onCancel(listener: (reason: string | undefined) => void): void;
}

/** What the engine is reached by. The link is plain TCP: loopback or a private network only. */
export interface EngineAddress {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /**
   * True for the embedded engine: it alone takes the header of peer names off what comes from the network, so that it can
   * be believed. False when absent.
   */
  readonly tellsPeerNames?: boolean;
}

/** An engine in this process, reached without a socket; `Engine` of @mss/sip-engine has such an `attach`. */
export interface LocalEngine extends Pick<EngineAddress, "secret" | "tellsPeerNames"> {
  /** Gives a server that listens nowhere a connection, and another one when that has ended, until the server closes. */
  attach(server: Server, methods: readonly string[]): void;
}

type Handler<Incoming extends IncomingRequest> = (request: Incoming) => Promise<void> | void;

/** A method without handler is answered 405 with Allow. A handler that throws fails its request with 500. */
export interface RequestHandlers {
  readonly register?: Handler<IncomingRequest>;
  readonly options?: Handler<IncomingRequest>;
  readonly message?: Handler<IncomingRequest>;
  /** Any other method outside of a dialog: SUBSCRIBE, PUBLISH, REFER, NOTIFY, INFO, UPDATE. */
  readonly other?: Handler<IncomingRequest>;
}

export interface OutgoingRequest {
  readonly method: "OPTIONS" | "REGISTER" | "MESSAGE" | "NOTIFY";
  readonly uri: string;
  /** Next hop; the URI's own host when absent. */
  readonly proxy?: string;
  readonly headers?: SipHeaders;
  readonly body?: string;
  /** Used for a challenge of the same realm only, at most once per request. */
  readonly credentials?: ClientCredentials;
  /** Until the final response, all attempts together. */
  readonly timeoutMs: number;
}

export type RequestOutcome =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly reason: string;
      header(name: string): string | undefined;
      readonly body: string;
      /** Contact of the request as the engine sent it, its address filled in; absent when it had none. */
      readonly sentContact?: string;
    }
  /** Nothing came within the limit (`timeout`), or the engine could not send it or is away (`unsent`). */
  | { readonly kind: "failed"; readonly failure: "timeout" | "unsent"; readonly reason: string };

export type LinkState = "up" | "down";

export interface SipServerOptions {
  readonly engine: EngineAddress | LocalEngine;
  readonly log: Logger;
  readonly handlers: RequestHandlers & { readonly invite?: Handler<IncomingInvite> };
  /** Value of the Server and User-Agent headers; none when absent. */
  readonly product?: string;
  /** How long a stop waits for the answers to requests that are under way. 1,000 ms when absent. */
  readonly stopGraceMs?: number;
}

/** The application's side of one SIP engine. `start` resolves when the engine has accepted the secret. */
export interface SipServer extends Part {
  request(request: OutgoingRequest): Promise<RequestOutcome>;
  readonly linkState: LinkState;
  /** Returns the function that takes the listener off. */
  onLink(listener: (state: LinkState) => void): () => void;
}
