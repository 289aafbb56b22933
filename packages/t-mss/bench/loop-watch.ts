import { PerformanceObserver, performance } from "node:perf_hooks";

/** How long the event loop of a process stood still, in milliseconds. */
export interface LoopStalls {
  /** Between two turns of a loop that has a timer of one millisecond. */
  readonly longestMs: number;
  readonly p999Ms: number;
  /** Of the processor, by this thread alone, between two turns: without what others on the machine add. */
  readonly longestBusyMs: number;
  /** What the engine says that a collection of garbage took. */
  readonly longestGcMs: number;
}

const TICK_MS = 1;

/** A timer of one millisecond that writes down how late it is. */
export class LoopWatch {
  #gaps: number[] = [];
  #longestBusyMs = 0;
  #longestGcMs = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #collections = new PerformanceObserver((seen) => {
    this.#longestGcMs = Math.max(this.#longestGcMs, ...seen.getEntries().map(({ duration }) => duration));
  });

  begin(): void {
    this.#gaps = [];
    this.#longestBusyMs = 0;
    this.#longestGcMs = 0;
    this.#collections.observe({ entryTypes: ["gc"] });
    let lastMs = performance.now();
    let lastBusyMs = busyMs();
    this.#timer = setInterval(() => {
      const [nowMs, nowBusyMs] = [performance.now(), busyMs()];
      this.#gaps.push(nowMs - lastMs);
      this.#longestBusyMs = Math.max(this.#longestBusyMs, nowBusyMs - lastBusyMs);
      [lastMs, lastBusyMs] = [nowMs, nowBusyMs];
    }, TICK_MS);
  }

  end(): LoopStalls {
    clearInterval(this.#timer);
    this.#collections.disconnect();
    const sorted = this.#gaps.toSorted((one, other) => one - other);
    return {
      longestMs: sorted.at(-1) ?? Number.NaN,
      p999Ms: sorted[Math.floor(sorted.length * 0.999)] ?? Number.NaN,
      longestBusyMs: this.#longestBusyMs,
      longestGcMs: this.#longestGcMs,
    };
  }
}

/** Processor time of this thread. */
function busyMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
