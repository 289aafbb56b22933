import { open } from "node:fs/promises";
import type { Logger } from "@mss/runtime";

const INTERVAL_MS = 1_000;

/**
 * Brings what was committed to the disk within about a second, so that a power cut takes no more than that. SQLite itself
 * would do it in the thread of the calls; this waits for the disk elsewhere. The log of SQLite is written at its end
 * only, and has checksums: whatever part of it is on the disk can be read.
 */
export class WalSync {
  readonly #file: string;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  /** `file` is that of the database. */
  constructor(file: string, log: Logger) {
    this.#file = file;
    this.#log = log;
  }

  /** Something was committed. */
  request(): void {
    if (this.#file !== ":memory:") {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#running = this.#running.then(() => this.#sync());
      }, INTERVAL_MS).unref();
    }
  }

  /** Resolves when no file is open any more. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  async #sync(): Promise<void> {
    try {
      const handle = await open(`${this.#file}-wal`, "r");
      try {
        await handle.datasync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      this.#log.warn({ err: error }, "what was written is not known to be on the disk");
    }
  }
}
