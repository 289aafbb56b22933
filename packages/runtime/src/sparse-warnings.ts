import type { Logger } from "./log.ts";

export interface SparseWarningsOptions {
  readonly log: Logger;
  /** One line for each key within this time. 60,000 ms when absent. */
  readonly everyMs?: number;
  /** Lines of all keys together within that time. 30 when absent. */
  readonly lines?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const EVERY_MS = 60_000;
const LINES = 30;

/**
 * Warnings that anybody can cause as often as he likes: an attack must not fill the disk. Of each key the first is
 * written at once, the others of that minute are counted, and the next line tells how many there were.
 */
export class SparseWarnings {
  readonly #log: Logger;
  readonly #everyMs: number;
  readonly #lines: number;
  readonly #now: () => number;
  readonly #written = new Set<string>();
  #untold = 0;
  #endsAtMs = 0;

  constructor({ log, everyMs = EVERY_MS, lines = LINES, now = () => performance.now() }: SparseWarningsOptions) {
    this.#log = log;
    this.#everyMs = everyMs;
    this.#lines = lines;
    this.#now = now;
  }

  /** `key`: whose doing it is, such as an address. */
  warn(key: string, fields: Readonly<Record<string, unknown>>, message: string): void {
    const nowMs = this.#now();
    if (nowMs >= this.#endsAtMs) {
      this.#written.clear();
      this.#endsAtMs = nowMs + this.#everyMs;
    }
    if (this.#written.has(key) || this.#written.size >= this.#lines) {
      this.#untold += 1;
      return;
    }
    this.#written.add(key);
    const untold = this.#untold === 0 ? {} : { untold: this.#untold };
    this.#untold = 0;
    this.#log.warn({ ...fields, ...untold }, message);
  }
}
