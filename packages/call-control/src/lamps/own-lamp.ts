import { steadyNowMs } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import type { PartyState } from "../calls/occupancy.ts";
import type { LampState } from "./dialog-info.ts";

export interface OwnLampOptions {
  readonly log: Logger;
  readonly occupancy: () => PartyState;
  readonly registeredUntil: () => Promise<number>;
  readonly onState: (state: LampState) => void;
}

const MAX_WAIT_MS = 3_600_000;

/** The state of a number of this node: of its calls, else whether a phone is registered. */
export class OwnLamp {
  readonly #options: OwnLampOptions;
  #timer: NodeJS.Timeout | undefined;
  /** Counts looks: only the last one is told. */
  #look = 0;
  #over = false;

  constructor(options: OwnLampOptions) {
    this.#options = options;
  }

  start(): void {
    this.look();
  }

  stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  /** Something may have changed. */
  look(): void {
    const { occupancy, onState } = this.#options;
    const calls = occupancy();
    if (calls !== "idle") {
      onState(calls);
    }
    void this.#lookAtRegistration();
  }

  async #lookAtRegistration(): Promise<void> {
    const look = (this.#look += 1);
    const until = await this.#registeredUntil();
    if (look !== this.#look || this.#over) {
      return;
    }
    const { occupancy, onState } = this.#options;
    const calls = occupancy();
    if (until === undefined) {
      onState(calls === "idle" ? "unreachable" : calls);
      return;
    }
    this.#lookAgainAt(until);
    onState(calls === "idle" ? (until > steadyNowMs() ? "idle" : "not-registered") : calls);
  }

  /** Undefined when it cannot be read. */
  async #registeredUntil(): Promise<number | undefined> {
    try {
      return await this.#options.registeredUntil();
    } catch (err) {
      this.#options.log.error({ err }, "registration of a watched number cannot be read");
      return undefined;
    }
  }

  /** Nobody says when a registration expires. */
  #lookAgainAt(until: number): void {
    clearTimeout(this.#timer);
    const waitMs = until - steadyNowMs();
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.look(), Math.min(waitMs + 1, MAX_WAIT_MS));
      this.#timer.unref();
    }
  }
}
