import type { Part } from "@mss/runtime";
import type { CallLimits } from "../call-control-types.ts";

/** Why a new call is not taken at all. */
export type Shedding = "full" | "setUp" | "late";

export interface OverloadOptions {
  readonly limits: Pick<Required<CallLimits>, "maxCalls" | "maxCallsInSetUp" | "maxEventLoopDelayMs">;
  readonly calls: () => number;
  readonly callsInSetUp: () => number;
}

const LOOK_MS = 50;
/** Weight of the last look: one pause of the process alone is no overload. */
const SMOOTHING = 0.2;

/** Whether the node has more to do than it can: calls at once, calls that nobody has been rung for yet, or a thread that comes too late to everything. */
export class Overload implements Part {
  readonly #options: OverloadOptions;
  #timer: NodeJS.Timeout | undefined;
  #delayMs = 0;

  constructor(options: OverloadOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    let due = performance.now() + LOOK_MS;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#delayMs += SMOOTHING * (Math.max(0, now - due) - this.#delayMs);
      due = now + LOOK_MS;
    }, LOOK_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  /** Undefined: one more is taken. */
  get shedding(): Shedding | undefined {
    const { limits, calls, callsInSetUp } = this.#options;
    if (calls() >= limits.maxCalls) {
      return "full";
    }
    if (callsInSetUp() >= limits.maxCallsInSetUp) {
      return "setUp";
    }
    return this.#delayMs > limits.maxEventLoopDelayMs ? "late" : undefined;
  }
}
