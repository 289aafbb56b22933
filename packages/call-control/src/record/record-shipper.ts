import { setImmediate as nextTurn } from "node:timers/promises";
import type { CallRecord } from "@mss/model";
import { Rounds, isCoded, pause, retry, withDeadline } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";
import type { LedgerStatus, RecordLedger } from "./record-ledger.ts";

/** What the store of the hubs said to a batch. */
export interface RecordReceipt {
  /** Names what the store has: another name than the last time says that it has lost what was sent before. */
  readonly store: string;
  /** Places in the batch of what it will never take; everything else is in the store now, or was there already. */
  readonly refused: readonly number[];
}

/** Rejects where the batch may not have arrived: it is sent again, and each record counts once. An empty batch only asks which store it is. */
export type SendRecords = (records: readonly CallRecord[], signal: AbortSignal) => Promise<RecordReceipt>;

export interface ShippingTiming {
  /** Between two batches that are not full, so that one request takes the calls of that time. */
  readonly pauseMs: number;
  /** Bounds of the growing, jittered pause while nothing can be sent. */
  readonly minRetryMs: number;
  readonly maxRetryMs: number;
  /** How often the store is asked whether it still has what was sent, when there is nothing to send. */
  readonly checkMs: number;
  /** How long a stop tries to send what is left. */
  readonly stopMs: number;
}

export interface RecordShipperOptions {
  readonly ledger: RecordLedger;
  readonly send: SendRecords;
  /** False while there is nobody to send to. */
  readonly hasDestination: () => boolean;
  readonly log: Logger;
  readonly timing?: Partial<ShippingTiming>;
}

/** Call records on their way. */
export interface ShippingStatus extends LedgerStatus {
  /** `nowhere`: no hub takes records over HTTPS, so they stay on the node's own disk. */
  readonly goTo: "hubs" | "nowhere";
  /** When the store of the hubs took the last ones. ISO 8601, UTC. */
  readonly sentAt?: string;
  /** Why they cannot be sent now. */
  readonly problem?: string;
}

const DEFAULT_TIMING: ShippingTiming = {
  pauseMs: 1_000,
  minRetryMs: 500,
  maxRetryMs: 15_000,
  checkMs: 60_000,
  stopMs: 2_000,
};
/** Some milliseconds of the thread of the calls; full batches follow each other. */
const BATCH_RECORDS = 100;
const BATCH_CHARACTERS = 500_000;
const RESEND_AT_ONCE = 2_000;
/** Two stores that take turns must not make a node send everything all the time. */
const RESEND_PAUSE_MS = 60_000;
/** As long as timers last. */
const UNTIL_POKED_MS = 2_147_483_647;

/**
 * Sends what the ledger has until the store of the hubs has taken it, oldest first, one batch at a time. A batch whose
 * acknowledgement is lost is sent again; the store counts each record once. A store that has lost its data gets again
 * what the journal still has.
 */
export class RecordShipper implements Part {
  readonly #options: RecordShipperOptions;
  readonly #timing: ShippingTiming;
  readonly #rounds: Rounds;
  #isUnsent = false;
  #noLongerTold: () => void = () => undefined;
  #sentAt: number | undefined;
  #resentMs = -Infinity;
  #problem: string | undefined;

  constructor(options: RecordShipperOptions) {
    this.#options = options;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    this.#rounds = new Rounds({
      round: (signal) => this.#round(signal),
      onFailed: (error) => options.log.error({ err: error }, "sending call records failed"),
      failurePauseMs: this.#timing.maxRetryMs,
    });
  }

  async start(): Promise<void> {
    this.#isUnsent = true;
    this.#noLongerTold = this.#options.ledger.onUnsent(() => {
      this.#isUnsent = true;
      this.#wake();
    });
    this.#rounds.start();
  }

  /** Tries once more to send what is left. Call it when the ledger gets nothing new any more, and before that is stopped. */
  async stop(): Promise<void> {
    if (this.#rounds.isStopping) {
      return;
    }
    this.#noLongerTold();
    await this.#rounds.stop();
    await this.#options.ledger.flush();
    if (this.#options.hasDestination() && this.#problem === undefined && this.#options.ledger.status().unsent > 0) {
      const limit = AbortSignal.timeout(this.#timing.stopMs);
      await withDeadline(this.#sendAll(limit), this.#timing.stopMs, "send call records").catch((error: unknown) => {
        this.#options.log.info({ err: error }, "call records are sent after the next start");
      });
    }
  }

  /** There is a destination, or it is back: what waits is sent now. */
  retryNow(): void {
    this.#rounds.again();
  }

  status(): ShippingStatus {
    return {
      ...this.#options.ledger.status(),
      goTo: this.#options.hasDestination() ? "hubs" : "nowhere",
      ...(this.#sentAt === undefined ? {} : { sentAt: new Date(this.#sentAt).toISOString() }),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  /** While something is being sent, or cannot be, it takes its time. */
  #wake: () => void = () => undefined;

  async #round(signal: AbortSignal): Promise<void> {
    if (!this.#options.hasDestination()) {
      this.#problem = undefined;
      await pause(UNTIL_POKED_MS, signal);
      return;
    }
    await retry(() => this.#sendAll(signal), {
      retries: Infinity,
      minDelayMs: this.#timing.minRetryMs,
      maxDelayMs: this.#timing.maxRetryMs,
      signal,
      onFailedAttempt: (error) => this.#failed(error),
    });
    await pause(this.#timing.pauseMs, signal);
    await this.#untilUnsent(signal);
  }

  /** Batch after batch until nothing is left; one at least, which asks what the store has. */
  async #sendAll(signal: AbortSignal): Promise<void> {
    this.#isUnsent = false;
    for (let more = true; more && !signal.aborted;) {
      const records = await this.#batch();
      const receipt = await this.#options.send(records, signal);
      await this.#settle(records, receipt);
      more = (await this.#options.ledger.next(1)).length > 0;
    }
  }

  async #batch(): Promise<readonly CallRecord[]> {
    const records = await this.#options.ledger.next(BATCH_RECORDS);
    let characters = 0;
    const fits = records.findIndex((record) => (characters += JSON.stringify(record).length) > BATCH_CHARACTERS);
    return fits < 0 ? records : records.slice(0, Math.max(1, fits));
  }

  async #settle(records: readonly CallRecord[], { store, refused }: RecordReceipt): Promise<void> {
    const { ledger, log } = this.#options;
    const isRefused = new Set(refused);
    const [taken, left] = [
      records.filter((_record, index) => !isRefused.has(index)),
      records.filter((_record, index) => isRefused.has(index)),
    ];
    for (const record of left) {
      log.error({ record }, "call record is refused by the hub; it stays in the journal");
    }
    await ledger.acknowledge(
      taken.map(({ id }) => id),
      "sent",
    );
    await ledger.acknowledge(
      left.map(({ id }) => id),
      "refused",
    );
    this.#succeeded(taken.length);
    await this.#compareStore(store);
  }

  /** A store that is not the one of the last time has nothing of what was sent to that. */
  async #compareStore(store: string): Promise<void> {
    const { ledger, log } = this.#options;
    const known = await ledger.sentTo();
    if (known === store || performance.now() - this.#resentMs < RESEND_PAUSE_MS) {
      return;
    }
    if (known !== undefined) {
      this.#resentMs = performance.now();
      let count = 0;
      for (let some = Infinity; some > 0; count += some) {
        some = await ledger.resend(RESEND_AT_ONCE);
        await nextTurn(); // calls go on between
      }
      log.warn({ records: count }, "the store of the hubs has lost its call records; they are sent again");
    }
    await ledger.setSentTo(store);
  }

  #succeeded(count: number): void {
    if (this.#problem !== undefined) {
      this.#options.log.info("call records are sent again");
    }
    this.#problem = undefined;
    this.#sentAt = count > 0 ? Date.now() : this.#sentAt;
  }

  /** Told once for each reason, not for each attempt. */
  #failed(error: Error): void {
    const given: unknown = isCoded(error) ? (error.details["reason"] ?? error.code) : error.message;
    const reason = typeof given === "string" ? given : error.message;
    if (reason !== this.#problem) {
      this.#options.log.warn({ err: error }, "call records cannot be sent now; they are kept until they can");
    }
    this.#problem = reason;
  }

  /** Resolves when there is something to send, or when it is time to ask the store. */
  async #untilUnsent(signal: AbortSignal): Promise<void> {
    if (this.#isUnsent) {
      return;
    }
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await pause(this.#timing.checkMs, AbortSignal.any([signal, woken.signal]));
    this.#wake = () => undefined;
  }
}
