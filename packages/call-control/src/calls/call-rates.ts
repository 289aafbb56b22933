import type { RateRequest } from "../bridge/types.ts";

interface Bucket {
  tokens: number;
  at: number;
}

const MAX_BUCKETS = 50_000;
const MILLISECONDS = 1000;

/** New calls a second, by token buckets of this process: `burst` at once after a rest, `perSecond` on average. */
export class CallRates {
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: () => number;

  /** `now`: monotonic, in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether there is room for one call more; then it has it. */
  take({ key, perSecond, burst }: RateRequest): boolean {
    const now = this.#now();
    const { tokens, at } = this.#buckets.get(key) ?? { tokens: burst, at: now };
    const filled = Math.min(burst, tokens + ((now - at) / MILLISECONDS) * perSecond);
    this.#buckets.delete(key); // the last one used is the last one forgotten
    this.#buckets.set(key, { tokens: filled < 1 ? filled : filled - 1, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_BUCKETS && oldest !== undefined) {
      this.#buckets.delete(oldest);
    }
    return filled >= 1;
  }
}
