const TOUCH_EVERY_MS = 1_000; // moving an entry to the end costs more than looking it up

/** An entry of a `RecentMap`, which keeps the time in it. */
export interface RecentEntry {
  touchedAtMs: number;
}

/** A map of bounded size that forgets what was used least recently, to the second. */
export class RecentMap<Entry extends RecentEntry> {
  readonly #entries = new Map<string, Entry>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string, nowMs: number): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined && nowMs - entry.touchedAtMs > TOUCH_EVERY_MS) {
      entry.touchedAtMs = nowMs;
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry;
  }

  set(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > this.#capacity) {
      const [oldest = key] = this.#entries.keys();
      this.#entries.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  count(matches: (entry: Entry) => boolean): number {
    let count = 0;
    for (const entry of this.#entries.values()) {
      count += matches(entry) ? 1 : 0;
    }
    return count;
  }
}
