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
    const filled = this.#filled({ key, perSecond, burst });
    this.#put(key, filled < 1 ? filled : filled - 1);
    return filled >= 1;
  }

  /** So many calls have been let in elsewhere: they count here, too, but for no more than one `burst` to come. */
  spend(request: Pick<RateRequest, "key" | "perSecond" | "burst">, calls: number): void {
    this.#put(request.key, Math.max(-request.burst, this.#filled(request) - calls));
  }

  #filled({ key, perSecond, burst }: Pick<RateRequest, "key" | "perSecond" | "burst">): number {
    const now = this.#now();
    const { tokens, at } = this.#buckets.get(key) ?? { tokens: burst, at: now };
    return Math.min(burst, tokens + ((now - at) / MILLISECONDS) * perSecond);
  }

  #put(key: string, tokens: number): void {
    this.#buckets.delete(key); // the last one used is the last one forgotten
    this.#buckets.set(key, { tokens, at: this.#now() });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_BUCKETS && oldest !== undefined) {
      this.#buckets.delete(oldest);
    }
  }
}
