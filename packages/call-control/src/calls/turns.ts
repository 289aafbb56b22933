import { setTimeout } from "node:timers/promises";

/** Lets one through at a time, with a pause between them. */
export class Turns {
  readonly #pauseMs: number;
  #nextAt = 0;

  constructor(pauseMs: number) {
    this.#pauseMs = pauseMs;
  }

  /** Resolves when it is the turn of who asks. */
  async next(): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + this.#pauseMs;
    if (at > now) {
      await setTimeout(at - now, undefined, { ref: false });
    }
  }
}
