import { once } from "node:events";
import { open } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { withDeadline } from "@mss/runtime";
import type { Logger } from "@mss/runtime";

const INTERVAL_MS = 1_000;
const CHECKPOINT_BYTES = 4 * 1024 * 1024;
const CHECKPOINT_LIMIT_MS = 60_000;
const PROGRAM = new URL("checkpoint-worker.ts", import.meta.url);

/**
 * What of SQLite waits for the disk, outside of the thread of the calls. What was committed is on the disk within about a
 * second, so that a power cut takes no more than that: the log of SQLite is written at its end only, and has checksums;
 * whatever part of it is on the disk can be read. A log that has grown is brought into the file by a thread of its own, which
 * is there from the first time on: with SQLite's own way, every commit of some number waits for three fsyncs.
 */
export class WalSync {
  readonly #file: string;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #thread: Worker | undefined;
  #commits = 0;
  /** The log has grown, and not all of it is in the file: only when it is does the next commit begin it anew. */
  #isBehind = false;
  #checkpointing: Promise<void> | undefined;

  /** `file` is that of the database. */
  constructor(file: string, log: Logger) {
    this.#file = file;
    this.#log = log;
  }

  /** Something was committed just now. */
  committed(): void {
    if (this.#file === ":memory:") {
      return;
    }
    this.#commits += 1;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#running.then(() => this.#sync());
    }, INTERVAL_MS).unref();
    if (this.#isBehind) {
      void this.#checkpoint(); // has the time until the next commit to come to the end of the log
    }
  }

  /** Resolves when no file is open any more. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running;
    await this.#checkpointing;
    this.#isBehind = false;
    await this.#endThread();
  }

  async #sync(): Promise<void> {
    try {
      if ((await this.#syncLog()) >= CHECKPOINT_BYTES) {
        this.#isBehind = true;
        await this.#checkpoint();
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Resolves with the size of the log. */
  async #syncLog(): Promise<number> {
    const handle = await open(`${this.#file}-wal`, "r");
    try {
      await handle.datasync();
      return (await handle.stat()).size;
    } finally {
      await handle.close();
    }
  }

  /** One at a time. Never rejects. */
  async #checkpoint(): Promise<void> {
    this.#checkpointing ??= this.#checkpointOnce();
    await this.#checkpointing;
  }

  async #checkpointOnce(): Promise<void> {
    try {
      const thread = (this.#thread ??= this.#startThread());
      const before = this.#commits;
      thread.postMessage("checkpoint", []);
      await withDeadline(once(thread, "message"), CHECKPOINT_LIMIT_MS, "checkpoint");
      this.#isBehind = this.#commits !== before;
    } catch (error) {
      this.#failed(error);
      this.#isBehind = false; // the next look at the size of the log tries again
      await this.#endThread();
    }
    this.#checkpointing = undefined;
  }

  #startThread(): Worker {
    const thread = new Worker(PROGRAM, { name: "checkpoint", workerData: this.#file });
    thread.unref();
    return thread;
  }

  async #endThread(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }

  #failed(error: unknown): void {
    this.#log.warn({ err: error }, "what was written is not known to be on the disk");
  }
}
