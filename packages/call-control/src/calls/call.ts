import { randomBytes } from "node:crypto";
import { Hunt } from "../bridge/hunt.ts";
import { asksForTls } from "../bridge/secure-target.ts";
import type { LegAnswer } from "../bridge/callee-leg.ts";
import { failureHeaders } from "../bridge/failure-headers.ts";
import { alerts, reasonHeaderOf } from "../bridge/failure.ts";
import type { LegFailure } from "../bridge/failure.ts";
import { attemptOf, sessionIdOf, unsupportedRequirements } from "../bridge/header-policy.ts";
import { loopOf, loopReason } from "../bridge/loop.ts";
import type { Session, SessionEvents } from "../bridge/session.ts";
import type { BridgePlan, CallTarget, EndedBy, Party } from "../bridge/types.ts";
import type { ActiveCall, CallLimits } from "../call-control-types.ts";
import type { ClientResponse } from "../drachtio/client-transaction.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import type { IncomingRequest } from "../drachtio/types.ts";
import { ERRORS } from "../errors.ts";
import type { CallErrorCode } from "../errors.ts";
import type { Reply, Step } from "../pipeline.ts";
import { CallRecorder } from "../record/call-recorder.ts";
import type { RecorderOptions } from "../record/call-recorder.ts";
import { CallOffers, callerParty } from "./call-offers.ts";
import type { CallFacts } from "./call-offers.ts";
import { CallerLeg } from "./caller-leg.ts";
import { CallSlots } from "./call-slots.ts";
import { Connection } from "./connection.ts";
import type { CallRates } from "./call-rates.ts";
import type { Leases } from "./leases.ts";
import type { LiveCall } from "./live-call.ts";
import { Rescue } from "./rescue.ts";
import type { SessionEnd, SessionLedger } from "./session-ledger.ts";
import type { Occupancy, PartyState } from "./occupancy.ts";
import type { Talks } from "./talks.ts";
import type { Turns } from "./turns.ts";
import type { TransferPolicy } from "./transfer-route.ts";

export interface CallDeps {
  readonly server: SipServerCore;
  readonly leases: Leases;
  readonly rates: Pick<CallRates, "take">;
  readonly limits: Required<CallLimits>;
  readonly route: Step<IncomingRequest, BridgePlan>;
  readonly recorder: RecorderOptions;
  readonly talks: Talks;
  readonly occupancy: Occupancy;
  readonly transfer: TransferPolicy | undefined;
  /** What a session does with REFER; undefined where nobody may transfer. */
  readonly onRefer: SessionEvents["onRefer"] | undefined;
  readonly ledger: SessionLedger<Call>;
  /** Of calls that are up, or whose end the callee's node may not have heard. */
  readonly rescues: Set<Rescue>;
  /** One call after the other looks for another way. */
  readonly turns: Turns;
  /** Gives an INVITE to the call of that id; see `Call.carryOn`. */
  readonly carryOn: (id: string, invite: ServerTransaction, origin: string) => boolean;
  /** Somebody has been rung, or has answered. */
  readonly onThrough: (call: LiveCall) => void;
  /** The call is over and holds nothing any more. */
  readonly onOver: (call: LiveCall) => void;
}

/** Another attempt of the same call is in its place: RFC 3261 §8.2.2.2. No row of the error table tries the next one then. */
const MERGED_STATUS = 482;

type CallState = ActiveCall["state"] | "over";

/** One call from its INVITE to its record: identify, authenticate, decide, admit, bridge, record. */
export class Call implements LiveCall {
  readonly #deps: CallDeps;
  readonly #recorder: CallRecorder;
  readonly #slots: CallSlots;
  readonly #offers: CallOffers;
  #caller: CallerLeg;
  /** Of every INVITE that it has had. */
  #callIds: string[];
  #state: CallState = "routing";
  #plan: BridgePlan | undefined;
  #sessionId = "";
  #target: string | undefined;
  #hunt: Hunt | undefined;
  #connection: Connection | undefined;
  #rescue: Rescue | undefined;
  #noLongerUp: () => void = () => undefined;
  #noLongerHere: (end: SessionEnd) => void = () => undefined;

  constructor(invite: ServerTransaction, deps: CallDeps) {
    this.#deps = deps;
    this.#recorder = new CallRecorder(deps.recorder, invite.callId);
    this.#caller = this.#legOf(invite);
    this.#callIds = [invite.callId];
    this.#slots = new CallSlots(deps, this.#recorder.id);
    this.#offers = new CallOffers({ limits: deps.limits, node: deps.recorder.node, facts: () => this.#facts });
  }

  /** Of the caller's legs: the one in use, and those whose place it took. */
  get callIds(): readonly string[] {
    return this.#callIds;
  }

  get #invite(): ServerTransaction {
    return this.#caller.invite;
  }

  get #facts(): CallFacts {
    const plan = this.#plan ?? { origin: "unknown", steps: [] };
    return { invite: this.#invite, plan, sessionId: this.#sessionId };
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
      if (verdict.ctx.continues === undefined) {
        this.#plan = verdict.ctx;
        await this.#admitAndBridge(verdict.ctx);
      } else {
        this.#giveInviteTo(verdict.ctx.continues, verdict.ctx.origin);
      }
    } catch (err) {
      this.#recorder.log.error({ err }, "call failed by an error of ours");
      this.#fail("INTERNAL");
    }
  }

  /**
   * Its caller has lost the way by which it came, and comes by another: phones ring on, and a callee that has answered is
   * connected with it. False when the call cannot be carried on.
   */
  carryOn(invite: ServerTransaction, origin: string): boolean {
    if (this.#state === "over" || this.#connection?.isBeingReplaced === true) {
      return false;
    }
    const before = this.#caller;
    before.end();
    this.#caller = this.#legOf(invite);
    this.#callIds.push(invite.callId);
    this.#plan = { steps: [], ...this.#plan, origin };
    this.#recorder.log.info({ peer: origin, callId: invite.callId }, "call comes by another way");
    before.invite.reply(MERGED_STATUS, { reason: "Merged Request" });
    this.#enter();
    invite.reply(183);
    if (this.#connection === undefined) {
      this.#caller.catchUp(before);
    } else {
      this.#connection.callerChanged();
    }
    return true;
  }

  hangUp(code: CallErrorCode): void {
    const headers = { Reason: reasonHeaderOf(code) };
    if (this.#connection === undefined) {
      this.#hunt?.cancel(headers);
      this.#fail(code);
    } else {
      this.#connection.end(headers);
    }
  }

  /** Asks its caller's end whether it has the call still. */
  verify(): void {
    this.#connection?.verify();
  }

  abandon(): readonly string[] {
    this.#rescue?.stop();
    this.#hunt?.cancel({});
    const dialogs = this.#connection?.abandon() ?? [];
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

  #legOf(invite: ServerTransaction): CallerLeg {
    const leg = new CallerLeg(invite, { server: this.#deps.server, log: this.#recorder.log });
    invite.onCancel((reason) => {
      if (this.#caller === leg) {
        this.#onCancel(reason);
      }
    });
    return leg;
  }

  /** This call was only the beginning of another attempt of one that is here; it leaves no record. */
  #giveInviteTo(id: string, origin: string): void {
    const invite = this.#invite;
    this.#callIds = [];
    if (!this.#deps.carryOn(id, invite, origin)) {
      this.#callIds = [invite.callId];
      invite.reply(MERGED_STATUS);
    }
    this.#over(() => undefined);
  }

  readonly #read = (name: string): string | undefined => this.#invite.header(name);

  #refuse({ status, reason, headers, code, origin, passedOver = [] }: Reply): void {
    if (code === undefined) {
      this.#invite.reply(status, {
        ...(reason === undefined ? {} : { reason }),
        ...(headers === undefined ? {} : { headers }),
      });
      this.#over(() => undefined);
      return;
    }
    this.#startRecord(origin);
    this.#recorder.passedOver(passedOver);
    this.#fail(code, {
      status,
      ...(reason === undefined ? {} : { reason }),
      ...(headers === undefined ? {} : { headers }),
    });
  }

  #startRecord(origin: string | undefined): void {
    const { from, to, trusted, sessionId } = this.#plan ?? {};
    if (this.#sessionId !== "") {
      return;
    }
    const known = sessionId ?? (trusted === true ? sessionIdOf(this.#read) : undefined);
    this.#sessionId = known ?? randomBytes(16).toString("hex");
    this.#recorder.start({
      sessionId: this.#sessionId,
      from: from ?? this.#invite.from.user,
      to: to ?? this.#invite.called,
      origin: origin ?? `address:${this.#invite.source.host}`,
    });
  }

  /** So that later attempts find it. */
  #enter(): void {
    if (this.#plan?.ringsHere === true) {
      const entry = { call: this, attempt: attemptOf(this.#read) };
      this.#noLongerHere = this.#deps.ledger.enter(this.#sessionId, this.#plan.to ?? this.#invite.called, entry);
    }
  }

  async #admitAndBridge(plan: BridgePlan): Promise<void> {
    this.#startRecord(plan.origin);
    this.#recorder.passedOver(plan.passedOver ?? []);
    const loop = loopOf(plan, this.#deps.recorder.node);
    if (loop !== undefined) {
      this.#recorder.log.warn({ path: loop }, "call has come back");
      this.#fail("CALL_LOOP", { headers: { Reason: loopReason(loop) } });
      return;
    }
    this.#occupy();
    this.#enter();
    const refusal = await this.#slots.admitCall(plan);
    if (this.#state !== "routing") {
      return;
    }
    if (refusal !== undefined) {
      this.#fail(refusal);
      return;
    }
    if (plan.trusted === true) {
      this.#invite.reply(183); // the engine's 100 does not say that the application behind it lives
    }
    this.#hunt = new Hunt({
      server: this.#deps.server,
      log: this.#recorder.log,
      steps: plan.steps,
      isSecure: asksForTls(this.#invite.requestUri),
      othersMayTry: plan.trusted === true,
      offerFor: (target, alone, step) => this.#offers.first(target, { alone, step }),
      admit: (target) => this.#slots.admit(target),
      events: {
        onTarget: ({ label }) => {
          this.#target = label;
          this.#recorder.calls(label);
        },
        onProvisional: (target, response, alone) => this.#onProvisional(target, response, alone),
        onAnswered: (target, answer) => this.#onAnswered(target, answer),
        onTried: (failures) => this.#recorder.passedOver(failures.map(({ target: route, code }) => ({ route, code }))),
        onFailed: (failure) => this.#fail(failure?.code ?? "NO_ROUTE", failure),
      },
    });
    this.#hunt.start();
  }

  #onProvisional(target: CallTarget, response: ClientResponse, alone: boolean): void {
    this.#caller.relay(response, { alone, fromPeer: target.trusted === true });
    if (alerts(response)) {
      this.#recorder.rings();
      this.#state = "ringing";
      this.#deps.onThrough(this);
      this.#occupy([target.label, "ringing"]);
    }
  }

  /** Who calls is busy from the beginning, who is called when it rings. */
  #occupy(...called: readonly (readonly [label: string, state: Exclude<PartyState, "idle">])[]): void {
    this.#deps.occupancy.set(this, new Map([...called, [this.#plan?.origin ?? "unknown", "busy"]]));
  }

  #onAnswered(target: CallTarget, answer: LegAnswer): void {
    const { label } = target;
    const { server, limits, onRefer } = this.#deps;
    this.#target = label;
    this.#connection = new Connection(
      {
        server,
        log: this.#recorder.log,
        interval: limits,
        caller: () => this.#caller,
        callerParty: () => callerParty(this.#facts),
        onRefer,
        events: {
          onOpen: (session) => this.#onOpen(session, target),
          onEnd: (endedBy) => this.#over(() => this.#recorder.ended(endedBy)),
          onCalleeLost: () => this.#rescue?.lookForAnother() === true,
          onLost: (endedBy) => this.#onLost(endedBy),
        },
      },
      answer,
      this.#calleeParty(label),
    );
    this.#connection.start();
  }

  #calleeParty(label: string): Party {
    return { label, number: this.#plan?.to ?? this.#invite.called };
  }

  /** Its way to the callee may be lost while it is up. */
  #follow(target: CallTarget): void {
    const { again } = this.#plan ?? {};
    if (again === undefined || target.onGone === undefined) {
      return;
    }
    const { server, rescues, turns } = this.#deps;
    const rescue = new Rescue({
      server,
      log: this.#recorder.log,
      steps: again,
      offerFor: (way, attempt) => this.#offers.resumption(way, attempt, this.#connection?.callerMedia),
      attempts: this.#offers.attempts,
      turn: () => turns.next(),
      events: {
        onFound: (way, answer) => this.#onWayFound(way.label, answer),
        onLost: () => this.hangUp("PEER_AWAY"),
      },
      onDone: () => rescues.delete(rescue),
    });
    rescues.add(rescue);
    rescue.follow(target);
    this.#rescue = rescue;
  }

  #onWayFound(label: string, answer: LegAnswer): boolean {
    const before = this.#target;
    this.#target = label;
    const isUp =
      this.#state === "answered" && this.#connection?.calleeChanged(answer, this.#calleeParty(label)) === true;
    if (isUp) {
      this.#recorder.calls(label);
    } else {
      this.#target = before;
    }
    return isUp;
  }

  #onOpen(session: Session, target: CallTarget): void {
    const label = this.#target ?? target.label;
    this.#caller.end();
    this.#noLongerUp();
    this.#noLongerUp = this.#deps.talks.add({ session, sessionId: this.#sessionId, slots: this.#slots });
    this.#state = "answered";
    this.#deps.onThrough(this);
    this.#recorder.answered(label);
    this.#occupy([label, "busy"]);
    if (this.#rescue === undefined) {
      this.#follow(target);
    }
  }

  #onLost(endedBy: EndedBy): void {
    if (this.#recorder.isAnswered) {
      this.#invite.reply(ERRORS.TARGET_FAILED.sip); // by another way, which is not answered yet
      this.#over(() => this.#recorder.ended(endedBy));
    } else {
      this.#fail(this.#invite.cancelled ? "CALLER_CANCELLED" : "INTERNAL");
    }
  }

  #onCancel(reason: string | undefined): void {
    if (this.#state === "over" || this.#connection !== undefined) {
      return; // an answered call is not cancelled: its answer and the CANCEL crossed
    }
    this.#hunt?.cancel(reason === undefined ? {} : { Reason: reason });
    this.#startRecord(this.#plan?.origin);
    this.#fail("CALLER_CANCELLED");
  }

  /** The final answer that is no success. */
  #fail(
    code: CallErrorCode,
    told: Partial<Pick<LegFailure, "status" | "reason" | "headers" | "target" | "byTarget">> = {},
  ): void {
    if (this.#state === "over" || this.#state === "answered") {
      return;
    }
    const status = told.status ?? ERRORS[code].sip;
    const { retryAfterSeconds } = this.#deps.limits;
    const { tried } = this.#recorder;
    this.#invite.reply(status, {
      headers: failureHeaders({ code, status, headers: told.headers, retryAfterSeconds, tried }),
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
    this.#caller.end();
    this.#noLongerHere(this.#recorder.end);
    this.#rescue?.callOver(() => this.#connection?.isCalleeDone !== false);
    this.#deps.occupancy.set(this, new Map());
    this.#noLongerUp();
    this.#slots.release();
    this.#deps.onOver(this);
  }
}
