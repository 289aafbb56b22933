import { randomBytes } from "node:crypto";
import { Hunt } from "../bridge/hunt.ts";
import { asksForTls } from "../bridge/secure-target.ts";
import type { LegAnswer } from "../bridge/callee-leg.ts";
import { alerts, reasonHeaderOf } from "../bridge/failure.ts";
import type { LegFailure } from "../bridge/failure.ts";
import { sessionIdOf, unsupportedRequirements } from "../bridge/header-policy.ts";
import { asksToBeHidden } from "../bridge/identity.ts";
import { legOffer } from "../bridge/leg-offer.ts";
import { Opening } from "../bridge/opening.ts";
import { EarlySession } from "../bridge/early-session.ts";
import { ProvisionalRelay } from "../bridge/provisional-relay.ts";
import type { Session, SessionEvents } from "../bridge/session.ts";
import type { BridgePlan, CallTarget, Party } from "../bridge/types.ts";
import type { ActiveCall, CallLimits } from "../call-control-types.ts";
import type { ClientResponse } from "../drachtio/client-transaction.ts";
import { mergeHeaders } from "../drachtio/header-text.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import type { IncomingRequest, SipHeaders } from "../drachtio/types.ts";
import { ERRORS } from "../errors.ts";
import type { CallErrorCode } from "../errors.ts";
import type { Reply, Step } from "../pipeline.ts";
import { CallRecorder } from "../record/call-recorder.ts";
import type { RecorderOptions } from "../record/call-recorder.ts";
import { CallSlots } from "./call-slots.ts";
import type { Leases } from "./leases.ts";
import type { LiveCall } from "./live-call.ts";
import type { Occupancy, PartyState } from "./occupancy.ts";
import type { Talks } from "./talks.ts";
import type { TransferPolicy } from "./transfer-route.ts";

export interface CallDeps {
  readonly server: SipServerCore;
  readonly leases: Leases;
  readonly limits: Required<CallLimits>;
  readonly route: Step<IncomingRequest, BridgePlan>;
  readonly recorder: RecorderOptions;
  readonly talks: Talks;
  readonly occupancy: Occupancy;
  readonly transfer: TransferPolicy | undefined;
  /** What a session does with REFER; undefined where nobody may transfer. */
  readonly onRefer: SessionEvents["onRefer"] | undefined;
  /** The call is over and holds nothing any more. */
  readonly onOver: (call: LiveCall) => void;
}

type CallState = ActiveCall["state"] | "over";

/** One call from its INVITE to its record: identify, authenticate, decide, admit, bridge, record. */
export class Call implements LiveCall {
  readonly #deps: CallDeps;
  readonly #invite: ServerTransaction;
  readonly #recorder: CallRecorder;
  readonly #early: EarlySession;
  readonly #provisional: ProvisionalRelay;
  readonly #slots: CallSlots;
  #state: CallState = "routing";
  #plan: BridgePlan | undefined;
  #sessionId = "";
  #target: string | undefined;
  #hunt: Hunt | undefined;
  #opening: Opening | undefined;
  #session: Session | undefined;
  #noLongerUp: () => void = () => undefined;

  constructor(invite: ServerTransaction, deps: CallDeps) {
    this.#invite = invite;
    this.#deps = deps;
    this.#recorder = new CallRecorder(deps.recorder, invite.callId);
    this.#early = new EarlySession({ server: deps.server, log: this.#recorder.log, invite });
    this.#provisional = new ProvisionalRelay(invite, this.#early);
    this.#slots = new CallSlots(deps.leases, this.#recorder.id);
  }

  /** Of the caller's leg. */
  get callId(): string {
    return this.#invite.callId;
  }

  get active(): ActiveCall {
    const plan = this.#plan;
    return {
      id: this.#recorder.id,
      sessionId: this.#sessionId,
      from: plan?.from ?? this.#invite.from.user,
      to: plan?.to ?? this.#invite.called,
      origin: plan?.origin ?? "unknown",
      ...(this.#target === undefined ? {} : { target: this.#target }),
      state: this.#state === "over" ? "ending" : this.#state,
      startedAt: this.#recorder.startedAt.toISOString(),
    };
  }

  /** Never rejects: whatever fails in the route fails this call with 500. */
  async run(): Promise<void> {
    this.#invite.onCancel((reason) => this.#onCancel(reason));
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      this.#refuse(refusal);
      return;
    }
    try {
      const verdict = await this.#deps.route(this.#invite);
      if (this.#state !== "routing") {
        return; // cancelled, or the link is gone
      }
      if (verdict.kind === "reply") {
        this.#refuse(verdict);
        return;
      }
      this.#plan = verdict.ctx;
      await this.#admitAndBridge(verdict.ctx);
    } catch (err) {
      this.#recorder.log.error({ err }, "call failed by an error of ours");
      this.#fail("INTERNAL");
    }
  }

  hangUp(code: CallErrorCode): void {
    const answered = this.#session ?? this.#opening;
    if (answered === undefined) {
      this.#hunt?.cancel({ Reason: reasonHeaderOf(code) });
      this.#fail(code);
    } else {
      answered.end("system", { Reason: reasonHeaderOf(code) });
    }
  }

  abandon(): readonly string[] {
    this.#hunt?.cancel({});
    const dialogs = (this.#session ?? this.#opening)?.abandon() ?? [];
    this.#over(() => {
      if (this.#state === "answered") {
        this.#recorder.ended("system", "ENGINE_LINK_LOST");
      } else {
        this.#startRecord(this.#plan?.origin);
        this.#recorder.failed("ENGINE_LINK_LOST", ERRORS.ENGINE_LINK_LOST.sip);
      }
    });
    return dialogs;
  }

  #refusal(): Reply | undefined {
    if (this.#invite.maxForwards === 0) {
      return { kind: "reply", status: 483, code: "TOO_MANY_HOPS" };
    }
    const unsupported = unsupportedRequirements(this.#read);
    return unsupported.length === 0
      ? undefined
      : { kind: "reply", status: 420, code: "BAD_REQUEST", headers: { Unsupported: unsupported.join(", ") } };
  }

  readonly #read = (name: string): string | undefined => this.#invite.header(name);

  #refuse({ status, reason, headers, code, origin }: Reply): void {
    if (code === undefined) {
      this.#invite.reply(status, {
        ...(reason === undefined ? {} : { reason }),
        ...(headers === undefined ? {} : { headers }),
      });
      this.#over(() => undefined);
      return;
    }
    this.#startRecord(origin);
    this.#fail(code, {
      status,
      ...(reason === undefined ? {} : { reason }),
      ...(headers === undefined ? {} : { headers }),
    });
  }

  #startRecord(origin: string | undefined): void {
    const { from, to, trusted } = this.#plan ?? {};
    if (this.#sessionId !== "") {
      return;
    }
    this.#sessionId = (trusted === true ? sessionIdOf(this.#read) : undefined) ?? randomBytes(16).toString("hex");
    this.#recorder.start({
      sessionId: this.#sessionId,
      from: from ?? this.#invite.from.user,
      to: to ?? this.#invite.called,
      origin: origin ?? `address:${this.#invite.source.host}`,
    });
  }

  async #admitAndBridge(plan: BridgePlan): Promise<void> {
    this.#startRecord(plan.origin);
    this.#occupy();
    for (const lease of plan.leases ?? []) {
      const admitted = await this.#slots.acquire(lease);
      if (this.#state !== "routing") {
        return;
      }
      if (!admitted) {
        this.#fail("TRUNK_FULL");
        return;
      }
    }
    if (plan.trusted === true) {
      this.#invite.reply(183); // the engine's 100 does not say that the application behind it lives
    }
    this.#hunt = new Hunt({
      server: this.#deps.server,
      log: this.#recorder.log,
      steps: plan.steps,
      isSecure: asksForTls(this.#invite.requestUri),
      offerFor: (target, alone) =>
        legOffer({ invite: this.#invite, plan, sessionId: this.#sessionId, limits: this.#deps.limits, alone }, target),
      admit: (target) => (target.lease === undefined ? true : this.#slots.acquire(target.lease)),
      events: {
        onTarget: ({ label }) => {
          this.#target = label;
          this.#recorder.tried(label);
        },
        onProvisional: (target, response, alone) => this.#onProvisional(target, response, alone),
        onAnswered: (target, answer) => this.#onAnswered(target, answer),
        onFailed: (failure) => this.#onFailed(failure),
      },
    });
    this.#hunt.start();
  }

  #onProvisional(target: CallTarget, response: ClientResponse, alone: boolean): void {
    this.#provisional.relay(response, { alone, fromPeer: target.trusted === true });
    if (alerts(response)) {
      this.#recorder.rings();
      this.#state = "ringing";
      this.#occupy([target.label, "ringing"]);
    }
  }

  /** Who calls is busy from the beginning, who is called when it rings. */
  #occupy(...called: readonly (readonly [label: string, state: Exclude<PartyState, "idle">])[]): void {
    this.#deps.occupancy.set(this, new Map([...called, [this.#plan?.origin ?? "unknown", "busy"]]));
  }

  #onAnswered({ label }: CallTarget, answer: LegAnswer): void {
    const { talks, onRefer } = this.#deps;
    this.#target = label;
    this.#opening = new Opening({
      server: this.#deps.server,
      log: this.#recorder.log,
      invite: this.#invite,
      answer,
      isOfferAnswered: this.#early.isOfferAnswered,
      parties: { caller: this.#callerParty(), callee: { label, number: this.#plan?.to ?? this.#invite.called } },
      interval: this.#deps.limits,
      session: {
        onEnd: (endedBy) => this.#over(() => this.#recorder.ended(endedBy)),
        ...(onRefer === undefined ? {} : { onRefer }),
      },
      events: {
        onOpen: (session) => {
          this.#session = session;
          this.#early.end();
          this.#noLongerUp = talks.add({ session, sessionId: this.#sessionId, slots: this.#slots });
          this.#state = "answered";
          this.#recorder.answered(label);
          this.#occupy([label, "busy"]);
        },
        onLost: (reason) => {
          this.#recorder.log.info({ reason }, "answer did not reach the caller");
          this.#fail(this.#invite.cancelled ? "CALLER_CANCELLED" : "INTERNAL");
        },
      },
    });
    this.#opening.start();
  }

  #callerParty(): Party {
    const { origin = "unknown", callerId, from } = this.#plan ?? {};
    const displayName = callerId === undefined ? this.#invite.from.displayName : callerId.displayName;
    return {
      label: origin,
      number: callerId?.user ?? from ?? this.#invite.from.user,
      ...(displayName === undefined ? {} : { displayName }),
      ...(this.#plan?.hidesCaller === true || asksToBeHidden(this.#read("Privacy")) ? { isHidden: true } : {}),
    };
  }

  #onFailed(failure: LegFailure | undefined): void {
    this.#fail(failure?.code ?? "NO_ROUTE", failure);
  }

  #onCancel(reason: string | undefined): void {
    if (this.#state === "over" || this.#opening !== undefined) {
      return; // an answered call is not cancelled: its answer and the CANCEL crossed
    }
    this.#hunt?.cancel(reason === undefined ? {} : { Reason: reason });
    this.#startRecord(this.#plan?.origin);
    this.#fail("CALLER_CANCELLED");
  }

  /** The final answer that is no success. */
  #fail(
    code: CallErrorCode,
    told: {
      readonly status?: number;
      readonly reason?: string;
      readonly headers?: SipHeaders;
      readonly target?: string;
      readonly byTarget?: boolean;
    } = {},
  ): void {
    if (this.#state === "over" || this.#state === "answered") {
      return;
    }
    const status = told.status ?? ERRORS[code].sip;
    const ours: SipHeaders = {
      ...(status === 503 ? { "Retry-After": String(this.#deps.limits.retryAfterSeconds) } : {}),
      Reason: reasonHeaderOf(code),
    };
    this.#invite.reply(status, {
      headers: mergeHeaders(ours, told.headers),
      ...(told.reason === undefined ? {} : { reason: told.reason }),
    });
    this.#over(() => this.#recorder.failed(code, status, told));
  }

  /** Every path of a call ends here, once. */
  #over(record: () => void): void {
    if (this.#state === "over") {
      return;
    }
    record();
    this.#state = "over";
    this.#early.end();
    this.#deps.occupancy.set(this, new Map());
    this.#noLongerUp();
    this.#slots.release();
    this.#deps.onOver(this);
  }
}
