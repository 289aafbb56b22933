/** How often something may happen: so many times a second on average, and so many at once after a rest. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

const MILLISECONDS = 1000;

/** Counts by time: full at first, one taken for each event, filled again at the rate's pace. Times are monotonic milliseconds. */
export class TokenBucket {
  #tokens: number;
  #filledAtMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#tokens = rate.burst;
    this.#filledAtMs = nowMs;
  }

  /** False, and nothing taken, when less than one token is left. */
  take(rate: Rate, nowMs: number): boolean {
    const gained = ((nowMs - this.#filledAtMs) * rate.perSecond) / MILLISECONDS;
    this.#tokens = Math.min(rate.burst, this.#tokens + gained);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) {
      return false;
    }
    this.#tokens -= 1;
    return true;
  }
}
