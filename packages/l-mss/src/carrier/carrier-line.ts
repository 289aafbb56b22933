import type { OutgoingRequest, RequestOutcome } from "@mss/call-control";
import type { CarrierLineSettings } from "@mss/model";
import type { Logger } from "@mss/runtime";
import { HubProbe } from "../hub-probe.ts";
import type { HubProbeTiming } from "../hub-probe.ts";
import { CarrierRegistration } from "./carrier-registration.ts";
import type { CarrierRegistrationOptions, RegistrationTiming } from "./carrier-registration.ts";
import { carrierAddress } from "./carrier-uri.ts";

export type CarrierLineState = "up" | "down";

/** A line as `/health` and `/carriers` tell it. */
export interface CarrierLineStatus {
  readonly line: string;
  readonly state: CarrierLineState;
  /** ISO 8601, UTC. */
  readonly since: string;
  /** Absent while it is up. `CARRIER_REFUSED` needs somebody to act. */
  readonly problem?: CarrierProblem;
}

export interface CarrierProblem {
  readonly code: "CARRIER_REFUSED" | "CARRIER_UNREACHABLE" | "CARRIER_NOT_ASKED";
  /** Status of the answer. */
  readonly sip?: number;
  readonly reason: string;
  readonly advice?: string;
}

export interface CarrierTiming {
  readonly registration: RegistrationTiming;
  readonly probe: HubProbeTiming;
}

export interface CarrierLineOptions {
  readonly line: CarrierLineSettings;
  readonly request: (request: OutgoingRequest) => Promise<RequestOutcome>;
  readonly timing: CarrierTiming;
  readonly log: Logger;
  readonly onState: (state: CarrierLineState) => void;
}

const NOT_ASKED: CarrierProblem = { code: "CARRIER_NOT_ASKED", reason: "no answer to the registration yet" };
const SILENT: CarrierProblem = { code: "CARRIER_UNREACHABLE", reason: "no good answer to OPTIONS" };

/** One carrier line: up while its account is registered, if it has one, and the carrier answers. */
export class CarrierLine {
  readonly line: CarrierLineSettings;
  readonly #options: CarrierLineOptions;
  readonly #registration: CarrierRegistration | undefined;
  readonly #probe: HubProbe | undefined;
  #registrationProblem: CarrierProblem | undefined;
  #told: CarrierLineState | undefined;
  #toldProblem = "";
  #since = new Date();

  constructor(options: CarrierLineOptions) {
    const { line, request, timing, log } = options;
    this.line = line;
    this.#options = options;
    this.#registrationProblem = line.register === undefined ? undefined : NOT_ASKED;
    this.#registration =
      line.register === undefined
        ? undefined
        : new CarrierRegistration({
            line,
            request,
            timing: timing.registration,
            onOutcome: (outcome) => this.#onOutcome(outcome),
            onFailed: (err) => log.error({ err, line: line.id }, "registration at a carrier failed"),
          });
    this.#probe = line.probe
      ? new HubProbe({
          peer: line.id,
          options: () => ({ method: "OPTIONS", ...carrierAddress(line) }),
          request,
          log,
          timing: timing.probe,
          phrases: { alive: "carrier answers again", dead: "carrier does not answer" },
          onChange: (isAlive) => {
            if (isAlive) {
              this.#registration?.refresh(); // it may have forgotten us
            }
            this.#tell();
          },
        })
      : undefined;
  }

  get state(): CarrierLineState {
    return this.#problem() === undefined ? "up" : "down";
  }

  get status(): CarrierLineStatus {
    const problem = this.#problem();
    const since = this.#since.toISOString();
    return { line: this.line.id, state: this.state, since, ...(problem === undefined ? {} : { problem }) };
  }

  start(): void {
    this.#since = new Date();
    this.#registration?.start();
    this.#probe?.start();
    if (this.#registration === undefined) {
      this.#tell();
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#probe?.stop(), this.#registration?.stop()]);
  }

  /** Registers again now: a call found the carrier silent. */
  refresh(): void {
    this.#registration?.refresh();
  }

  #problem(): CarrierProblem | undefined {
    return this.#registrationProblem ?? (this.#probe?.isAlive === false ? SILENT : undefined);
  }

  #onOutcome(outcome: Parameters<CarrierRegistrationOptions["onOutcome"]>[0]): void {
    const { kind, ...told } = outcome;
    const code = kind === "refused" ? "CARRIER_REFUSED" : "CARRIER_UNREACHABLE";
    this.#registrationProblem = outcome.kind === "registered" ? undefined : { reason: outcome.reason, ...told, code };
    this.#tell();
  }

  /** A change of state, or of what is wrong, is one line of the log. */
  #tell(): void {
    const { state } = this;
    const problem = this.#problem();
    const text = problem === undefined ? "" : `${problem.code} ${problem.sip ?? ""} ${problem.advice ?? ""}`;
    if (state === this.#told && text === this.#toldProblem) {
      return;
    }
    this.#log(problem);
    const isOther = state !== this.#told;
    this.#told = state;
    this.#toldProblem = text;
    if (isOther) {
      this.#since = new Date();
      this.#options.onState(state);
    }
  }

  #log(problem: CarrierProblem | undefined): void {
    const { log, line } = this.#options;
    if (problem === undefined) {
      log.info({ line: line.id }, "carrier line up");
    } else if (problem.code === "CARRIER_REFUSED") {
      log.error({ line: line.id, ...problem }, "carrier line down");
    } else {
      log.warn({ line: line.id, ...problem }, "carrier line down");
    }
  }
}
