import { mock } from "node:test";

/** A timer that waits. What of `NodeJS.Timeout` is used finds itself here. */
class Timer {
  readonly run: () => void;
  readonly dueMs: number;

  constructor(run: () => void, dueMs: number) {
    this.run = run;
    this.dueMs = dueMs;
  }

  unref(): this {
    return this;
  }
}

/**
 * Protocol time: `setTimeout` of the process, until `restore`. Unlike the mock timers of node:test it knows what is
 * still pending and when it is due, so that minutes pass as fast as what happens in them, and a forgotten timer is seen.
 */
export class Clock {
  readonly #timers = new Set<Timer>();
  readonly #mocks = [
    mock.method(globalThis, "setTimeout", (run: (...values: unknown[]) => void, ms = 0, ...values: unknown[]) => {
      const timer = new Timer(() => run(...values), this.nowMs + Math.max(1, ms));
      this.#timers.add(timer);
      return timer;
    }),
    mock.method(globalThis, "clearTimeout", (timer: Timer | undefined) => {
      if (timer !== undefined) {
        this.#timers.delete(timer);
      }
    }),
  ] as const;
  nowMs = 0;

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass: each timer runs when it is due, and `settle` after it. Stops early when nothing is pending. */
  async advance(ms: number, settle: () => Promise<void>): Promise<void> {
    const end = this.nowMs + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      this.#timers.delete(next);
      next.run();
      await settle();
    }
    this.nowMs = end;
  }

  restore(): void {
    for (const each of this.#mocks) {
      each.mock.restore();
    }
  }

  /** The earliest one, of equals the one that was set first. */
  #next(endMs: number): Timer | undefined {
    let found: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (found === undefined || timer.dueMs < found.dueMs)) {
        found = timer;
      }
    }
    return found;
  }
}
