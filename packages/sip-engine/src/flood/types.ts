/** Why a message or a new connection was not served: whose limit of `FloodLimits` was reached, or a ban. */
export type FloodReason = "unknownSource" | "unknownSources" | "knownSource" | "trustedSource" | "banned";

/** Counts since the start, and the sizes of the tables now. */
export interface FloodStats {
  /** Messages that got no answer. */
  readonly dropped: number;
  /** Messages that were answered 503. */
  readonly refused: number;
  /** Connections that were closed. */
  readonly closed: number;
  /** The three above together, by reason. */
  readonly reasons: Readonly<Record<FloodReason, number>>;
  /** Addresses that messages came from, known or not. */
  readonly sources: number;
  /** Phones and addresses whose credentials were accepted. */
  readonly known: number;
  /** Sources banned since the start. */
  readonly bans: number;
  /** Sources that are banned now. */
  readonly banned: number;
}
