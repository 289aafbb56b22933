/** Counts since the start. */
export interface TransportStats {
  readonly received: number;
  readonly sent: number;
  /** Requests that were refused and answered without state, by status. */
  readonly refused: Readonly<Record<string, number>>;
  /** Messages that were refused and could not be answered, responses among them. */
  readonly droppedMalformed: number;
  /** INVITEs that may have waited in the socket while the process stood still. */
  readonly droppedStale: number;
  readonly keepalives: number;
  /** TLS connections refused because too many others had not shaken hands. */
  readonly handshakesRefused: number;
  /** Connections refused because their address, or the node, holds the limit already. */
  readonly connectionsRefused: number;
  /** Connections closed because a message took too long to arrive. */
  readonly connectionsSlow: number;
  /** Connections closed because the peer did not read. */
  readonly connectionsClogged: number;
  /** Connections closed because nothing moved on them. */
  readonly connectionsIdle: number;
  /** Connections closed because their peer answers pings no more. */
  readonly connectionsDead: number;
}

export type MutableStats = { -readonly [Name in keyof Omit<TransportStats, "refused">]: TransportStats[Name] } & {
  readonly refused: Record<string, number>;
};

export function createStats(): MutableStats {
  return {
    received: 0,
    sent: 0,
    refused: {},
    droppedMalformed: 0,
    droppedStale: 0,
    keepalives: 0,
    handshakesRefused: 0,
    connectionsRefused: 0,
    connectionsSlow: 0,
    connectionsClogged: 0,
    connectionsIdle: 0,
    connectionsDead: 0,
  };
}
