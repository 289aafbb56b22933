import type { Logger } from "@mss/runtime";
import type { LegAnswer, LegOffer } from "../bridge/callee-leg.ts";
import { alerts } from "../bridge/failure.ts";
import type { LegFailure } from "../bridge/failure.ts";
import type { Attempt } from "../bridge/header-policy.ts";
import { Hunt } from "../bridge/hunt.ts";
import type { BridgeStep, CallTarget } from "../bridge/types.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";

export interface RescueOptions {
  readonly server: SipServerCore;
  readonly log: Logger;
  /** Ways to the callee that there are now. */
  readonly steps: () => Promise<readonly BridgeStep[]>;
  readonly offerFor: (target: CallTarget, attempt: Attempt) => LegOffer;
  /** Attempts that the call has made. */
  readonly attempts: number;
  /** Resolves when it is this call's turn: a node that dies must not be followed by a flood. */
  readonly turn: () => Promise<void>;
  readonly events: RescueEvents;
  /** Needs to hear nothing any more. */
  readonly onDone: () => void;
}

export interface RescueEvents {
  /** The callee is reached by another way. False: the call is over here, and is to be ended there as well. */
  onFound(target: CallTarget, answer: LegAnswer): boolean;
  /** The callee's node does not have the call, or could not be reached for long. */
  onLost(): void;
}

const RETRY_MS = 2_000;
/** A call that nobody can reach is ended by each of its nodes after this. */
export const RESCUE_LIMIT_MS = 120_000;
const BYE_HEARD_LIMIT_MS = 40_000; // above Timer F
const BYE_LIMIT_MS = 8_000;
const CALL_DOES_NOT_EXIST = 481;

/**
 * Follows an answered call whose callee is behind a peer: when the peer is gone it looks for another way to the callee's node,
 * which connects it with the phone that it has already. Also after the call has ended here, until the far end is known to have
 * heard of it.
 */
export class Rescue {
  readonly #options: RescueOptions;
  #attempts: number;
  #offGone: (() => void) | undefined;
  #hunt: Hunt | undefined;
  #timer: NodeJS.Timeout | undefined;
  #since: number | undefined;
  /** The call is over here; tells whether the far end has heard of it. */
  #isHeard: (() => boolean) | undefined;
  #isDone = false;

  constructor(options: RescueOptions) {
    this.#options = options;
    this.#attempts = options.attempts;
  }

  /** The call goes by this target now. */
  follow(target: CallTarget): void {
    this.#since = undefined;
    this.#offGone?.();
    this.#offGone = target.onGone?.(() => this.#onGone());
  }

  /** The call has ended here. */
  callOver(isHeard: () => boolean): void {
    this.#isHeard = isHeard;
    if (isHeard()) {
      this.stop();
    } else if (this.#since === undefined && !this.#isDone) {
      this.#timer = setTimeout(() => this.stop(), BYE_HEARD_LIMIT_MS).unref();
    }
  }

  /** The peer itself says that its way to the callee is lost. False: there is nothing to be looked for any more. */
  lookForAnother(): boolean {
    if (this.#isDone || this.#isHeard !== undefined) {
      return false;
    }
    if (this.#since === undefined) {
      this.#offGone?.();
      this.#onGone();
    }
    return true;
  }

  stop(): void {
    if (!this.#isDone) {
      this.#isDone = true;
      this.#offGone?.();
      clearTimeout(this.#timer);
      this.#hunt?.cancel({});
      this.#options.onDone();
    }
  }

  #onGone(): void {
    if (this.#isHeard?.() === true) {
      this.stop();
      return;
    }
    this.#since ??= performance.now();
    this.#options.log.info("the call has lost its way and looks for another");
    void this.#seek();
  }

  async #seek(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#options.turn();
    const steps = this.#isDone ? [] : await this.#options.steps();
    if (this.#isDone) {
      return;
    }
    const { server, log, offerFor } = this.#options;
    this.#hunt = new Hunt({
      server,
      log,
      steps,
      isSecure: false, // the targets are nodes of the federation
      othersMayTry: true, // a later round of this search
      offerFor: (target) => {
        this.#attempts += 1;
        return offerFor(target, { number: this.#attempts, resumes: true });
      },
      admit: () => undefined, // its slots are held
      events: {
        onTarget: () => undefined,
        onProvisional: (_target, response) => this.#onProvisional(alerts(response)),
        onAnswered: (target, answer) => this.#onAnswered(target, answer),
        onTried: () => undefined,
        onFailed: (failure) => this.#onFailed(failure),
      },
    });
    this.#hunt.start();
  }

  /** The phone rings still, for a call that is over here. */
  #onProvisional(isRinging: boolean): void {
    if (isRinging && this.#isHeard !== undefined) {
      this.stop();
    }
  }

  #onAnswered(target: CallTarget, answer: LegAnswer): void {
    this.#hunt = undefined;
    if (this.#options.events.onFound(target, answer)) {
      this.#options.log.info({ route: target.label }, "call goes on by another way");
      this.follow(target);
      return;
    }
    answer.response.ack();
    this.#options.server.send(
      { method: "BYE", dialogId: answer.dialogId, limitMs: BYE_LIMIT_MS },
      { onFinal: () => undefined, onFailure: () => undefined },
    );
    this.stop();
  }

  #onFailed(failure: LegFailure | undefined): void {
    this.#hunt = undefined;
    const isLate = performance.now() - (this.#since ?? 0) > RESCUE_LIMIT_MS;
    if (isLate || (failure?.byTarget === true && failure.status === CALL_DOES_NOT_EXIST)) {
      this.stop();
      this.#options.events.onLost();
    } else {
      this.#timer = setTimeout(() => void this.#seek(), RETRY_MS).unref();
    }
  }
}
