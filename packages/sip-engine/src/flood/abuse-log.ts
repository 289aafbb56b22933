import type { Logger } from "@mss/runtime";

const LINE_EVERY_MS = 10_000; // an attack must not fill the disk
const ENTRIES_LIMIT = 1_000;
const WORST = 5;

/** One peer and one limit, and how often it was reached since the last line. */
export interface Abuse {
  readonly source: string;
  readonly reason: string;
  readonly count: number;
}

/**
 * Tells who costs more than may be: the first one at once, then at most one line in ten seconds, with the worst of that
 * time, until ten seconds pass without any.
 */
export class AbuseLog {
  readonly #log: Logger;
  readonly #counts = new Map<string, { readonly source: string; readonly reason: string; count: number }>();
  #unlisted = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  note(source: string, reason: string): void {
    const key = `${reason} ${source}`;
    const entry = this.#counts.get(key);
    if (entry !== undefined) {
      entry.count += 1;
    } else if (this.#counts.size < ENTRIES_LIMIT) {
      this.#counts.set(key, { source, reason, count: 1 });
    } else {
      this.#unlisted += 1;
    }
    if (this.#timer === undefined) {
      this.#write();
      this.#arm();
    }
  }

  /** What was noted and not written yet is written. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#counts.size > 0) {
      this.#write();
    }
  }

  #arm(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#counts.size > 0) {
        this.#write();
        this.#arm();
      }
    }, LINE_EVERY_MS);
    this.#timer.unref();
  }

  #write(): void {
    const all: readonly Abuse[] = [...this.#counts.values()].toSorted((one, other) => other.count - one.count);
    const total = all.reduce((sum, { count }) => sum + count, this.#unlisted);
    const sources = new Set(all.map(({ source }) => source)).size;
    this.#log.warn({ worst: all.slice(0, WORST), sources, total }, "peers beyond their limits");
    this.#counts.clear();
    this.#unlisted = 0;
  }
}
