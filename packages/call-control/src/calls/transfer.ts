import type { LegAnswer } from "../bridge/callee-leg.ts";
import type { DialogSide } from "../bridge/dialog-side.ts";
import { sayFarewell } from "../bridge/farewell.ts";
import { alerts, reasonHeaderOf } from "../bridge/failure.ts";
import type { LegFailure } from "../bridge/failure.ts";
import { Hunt } from "../bridge/hunt.ts";
import { calleeSide } from "../bridge/opening.ts";
import { reinvite } from "../bridge/reinvite.ts";
import type { ReinviteEvents, Reinviting } from "../bridge/reinvite.ts";
import type { ReferNotifier } from "../bridge/refer-notifier.ts";
import { Session } from "../bridge/session.ts";
import { transferOffer } from "../bridge/transfer-offer.ts";
import type { BridgePlan, CallTarget, Party } from "../bridge/types.ts";
import type { ActiveCall } from "../call-control-types.ts";
import type { ClientResponse } from "../drachtio/client-transaction.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import { ERRORS } from "../errors.ts";
import type { CallErrorCode } from "../errors.ts";
import { CallRecorder } from "../record/call-recorder.ts";
import type { CallDeps } from "./call.ts";
import { CallSlots } from "./call-slots.ts";
import type { LiveCall } from "./live-call.ts";
import type { Talk } from "./talks.ts";

export interface TransferOptions {
  readonly deps: CallDeps;
  readonly talk: Talk;
  readonly transferor: DialogSide;
  readonly notifier: ReferNotifier;
  readonly called: string;
  /** Attended: the transferor's other call, whose far end is the target. */
  readonly other?: { readonly talk: Talk; readonly transferor: DialogSide };
}

type TransferState = "routing" | "ringing" | "joining" | "answered" | "over";

const CALL_DIGITS = 8; // of a UUID: hexadecimal
const TRANSFERRED: SipHeaders = { Reason: 'SIP;cause=200;text="Call transferred"' };

/**
 * A call that comes of a transfer: the transferee of one call is put through to somebody else. The REFER ends here, so that a
 * transfer works whatever the far phone can do and however many nodes are between (RFC 7092 §3.1.3 calls this a B2BUA that
 * terminates REFER). The target is called without an offer, and its offer is put to the transferee by a re-INVITE, so
 * that both choose their codecs with each other (RFC 3725 §4.1). Until the target has answered the first call is untouched.
 */
export class Transfer implements LiveCall {
  readonly #options: TransferOptions;
  readonly #recorder: CallRecorder;
  readonly #slots: CallSlots;
  readonly #transferee: DialogSide;
  #state: TransferState = "routing";
  #hunt: Hunt | undefined;
  #session: Session | undefined;
  #target: Party;
  #reinviting: Reinviting | undefined;
  #noLongerUp: () => void = () => undefined;

  constructor(options: TransferOptions) {
    const { deps, talk, transferor, called } = options;
    this.#options = options;
    this.#transferee = talk.session.otherSide(transferor);
    this.#recorder = new CallRecorder(deps.recorder, this.#transferee.ids.callId);
    this.#slots = new CallSlots(deps, this.#recorder.id);
    this.#target = { label: "unknown", number: called };
    this.#recorder.start({
      sessionId: talk.sessionId,
      from: this.#transferee.party.number,
      to: called,
      origin: this.#transferee.party.label,
      transferredBy: transferor.party.label,
    });
  }

  get active(): ActiveCall {
    const { sessionId } = this.#options.talk;
    const { number, label } = this.#transferee.party;
    return {
      id: this.#recorder.id,
      sessionId,
      from: number,
      to: this.#target.number,
      origin: label,
      ...(this.#target.label === "unknown" ? {} : { target: this.#target.label }),
      state: this.#state === "over" ? "ending" : this.#state === "joining" ? "ringing" : this.#state,
      startedAt: this.#recorder.startedAt.toISOString(),
    };
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { talk, transferor, other } = this.#options;
    talk.session.expectReplacement(transferor, () => this.#partyGone());
    try {
      await (other === undefined ? this.#callTarget() : this.#joinOther(other));
    } catch (err) {
      this.#recorder.log.error({ err }, "transfer failed by an error of ours");
      this.#fail("INTERNAL");
    }
  }

  hangUp(code: CallErrorCode): void {
    if (this.#session === undefined) {
      this.#hunt?.cancel({ Reason: reasonHeaderOf(code) });
      this.#fail(code);
    } else {
      this.#session.end("system", { Reason: reasonHeaderOf(code) });
    }
  }

  abandon(): readonly string[] {
    this.#hunt?.cancel({});
    const dialogs = this.#session?.abandon() ?? [];
    this.#over(() => {
      if (this.#session === undefined) {
        this.#recorder.failed("ENGINE_LINK_LOST", ERRORS.ENGINE_LINK_LOST.sip);
      } else {
        this.#recorder.ended("system", "ENGINE_LINK_LOST");
      }
    });
    return dialogs;
  }

  async #callTarget(): Promise<void> {
    const { deps, transferor, called } = this.#options;
    const verdict = await deps.transfer?.route({
      transferor: transferor.party,
      transferee: this.#transferee.party,
      called,
    });
    if (this.#state !== "routing") {
      return;
    }
    if (verdict === undefined || verdict.kind === "reply") {
      this.#fail(verdict?.code ?? "NOT_PERMITTED", verdict?.status);
      return;
    }
    const refusal = await this.#slots.admitCall(verdict.ctx);
    if (refusal !== undefined) {
      this.#fail(refusal);
      return;
    }
    this.#startHunt(verdict.ctx);
  }

  #startHunt(plan: BridgePlan): void {
    const { deps, talk } = this.#options;
    this.#hunt = new Hunt({
      server: deps.server,
      log: this.#recorder.log,
      steps: plan.steps,
      isSecure: false, // a call of its own, to a number
      othersMayTry: false,
      offerFor: (target, _alone, step) => {
        // a call of its own in the session of the first, which its target may have had before
        const attempt = { number: step + 1, resumes: false, call: this.#recorder.id.slice(0, CALL_DIGITS) };
        const { limits } = deps;
        const transferee = this.#transferee.party;
        return transferOffer({ plan, sessionId: talk.sessionId, transferee, limits, attempt }, target);
      },
      admit: (target) => this.#slots.admit(target),
      events: {
        onTarget: ({ label }) => {
          this.#target = { label, number: plan.to ?? this.#options.called };
          this.#recorder.calls(label);
        },
        onProvisional: (_target, response) => this.#onProvisional(response),
        onAnswered: (target, answer) => this.#onTargetAnswered(target, answer),
        onTried: (failures) => this.#recorder.passedOver(failures.map(({ target: route, code }) => ({ route, code }))),
        onFailed: (failure) => this.#onTargetFailed(failure),
      },
    });
    this.#hunt.start();
  }

  #onProvisional(response: ClientResponse): void {
    if (alerts(response)) {
      this.#recorder.rings();
      this.#state = "ringing";
      this.#options.deps.occupancy.set(this, new Map([[this.#target.label, "ringing"]]));
      this.#options.notifier.progress(180, "Ringing");
    }
  }

  #onTargetFailed(failure: LegFailure | undefined): void {
    this.#fail(failure?.code ?? "NO_ROUTE", failure?.status);
  }

  #onTargetAnswered({ label }: CallTarget, answer: LegAnswer): void {
    this.#target = { ...this.#target, label };
    const side = calleeSide({ server: this.#options.deps.server, log: this.#recorder.log, answer }, this.#target);
    this.#join(side, answer.response);
  }

  /** The target is in a call with the transferor already: its offer comes by a re-INVITE without one. */
  #joinOther({ talk, transferor }: NonNullable<TransferOptions["other"]>): Promise<void> {
    const side = talk.session.otherSide(transferor);
    this.#target = side.party;
    this.#recorder.calls(side.party.label);
    talk.session.expectReplacement(transferor, () => this.#partyGone());
    this.#reinvite(side, "", { onAnswered: (response) => this.#join(side, response), onRefused: () => undefined });
    return Promise.resolve();
  }

  /** `offered` is the target's 2xx with its offer; it is acknowledged with what the transferee answers to it. */
  #join(target: DialogSide, offered: ClientResponse): void {
    if (this.#state === "over") {
      offered.ack();
      this.#letGo(target);
      return;
    }
    this.#state = "joining";
    this.#reinvite(this.#transferee, offered.body, {
      onAnswered: (answered) => {
        answered.ack();
        offered.ack(answered.body, answered.header("Content-Type"));
        this.#connect(target);
      },
      onRefused: () => {
        offered.ack();
        this.#letGo(target);
      },
    });
  }

  /** The transferee has hung up, or the far end of the other call: nobody is left to be put through, or to. */
  #partyGone(): void {
    this.#hunt?.cancel({ Reason: reasonHeaderOf("CALLER_CANCELLED") });
    this.#fail("CALLER_CANCELLED");
  }

  /** A target that was called for this transfer is hung up; one that talks with the transferor goes on talking. */
  #letGo(target: DialogSide): void {
    if (this.#options.other === undefined) {
      target.bye({ Reason: reasonHeaderOf("INTERNAL") });
    }
  }

  #reinvite(side: DialogSide, body: string, events: ReinviteEvents): void {
    this.#reinviting = reinvite(side, body, {
      onAnswered: (response) => events.onAnswered(response),
      onRefused: () => {
        events.onRefused();
        this.#fail("TARGET_FAILED", 488);
      },
    });
  }

  /** Both ends have each other's session description: what is left is to say who belongs to whom. */
  #connect(target: DialogSide): void {
    const { deps, talk, transferor, other, notifier } = this.#options;
    if (this.#state === "over") {
      this.#letGo(target);
      return;
    }
    this.#slots.takeOver(talk.slots);
    talk.session.release(this.#transferee);
    if (other !== undefined) {
      this.#slots.takeOver(other.talk.slots);
      other.talk.session.release(target);
      sayFarewell(other.transferor, TRANSFERRED);
    }
    const session = new Session({
      log: this.#recorder.log,
      caller: this.#transferee,
      callee: target,
      events: {
        onEnd: (endedBy) => this.#over(() => this.#recorder.ended(endedBy)),
        ...(deps.onRefer === undefined ? {} : { onRefer: deps.onRefer }),
      },
    });
    this.#noLongerUp = deps.talks.add({ session, sessionId: talk.sessionId, slots: this.#slots });
    this.#session = session;
    this.#state = "answered";
    const { label } = this.#transferee.party;
    deps.occupancy.set(this, new Map([[label, "busy"] as const, [this.#target.label, "busy"] as const]));
    this.#recorder.answered(this.#target.label);
    notifier.finish(200, "OK");
    sayFarewell(transferor, TRANSFERRED);
  }

  #fail(code: CallErrorCode, status: number = ERRORS[code].sip): void {
    if (this.#state === "over" || this.#state === "answered") {
      return;
    }
    const { talk, other, notifier } = this.#options;
    this.#over(() => this.#recorder.failed(code, status));
    notifier.finish(status, ERRORS[code].message);
    const reason = { Reason: reasonHeaderOf(code) };
    talk.session.keep(reason);
    other?.talk.session.keep(reason);
  }

  #over(record: () => void): void {
    if (this.#state === "over") {
      return;
    }
    record();
    this.#state = "over";
    this.#reinviting?.stop();
    this.#options.deps.occupancy.set(this, new Map());
    this.#noLongerUp();
    this.#slots.release();
    this.#options.deps.onOver(this);
  }
}
