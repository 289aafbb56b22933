import type { OutgoingRequest, RequestOutcome } from "@mss/call-control";
import { pause } from "@mss/runtime";
import type { Logger } from "@mss/runtime";

export interface HubProbeTiming {
  /** From one OPTIONS to the next. */
  readonly intervalMs: number;
  /** Until an OPTIONS without an answer is a miss; the next one follows at once. */
  readonly timeoutMs: number;
  /** Misses in a row after which the hub counts as dead. */
  readonly downAfter: number;
  /** Answers in a row after which a dead hub is trusted again. */
  readonly upAfter: number;
  /** Statuses that say the hub takes calls. */
  readonly goodStatuses: readonly number[];
}

/** Two misses of a second each: an answer that is lost on the way is asked for again by then (Timer E). */
export const DEFAULT_PROBE: HubProbeTiming = {
  intervalMs: 1_000,
  timeoutMs: 1_000,
  downAfter: 2,
  upAfter: 3,
  goodStatuses: [200],
};

export interface HubProbeOptions {
  readonly peer: string;
  readonly options: () => Omit<OutgoingRequest, "timeoutMs">;
  readonly request: (request: OutgoingRequest) => Promise<RequestOutcome>;
  readonly log: Logger;
  readonly timing?: Partial<HubProbeTiming> | undefined;
  readonly onChange: (isAlive: boolean) => void;
  /** Constant phrases of the log; those of a hub when absent. */
  readonly phrases?: { readonly alive: string; readonly dead: string };
}

const HUB_PHRASES = { alive: "hub takes calls again", dead: "hub takes no calls" };

/**
 * Asks a hub again and again whether it takes calls, from `start` to `stop`. The application answers, not its SIP engine:
 * one that hangs is found, and one that drains says 503. A hub is alive until shown otherwise.
 */
export class HubProbe {
  readonly #options: HubProbeOptions;
  readonly #timing: HubProbeTiming;
  #isAlive = true;
  /** In a row, against the present state. */
  #against = 0;
  #stopping: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: HubProbeOptions) {
    this.#options = options;
    this.#timing = { ...DEFAULT_PROBE, ...options.timing };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Changes nothing while it runs. */
  start(): void {
    if (this.#stopping === undefined) {
      const stopping = new AbortController();
      this.#stopping = stopping;
      this.#running = this.#run(stopping.signal);
    }
  }

  /** The hub counts as alive until it is asked again. */
  async stop(): Promise<void> {
    this.#stopping?.abort();
    this.#stopping = undefined;
    this.#isAlive = true;
    this.#against = 0;
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedAt = performance.now();
      const outcome = await this.#options.request({ ...this.#options.options(), timeoutMs: this.#timing.timeoutMs });
      if (signal.aborted) {
        return;
      }
      this.#judge(outcome);
      const isAnswered = outcome.kind === "answered";
      const rest = Math.max(0, this.#timing.intervalMs - (performance.now() - startedAt));
      await pause(isAnswered ? rest : Math.min(rest, MISS_PAUSE_MS), signal);
    }
  }

  #judge(outcome: RequestOutcome): void {
    const isGood = outcome.kind === "answered" && this.#timing.goodStatuses.includes(outcome.status);
    if (isGood === this.#isAlive) {
      this.#against = 0;
      return;
    }
    this.#against += 1;
    // a hub that answers, but not as it should, has said so itself: it need not be asked twice
    const enough = isGood ? this.#timing.upAfter : outcome.kind === "answered" ? 1 : this.#timing.downAfter;
    if (this.#against >= enough) {
      this.#against = 0;
      this.#isAlive = isGood;
      const why = outcome.kind === "answered" ? { sip: outcome.status } : { reason: outcome.failure };
      const { peer, log, phrases = HUB_PHRASES } = this.#options;
      log.info({ peer, ...why }, isGood ? phrases.alive : phrases.dead);
      this.#options.onChange(isGood);
    }
  }
}

/** A request that fails at once must not become a loop without pause. */
const MISS_PAUSE_MS = 100;
