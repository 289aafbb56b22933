import type { SipMessage } from "@mss/sip-message";

export type TransportName = "udp" | "tcp" | "tls";

export interface HostPort {
  /** IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Where the engine listens. Port 0: any free port; what was taken is told after the start. */
export interface ListenAddress extends HostPort {
  readonly transport: TransportName;
}

/** The path a message came on, or went out on: enough to answer on the same one. */
export interface Flow {
  readonly transport: TransportName;
  readonly local: HostPort;
  readonly remote: HostPort;
  /** Identity of the connection, for TCP and TLS. */
  readonly connection?: string;
  /** The domains of the certificate by which the peer has proven who it is, in lower case; TLS only. */
  readonly peerNames?: readonly string[];
}

/** Where a message is to go. With `flow`, an open connection of that identity is used again before a new one is made. */
export interface Target {
  readonly transport: TransportName;
  readonly host: string;
  readonly port: number;
  /**
   * Who must be there: a domain, or an IP address, that the peer's certificate has to hold. TLS only; `host` when absent.
   * With a name no connection is used on which the peer has proven another one, or none (RFC 5923 §9, SEC-15).
   */
  readonly name?: string;
  readonly flow?: Flow;
  /** It is for a response: that leaves from the address its request came in on, also where others share that address. */
  readonly isAnswer?: true;
  /** The port is the default, and nobody has named it: for a host name SRV records may say another (RFC 3263 §4.2). */
  readonly anyPort?: true;
  /**
   * Nobody has named the transport: NAPTR and SRV records of a host name may say another (RFC 3263 §4.1), and a request
   * that is too large for a datagram may go over TCP (RFC 3261 §18.1.1).
   */
  readonly anyTransport?: true;
  /** UDP would do; TCP is tried for the size of a message, and not for long. */
  readonly insteadOfUdp?: true;
}

/**
 * What is to become of a message before it is read: `pass` it on, `refuse` it with 503 and keep nothing of it, `drop` it
 * without an answer, or `close` the connection it came on.
 */
export type Verdict = "pass" | "refuse" | "drop" | "close";

/** Asked for each message and each new connection, by where it comes from. Never throws. */
export type Limiter = (flow: Flow) => Verdict;

/** Which limit on connections a peer has come up against; names of `StreamLimits`. */
export type ConnectionAbuse =
  | "connectionsPerAddress"
  | "connections"
  | "handshakesPerAddress"
  | "handshakes"
  | "messageMs"
  | "backlogBytes"
  | "writeMs";

/** Told for each connection that is refused or ended for a limit. Never throws. */
export type OnAbuse = (host: string, abuse: ConnectionAbuse) => void;

/** What the transport layer tells the layer above. Never throws back into a socket's listener. */
export interface TransportUser {
  /**
   * A message that parsed, and the bytes it had on the wire; for requests, received/rport are already in the top Via
   * (RFC 3261 §18.2.1, RFC 3581).
   */
  onMessage(message: SipMessage, flow: Flow, bytes: number): void;
  /** A connection (`Flow.connection`) is gone; nothing more will come on it. */
  onConnectionClosed?(connection: string): void;
}

/** Sends and receives framed messages on all listen addresses of one engine. */
export interface TransportLayer {
  start(user: TransportUser): Promise<void>;
  stop(): Promise<void>;
  /** The addresses that were really taken, after start. */
  readonly listening: readonly ListenAddress[];
  /** The address of ours whose host and port go into Via and Contact for this target: behind NAT it depends on where that is. */
  localAddressFor(target: Target): ListenAddress;
  /** Whether a message to that target would come back to this node. */
  isOwn(target: Target): boolean;
  /**
   * The places that a host name stands for, in the order of trial (RFC 3263 §4); undefined for a target that is one place
   * already. Rejects with RESOLVE_FAILED when there are none.
   */
  locate?(target: Target): Promise<readonly Target[]> | undefined;
  /**
   * The place over TCP for a request of so many bytes that is too large for a datagram to this place; undefined when it
   * is to go where it says. RFC 3261 §18.1.1.
   */
  overTcp?(place: Target, bytes: number): Target | undefined;
  /** For so many seconds that peer is reached over UDP alone, however large a request is; 0 ends that. */
  keepOnUdp?(peer: HostPort, seconds: number): void;
  /** Byte text to a place. Resolves when the operating system took it; rejects with TransportError. */
  send(text: string, target: Target): Promise<Flow>;
  /**
   * Keeps the connection of a flow from being closed for idleness until the returned function is called: while a
   * transaction, a dialog or a registration needs it. Nothing happens for UDP or a connection that is gone.
   */
  hold?(flow: Flow): () => void;
  /** That place failed: others are tried before it, for so many seconds where it has said how many itself. */
  distrust?(place: Target, seconds?: number): void;
  /** That place has answered. */
  trust?(place: Target): void;
}
