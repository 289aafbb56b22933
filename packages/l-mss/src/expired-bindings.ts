import type { BindingStore } from "@mss/model";
import { Rounds, pause, steadyNowMs } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";

export interface ExpiredBindingsOptions {
  readonly bindings: Pick<BindingStore, "purge">;
  readonly log: Logger;
  /** An hour when absent: the clock of a machine that has just started may still be years ahead. */
  readonly intervalMs?: number;
}

const HOUR_MS = 3_600_000;

/** Forgets registrations of phones that never came back: nobody is called by them, but the file would grow. */
export class ExpiredBindings implements Part {
  readonly #rounds: Rounds;

  constructor({ bindings, log, intervalMs = HOUR_MS }: ExpiredBindingsOptions) {
    this.#rounds = new Rounds({
      async round(signal) {
        await pause(intervalMs, signal);
        const count = signal.aborted ? 0 : await bindings.purge(steadyNowMs());
        if (count > 0) {
          log.info({ count }, "expired registrations forgotten");
        }
      },
      onFailed: (error) => log.warn({ err: error }, "expired registrations could not be forgotten"),
      failurePauseMs: intervalMs,
    });
  }

  start(): Promise<void> {
    this.#rounds.start();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }
}
