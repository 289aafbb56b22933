import type { OutgoingRequest, RequestOutcome } from "@mss/call-control";
import type { CarrierLineSettings } from "@mss/model";
import { Rounds, pause } from "@mss/runtime";
import { grantedSeconds } from "../granted-seconds.ts";
import { unlessAborted } from "../unless-aborted.ts";
import { carrierAddress } from "./carrier-uri.ts";
import { registrationOutcome } from "./registration-outcome.ts";
import type { RegistrationOutcome } from "./registration-outcome.ts";

export interface RegistrationTiming {
  readonly requestTimeoutMs: number;
  /** Bounds of the growing, jittered pause while the carrier is away. */
  readonly minRetryMs: number;
  readonly maxRetryMs: number;
  /** After a refusal: carriers lock accounts that try a wrong password often. */
  readonly refusedRetryMs: number;
}

export const REGISTRATION_TIMING: RegistrationTiming = {
  requestTimeoutMs: 5_000,
  minRetryMs: 1_000,
  maxRetryMs: 60_000,
  refusedRetryMs: 300_000,
};

export interface CarrierRegistrationOptions {
  /** One that registers. */
  readonly line: CarrierLineSettings;
  readonly request: (request: OutgoingRequest) => Promise<RequestOutcome>;
  readonly timing: RegistrationTiming;
  /** After each attempt that settles something. */
  readonly onOutcome: (outcome: Exclude<RegistrationOutcome, { kind: "tooBrief" | "stale" }>) => void;
  readonly onFailed: (error: unknown) => void;
}

/** A carrier that is gone when we stop must not hold up the stop. */
const DEREGISTER_TIMEOUT_MS = 1_000;
const MAX_EXPIRES_SECONDS = 86_400;
/** Steps of the growing pause before it is at its longest. */
const MAX_DOUBLINGS = 10;

/** The registration of one line at its carrier, kept alive from `start` to `stop`. RFC 3261 §10.2. */
export class CarrierRegistration {
  readonly #options: CarrierRegistrationOptions;
  readonly #rounds: Rounds;
  #expiresSeconds: number;
  /** Attempts in a row that found the carrier away. */
  #misses = 0;
  #asking = false;
  #isRegistered = false;

  constructor(options: CarrierRegistrationOptions) {
    this.#options = options;
    this.#expiresSeconds = options.line.register?.expiresSeconds ?? 0;
    this.#rounds = new Rounds({
      round: (signal) => this.#round(signal),
      onFailed: options.onFailed,
      failurePauseMs: options.timing.maxRetryMs,
    });
  }

  start(): void {
    this.#rounds.start();
  }

  /** Registers now instead of later. */
  refresh(): void {
    if (!this.#asking) {
      this.#rounds.again();
    }
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
    if (this.#isRegistered) {
      this.#isRegistered = false;
      await this.#options.request({ ...this.#register(0), timeoutMs: DEREGISTER_TIMEOUT_MS });
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    this.#asking = true;
    const asked = this.#expiresSeconds;
    const answer = await unlessAborted(this.#options.request(this.#register(asked)), signal).finally(
      () => (this.#asking = false),
    );
    const outcome = registrationOutcome(answer, this.#options.line, asked);
    const pauseMs = this.#pauseAfter(outcome, answer);
    if (outcome.kind !== "tooBrief" && outcome.kind !== "stale" && !this.#rounds.isStopping) {
      this.#options.onOutcome(outcome);
    }
    await pause(pauseMs, signal);
  }

  /** How long to wait until the next REGISTER. */
  #pauseAfter(outcome: RegistrationOutcome, answer: RequestOutcome): number {
    const { minRetryMs, maxRetryMs, refusedRetryMs } = this.#options.timing;
    this.#misses = outcome.kind === "away" ? this.#misses + 1 : 0;
    this.#isRegistered = outcome.kind === "registered" || (outcome.kind === "away" && this.#isRegistered);
    switch (outcome.kind) {
      case "registered": {
        const contact = answer.kind === "answered" ? answer.sentContact : undefined;
        const granted =
          answer.kind === "answered"
            ? grantedSeconds(answer, contact ?? this.#contact(), this.#expiresSeconds)
            : this.#expiresSeconds;
        return (granted * 1000) / 2;
      }
      case "tooBrief": {
        this.#expiresSeconds = Math.min(outcome.minSeconds, MAX_EXPIRES_SECONDS);
        return minRetryMs;
      }
      case "stale": {
        return minRetryMs;
      }
      case "away": {
        const grown = Math.min(maxRetryMs, minRetryMs * 2 ** Math.min(this.#misses - 1, MAX_DOUBLINGS));
        return Math.max(jittered(grown), Math.min(outcome.retryAfterMs ?? 0, refusedRetryMs));
      }
      case "refused": {
        return jittered(refusedRetryMs);
      }
    }
  }

  #register(expiresSeconds: number): OutgoingRequest {
    const { line, timing } = this.#options;
    const { account } = line;
    const aor = `<${carrierAddress(line, account?.username).uri}>`;
    return {
      method: "REGISTER",
      ...carrierAddress(line),
      headers: { From: aor, To: aor, Contact: this.#contact(), Expires: String(expiresSeconds) },
      ...(account === undefined ? {} : { credentials: account }),
      timeoutMs: timing.requestTimeoutMs,
    };
  }

  /** The engine puts our address in the place of `localhost`. */
  #contact(): string {
    const { account, server } = this.#options.line;
    const parameter = server.transport === "udp" ? "" : `;transport=${server.transport}`;
    return `<sip:${account?.username ?? ""}@localhost${parameter}>`;
  }
}

/** Branches that came up together do not come back together. */
function jittered(ms: number): number {
  return ms * (0.75 + Math.random() / 2);
}
