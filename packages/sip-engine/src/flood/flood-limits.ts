import type { Rate } from "./token-bucket.ts";

/**
 * What the engine takes of whom, in messages. A source is the address that a message came from; one of IPv6 is its /64
 * network, which is what one customer has. SEC-21 to SEC-28 of the reliability catalogue.
 */
export interface FloodLimits {
  /** One source that is neither trusted nor has shown credentials. */
  readonly unknownSource: Rate;
  /** All these sources together, however many they are: what an attack with false addresses can use at most. */
  readonly unknownSources: Rate;
  /** A source whose credentials were accepted, by address and port or by connection, for as long as they count. */
  readonly knownSource: Rate;
  /** A source on the list of trusted addresses. */
  readonly trustedSource: Rate;
  /** Answers 503 to what one source has beyond its rate, where the source is certain; beyond, UDP is dropped, a connection closed. */
  readonly refusals: Rate;
  /** Sources remembered of each kind; the one heard of least recently is forgotten. */
  readonly sources: number;
  /** Wrong credentials of one source in `failureWindowSeconds` after which it is shut out for `banSeconds`. */
  readonly failures: number;
  readonly failureWindowSeconds: number;
  readonly banSeconds: number;
}

export const FLOOD_LIMITS: FloodLimits = {
  unknownSource: { perSecond: 100, burst: 500 }, // an office behind one address whose phones all come back at once
  unknownSources: { perSecond: 1_000, burst: 3_000 }, // each costs an application about 0.3 ms
  knownSource: { perSecond: 5_000, burst: 10_000 }, // the trunk of a branch or a gateway with some hundred calls a second
  trustedSource: { perSecond: 10_000, burst: 20_000 },
  refusals: { perSecond: 10, burst: 50 },
  sources: 20_000,
  failures: 10,
  failureWindowSeconds: 600,
  banSeconds: 600,
};
