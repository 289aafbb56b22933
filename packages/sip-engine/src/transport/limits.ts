/** What one peer may cost. SEC-12 of the reliability catalogue; an option of each layer. */
export interface StreamLimits {
  /** Bytes written to a peer that it has not read yet; beyond, the connection is dropped. */
  readonly backlogBytes: number;
  readonly connectionsPerAddress: number;
  readonly connections: number;
  /** From the first byte of a message to its last. */
  readonly messageMs: number;
  /** Without traffic in either direction, unless the connection is held. */
  readonly idleMs: number;
  /** Bytes wait for the peer to read, and it reads none. */
  readonly writeMs: number;
  /** Connections that this node made itself. */
  readonly dialledConnections: number;
  readonly connectMs: number;
  /** Silence after which a peer that was dialled is pinged while its connection is held. RFC 5626 §3.5.1. */
  readonly pingMs: number;
  /** How long it may take to answer, before a connection whose peer used to answer is given up. RFC 5626 §4.4.1. */
  readonly pongMs: number;
  /** TLS connections that were accepted and have not shaken hands, of one address and in all. SEC-14. */
  readonly handshakesPerAddress: number;
  readonly handshakes: number;
  readonly handshakeMs: number;
}

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  backlogBytes: 256 * 1024,
  connectionsPerAddress: 100,
  connections: 10_000,
  messageMs: 10_000,
  idleMs: 60_000,
  writeMs: 10_000,
  dialledConnections: 5_000,
  connectMs: 5_000,
  pingMs: 25_000, // below what routers remember of a silent connection, and below the idle limit of a peer like us
  pongMs: 10_000,
  handshakesPerAddress: 50, // the phones of an office behind one address come back together
  handshakes: 1_000,
  handshakeMs: 5_000,
};
