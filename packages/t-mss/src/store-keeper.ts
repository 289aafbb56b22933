import { setTimeout as sleep } from "node:timers/promises";
import type { SealedRevision } from "@mss/model";
import type { Logger } from "@mss/runtime";

export interface StoreKeeperOptions {
  /** Brings hub and store together, now that the store has this. */
  readonly settle: (current: SealedRevision | undefined) => Promise<void>;
  readonly log: Logger;
}

const TRY_AGAIN_MS = 1_000;

/**
 * Deals with what the store has, one state at a time and the newest only: what was seen while another was dealt with
 * waits, and a later one takes its place. One that fails is tried again until it succeeds or the store has changed.
 */
export class StoreKeeper {
  readonly #options: StoreKeeperOptions;
  #next: { readonly current: SealedRevision | undefined } | undefined;
  #attempt: Promise<void> = Promise.resolve();
  #running: Promise<void> | undefined;
  readonly #stopping = new AbortController();

  constructor(options: StoreKeeperOptions) {
    this.#options = options;
  }

  saw(current: SealedRevision | undefined): void {
    this.#next = { current };
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when the present attempt is over, however it comes out. */
  settled(): Promise<void> {
    return this.#attempt;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let taken = this.#next; taken !== undefined && !signal.aborted; taken = this.#next) {
      this.#next = undefined;
      const attempt = this.#options.settle(taken.current);
      this.#attempt = attempt.catch(() => undefined);
      try {
        await attempt;
      } catch (error) {
        this.#options.log.warn({ err: error }, "hub and topology store differ; trying again");
        this.#next ??= taken;
        await sleep(TRY_AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
