import type { Server } from "node:net";
import type { TlsCredentials } from "@mss/certificates";
import type { Logger, Part } from "@mss/runtime";
import type { MessageLimits } from "@mss/sip-message";
import type { FloodLimits } from "../flood/flood-limits.ts";
import type { FloodStats } from "../flood/types.ts";
import type { RequestHandler } from "./request-handlers.ts";
import type { TimerSettings } from "../transaction/types.ts";
import type { StreamLimits } from "../transport/limits.ts";
import type { LocatorOptions } from "../transport/locate/locator.ts";
import type { OwnAddressOptions } from "../transport/own-addresses.ts";
import type { TransportStats } from "../transport/stats.ts";
import type { TlsOptions } from "../transport/tls-kind.ts";
import type { Flow, HostPort, ListenAddress, TransportName } from "../transport/types.ts";
import type { WorkerPorts } from "../transport/worker-ports.ts";
import type { ControlServerLimits } from "../wire/control-server.ts";

/** What one engine will hold at most, and how long it keeps what nobody owns any more. */
export interface EngineLimits {
  /** Of the client and of the server side, each; beyond, new requests are answered 503. On UDP one lives 32 s. */
  readonly transactions: number;
  /** Dialogs, early ones included; beyond, new calls are answered 503. */
  readonly dialogs: number;
  /** Requests that wait for an answer of an application; beyond, new ones are answered 503. */
  readonly openRequests: number;
  /** Requests that the engine proxies; beyond, new ones are refused to the application and answered 503. */
  readonly proxies: number;
  /** Targets that one proxied request is tried at, those of redirects among them. */
  readonly proxyTargets: number;
  /** Branches of one request that may run at once, unless the request allows fewer (RFC 5393). */
  readonly proxyBreadth: number;
  /** How long it may take until an application is found for a request, where `requestHandlers` decide, in milliseconds. */
  readonly routingMs: number;
  /** How long the dialogs of an application that is gone live on before the engine ends them, in milliseconds. */
  readonly orphanGraceMs: number;
  /** Retry-After of the answers to what was refused, in seconds. */
  readonly retryAfterSeconds: number;
}

export const ENGINE_LIMITS: EngineLimits = {
  transactions: 150_000, // a thousand bridged calls a second leave 64,000 behind them
  dialogs: 50_000,
  openRequests: 20_000,
  proxies: 20_000,
  proxyTargets: 32,
  proxyBreadth: 10,
  routingMs: 5_000,
  orphanGraceMs: 2_000,
  retryAfterSeconds: 5,
};

/** Session timers (RFC 4028) that applications leave to the engine. */
export interface SessionTimerSettings {
  /** Shortest interval that is taken, in seconds; a request with a shorter one is answered 422. At least 90 in a real network. */
  readonly minimumSeconds: number;
  /** Who refreshes where a caller offers a timer, leaves that open, and the application says nothing; `none` declines. */
  readonly defaultRefresher: "uac" | "uas" | "none";
}

export const SESSION_TIMERS: SessionTimerSettings = { minimumSeconds: 90, defaultRefresher: "none" };

/** A CANCEL as one process of a node hands it to another: what came, and on which way. */
export interface HandedCancel {
  /** Byte text of the message. */
  readonly text: string;
  readonly flow: Flow;
}

/** One of several engines that share their listen addresses, each in a process of its own. */
export interface WorkerOptions extends WorkerPorts {
  /**
   * Hands a CANCEL that fits nothing here to the `takeCancel` of all others; true when one had its INVITE. The operating
   * system gives a peer to another process when their number changes, also while its call rings.
   */
  readonly cancelElsewhere?: (cancel: HandedCancel) => Promise<boolean>;
}

export interface EngineOptions extends OwnAddressOptions {
  readonly listen: readonly ListenAddress[];
  /** This engine shares the listen addresses with others, and is reached at ports of its own besides. */
  readonly worker?: WorkerOptions;
  /** Needed to listen on `tls` and to call peers over it. */
  readonly tls?: TlsOptions;
  /**
   * Where applications connect, and what they show. The host must be a loopback address; port 0 takes any free port. Without
   * `host` the engine listens for none: it has those that are attached, and those that it dials.
   */
  readonly control: Partial<HostPort> & { readonly secret: string };
  /** Who gets which requests, in the place of "whoever asked for the method, in turn". */
  readonly requestHandlers?: readonly RequestHandler[];
  readonly timers?: Partial<TimerSettings>;
  readonly sessionTimers?: Partial<SessionTimerSettings>;
  readonly limits?: Partial<EngineLimits>;
  /** What one message may be like before anything else looks at it; the rest is as in `DEFAULT_LIMITS` of @mss/sip-message. */
  readonly messageLimits?: Partial<MessageLimits>;
  /** What peers may cost by their connections; the rest is as in `DEFAULT_STREAM_LIMITS`. */
  readonly connectionLimits?: Partial<StreamLimits>;
  /**
   * A request of more bytes leaves over TCP where nobody has named UDP, and over UDP when TCP is refused (RFC 3261 §18.1.1);
   * 0: never. Default: 1300.
   */
  readonly datagramBytes?: number;
  /** How host names are looked up; by default as the machine does. */
  readonly dns?: LocatorOptions;
  /**
   * Option tags, in lower case, that a request may require; one with others is answered 420. Left out: any, for
   * applications that look themselves. RFC 3261 §8.2.2.3.
   */
  readonly optionTags?: readonly string[];
  /**
   * Media types, in lower case, that the body of an INVITE may have; one with another is answered 415, unless its
   * Content-Disposition says `handling=optional`. Left out: any. RFC 3261 §8.2.3.
   */
  readonly inviteTypes?: readonly string[];
  /** How many messages of whom; `false` takes everything of everybody. The rest is as in `FLOOD_LIMITS`. */
  readonly flood?: Partial<FloodLimits> | false;
  /** IP addresses and networks of other nodes, trunks and gateways, for which `flood` has a rate of their own. */
  readonly trusted?: readonly string[];
  readonly controlLimits?: Partial<ControlServerLimits>;
  readonly log: Logger;
}

export interface EngineStats {
  readonly transactions: { readonly client: number; readonly server: number };
  readonly dialogs: number;
  /** Requests that wait for an answer of an application. */
  readonly openRequests: number;
  /** Requests that the engine proxies. */
  readonly proxies: number;
  /** TCP and TLS connections that are open, ours and the peers'. */
  readonly connections: number;
  /** What the sockets saw since the start, malformed messages among it. */
  readonly transport: TransportStats;
  /** Applications that are connected. */
  readonly applications: number;
  /** Messages that were beyond the limits of their source, and sources that were banned; zeros without limits. */
  readonly flood: FloodStats;
  /** Requests the engine refused by itself since the start, by status code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Calls and dialogs the engine ended by itself since the start: no ACK, late fork, application gone, session expired. */
  readonly ended: number;
}

/**
 * A SIP engine that a drachtio-srf application drives, over TCP or in its process, in the place of drachtio-server.
 * It fails to start with `CONTROL_NOT_LOOPBACK`, `CONTROL_LISTEN_FAILED` or an error of the transport layer.
 */
export interface Engine extends Part {
  /** Where an application connects; the real port after the start. Throws CONTROL_CLOSED without `control.host`. */
  readonly controlAddress: HostPort;
  /** The SIP addresses that were taken, after the start. */
  readonly listening: readonly ListenAddress[];
  /**
   * Lets in an application of this process without a socket: one that listens with `server`, as in
   * `srf.listen({ server, secret })`, which has to come first; `server` itself need not listen anywhere. `methods`, in any
   * case, are the requests that it wants, `cdr:start` and the like among them: a drachtio-srf that listens does not tell.
   * A connection that ends is replaced, until the server closes. Throws NOT_RUNNING or METHOD_UNKNOWN.
   */
  attach(server: Server, methods: readonly string[]): void;
  /** Ends the call that a CANCEL belongs to which another engine of the node has got. False: that call is not here. */
  takeCancel(cancel: HandedCancel): boolean;
  stats(): EngineStats;
  /**
   * New TLS connections use these credentials from now on; no connection and no call ends. Throws, and changes nothing,
   * when they cannot be used: what OpenSSL says of them, or NO_LISTENER in an engine that was made without any.
   */
  renewCredentials(credentials: TlsCredentials): void;
  /**
   * Counts a source as known for so many seconds, as if its credentials had just been accepted: for registrations that
   * outlived a restart. Over TCP and TLS its address alone is known, since its connection is a new one.
   */
  know(source: HostPort & { readonly transport: TransportName }, seconds: number): void;
}
