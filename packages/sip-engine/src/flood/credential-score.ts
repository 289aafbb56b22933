import type { FloodLimits } from "./flood-limits.ts";
import { RecentMap } from "./recent-map.ts";
import { TokenBucket } from "./token-bucket.ts";
import type { Rate } from "./token-bucket.ts";

/** `certain`: on a connection. `forgeable`: over UDP, where anybody could have sent it in the name of the source. */
export type Evidence = "certain" | "forgeable";

interface Ban {
  touchedAtMs: number;
  readonly untilMs: number;
  readonly evidence: Evidence;
}

/**
 * Counts the wrong credentials of each source and bans who guesses. The two kinds of evidence are counted apart, so that
 * an attacker with false addresses cannot complete what a source has begun by its own mistakes.
 */
export class CredentialScore {
  readonly #rate: Rate;
  readonly #banMs: number;
  readonly #failures: RecentMap<{ touchedAtMs: number; readonly left: TokenBucket }>;
  readonly #bans: RecentMap<Ban>;
  #count = 0;

  constructor(limits: FloodLimits) {
    const { failures, failureWindowSeconds, banSeconds, sources } = limits;
    this.#rate = { perSecond: failures / failureWindowSeconds, burst: failures - 1 };
    this.#banMs = banSeconds * 1000;
    this.#failures = new RecentMap(sources);
    this.#bans = new RecentMap(sources);
  }

  /** Since the start. */
  get bans(): number {
    return this.#count;
  }

  banned(nowMs: number): number {
    return this.#bans.count(({ untilMs }) => untilMs > nowMs);
  }

  banOf(host: string, nowMs: number): Evidence | undefined {
    const ban = this.#bans.get(host, nowMs);
    if (ban !== undefined && ban.untilMs <= nowMs) {
      this.#bans.delete(host);
      return undefined;
    }
    return ban?.evidence;
  }

  /** True when the source is banned with this. */
  onFailure(host: string, evidence: Evidence, nowMs: number): boolean {
    const key = `${evidence} ${host}`;
    const entry = this.#failures.get(key, nowMs) ?? { touchedAtMs: nowMs, left: new TokenBucket(this.#rate, nowMs) };
    this.#failures.set(key, entry);
    if (entry.left.take(this.#rate, nowMs)) {
      return false;
    }
    this.#failures.delete(key);
    const isWeaker = evidence === "forgeable" && this.banOf(host, nowMs) === "certain";
    if (!isWeaker) {
      this.#bans.set(host, { touchedAtMs: nowMs, untilMs: nowMs + this.#banMs, evidence });
      this.#count += 1;
    }
    return !isWeaker;
  }

  /** Somebody there knows a secret: what was guessed wrong before was a mistake. A ban stays. */
  clear(host: string): void {
    this.#failures.delete(`certain ${host}`);
    this.#failures.delete(`forgeable ${host}`);
  }
}
