import type { Logger } from "@mss/runtime";
import type { ClientResponse } from "../drachtio/client-transaction.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import { ERRORS } from "../errors.ts";
import type { CallErrorCode } from "../errors.ts";
import { CalleeLeg } from "./callee-leg.ts";
import type { LegAnswer, LegOffer } from "./callee-leg.ts";
import { bestFailure, mayTryNext } from "./failure.ts";
import type { LegFailure } from "./failure.ts";
import { secureTarget } from "./secure-target.ts";
import type { BridgeStep, CallTarget } from "./types.ts";

/** `onAnswered` or `onFailed` comes exactly once, unless the hunt is called off. */
export interface HuntEvents {
  onTarget(target: CallTarget): void;
  /** `alone`: no other target rings, so that its early media may be heard. */
  onProvisional(target: CallTarget, response: ClientResponse, alone: boolean): void;
  onAnswered(target: CallTarget, answer: LegAnswer): void;
  /** These targets have failed; before `onFailed`, or before the next step. */
  onTried(failures: readonly LegFailure[]): void;
  onFailed(failure: LegFailure | undefined): void;
}

export interface HuntDeps {
  readonly server: SipServerCore;
  readonly log: Logger;
  readonly steps: readonly BridgeStep[];
  /** The call stays on TLS: targets that are not reached over it fail. */
  readonly isSecure: boolean;
  /** `alone`: no other target of the plan rings at the same time. `step`: from 0. */
  offerFor(target: CallTarget, alone: boolean, step: number): LegOffer;
  /** Whether somebody before us may try another way when this hunt has failed. Legs that linger then do so on. */
  readonly othersMayTry: boolean;
  /** Takes the target's slot; how the target fails when there is none. Slots are given back by the call when it ends. */
  admit(target: CallTarget): Promise<CallErrorCode | undefined> | CallErrorCode | undefined;
  readonly events: HuntEvents;
}

const COMPLETED_ELSEWHERE: SipHeaders = { Reason: 'SIP;cause=200;text="Call completed elsewhere"' }; // RFC 3326 §2

/**
 * Rings the targets of a plan: those of a step together, the steps one after the other. The next step is tried only when
 * every target of this one failed in a way whose row says `tryNext` and none of them has rung.
 */
export class Hunt {
  readonly #deps: HuntDeps;
  readonly #legs = new Set<CalleeLeg>();
  /** Those that have failed and may ring all the same; see `CalleeLeg.isLingering`. */
  readonly #lingering: CalleeLeg[] = [];
  #step = -1;
  /** Targets of this step that have not failed yet, whether their leg exists already or not. */
  #open = 0;
  #failures: LegFailure[] = [];
  /** How targets of the steps before this one failed. */
  readonly #failedBy = new Set<CallErrorCode>();
  /** Best of the steps before this one. */
  #earlier: LegFailure | undefined;
  #over = false;

  constructor(deps: HuntDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#nextStep();
  }

  /** Calls off whatever rings; no event comes after this. */
  cancel(headers: SipHeaders): void {
    this.#over = true;
    this.#cancelLegs(headers);
  }

  #nextStep(): void {
    this.#step += 1;
    const step = this.#deps.steps[this.#step];
    if (step === undefined) {
      this.#fail(this.#earlier);
      return;
    }
    const { targets } = step;
    this.#failures = [];
    this.#open = targets.length;
    if (targets.length === 0 || step.skipAfter?.some((code) => this.#failedBy.has(code)) === true) {
      this.#nextStep();
      return;
    }
    for (const target of targets) {
      this.#startTarget(target, this.#step);
    }
  }

  #startTarget(planned: CallTarget, step: number): void {
    const target = this.#deps.isSecure ? secureTarget(planned) : planned;
    if (target === undefined) {
      this.#onFailed({ code: "NOT_SECURE", target: planned.label, status: ERRORS.NOT_SECURE.sip, rang: false });
      return;
    }
    const start = (refusal: CallErrorCode | undefined): void => {
      if (this.#over || step !== this.#step) {
        return;
      }
      if (refusal === undefined) {
        this.#ring(target);
      } else {
        this.#onFailed({ code: refusal, target: target.label, status: ERRORS[refusal].sip, rang: false });
      }
    };
    const admitted = this.#deps.admit(target);
    if (typeof admitted === "string" || admitted === undefined) {
      start(admitted);
    } else {
      void admitted.then(start).catch((err: unknown) => {
        this.#deps.log.error({ err, route: target.label }, "target could not be rung");
        this.#onFailed({ code: "INTERNAL", target: target.label, status: ERRORS.INTERNAL.sip, rang: false });
      });
    }
  }

  #ring(target: CallTarget): void {
    const { server, log, events } = this.#deps;
    const alone = this.#deps.steps[this.#step]?.targets.length === 1;
    const leg = new CalleeLeg(target, {
      server,
      log,
      offer: this.#deps.offerFor(target, alone, this.#step),
      events: {
        onProvisional: (_leg, response) => {
          if (!this.#over) {
            events.onProvisional(target, response, alone);
          }
        },
        onAnswered: (winner, answer) => this.#onAnswered(winner, answer),
        onFailed: (failed, failure) => {
          this.#legs.delete(failed);
          if (failed.isLingering) {
            this.#lingering.push(failed);
          }
          this.#onFailed(failure);
        },
      },
    });
    this.#legs.add(leg);
    events.onTarget(target);
    leg.start();
  }

  #onAnswered(winner: CalleeLeg, answer: LegAnswer): void {
    this.#legs.delete(winner);
    this.#over = true; // a second answer cannot come: the other legs are called off before anything else
    this.#cancelLegs(COMPLETED_ELSEWHERE);
    this.#deps.events.onAnswered(winner.target, answer);
  }

  #onFailed(failure: LegFailure): void {
    if (this.#over) {
      return;
    }
    this.#failures.push(failure);
    this.#open -= 1;
    const declinedForAll = failure.status >= 600;
    if (this.#open > 0 && !declinedForAll) {
      return;
    }
    const best = bestFailure(this.#failures) ?? failure;
    this.#deps.events.onTried(this.#failures);
    if (!declinedForAll && mayTryNext(this.#failures)) {
      this.#deps.log.info({ route: best.target, code: best.code }, "next step is tried");
      this.#earlier = best;
      for (const { code } of this.#failures) {
        this.#failedBy.add(code);
      }
      this.#nextStep();
      return;
    }
    this.#cancel(this.#legs, { Reason: `SIP;cause=${failure.status}` }); // RFC 3261 §16.7 step 5: a 6xx ends all
    this.#fail(best);
  }

  #fail(failure: LegFailure | undefined): void {
    this.#over = true;
    if (!this.#deps.othersMayTry) {
      this.#cancel(this.#lingering, {});
    }
    this.#deps.events.onFailed(failure);
  }

  #cancelLegs(headers: SipHeaders): void {
    this.#cancel(this.#legs, headers);
    this.#cancel(this.#lingering, headers);
  }

  #cancel(legs: Iterable<CalleeLeg>, headers: SipHeaders): void {
    for (const leg of legs) {
      leg.cancel(headers);
    }
  }
}
