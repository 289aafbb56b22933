import { pause } from "./pause.ts";

export interface RoundsOptions {
  /** Does its work and waits until the next round is due. Its signal comes when the next is to begin at once, or none any more. */
  readonly round: (signal: AbortSignal) => Promise<void>;
  /** What a round rejected with, other than because of its signal. */
  readonly onFailed: (error: unknown) => void;
  /** Between a round that failed and the next one. Milliseconds. */
  readonly failurePauseMs: number;
}

/** One round after the other, from `start` to `stop`. */
export class Rounds {
  readonly #options: RoundsOptions;
  #present = new AbortController();
  #isStopping = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends the present round, whether it works or waits; the next one begins at once. */
  again(): void {
    this.#present.abort();
  }

  /** Ends the present round. Resolves when it is over. */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.#present.abort();
    return this.#running;
  }

  async #run(): Promise<void> {
    const { round, onFailed, failurePauseMs } = this.#options;
    while (!this.#isStopping) {
      this.#present = new AbortController();
      const { signal } = this.#present;
      try {
        await round(signal);
      } catch (error) {
        if (!signal.aborted) {
          onFailed(error);
          await pause(failurePauseMs, signal);
        }
      }
    }
  }
}
