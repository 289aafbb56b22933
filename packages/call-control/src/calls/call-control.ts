import type { Logger } from "@mss/runtime";
import type { ActiveCall, CallControl, CallControlOptions, CallLimits, CallStanding } from "../call-control-types.ts";
import { attemptOf, sessionIdOf } from "../bridge/header-policy.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import { LampDesk } from "../lamps/lamp-desk.ts";
import { SipServerCore } from "../drachtio/sip-server.ts";
import type { IncomingRequest, LinkState, OutgoingRequest, RequestOutcome } from "../drachtio/types.ts";
import type { CallErrorCode } from "../errors.ts";
import { Call } from "./call.ts";
import type { CallDeps } from "./call.ts";
import { CallRates } from "./call-rates.ts";
import { SharedRates } from "./shared-rates.ts";
import { Leases } from "./leases.ts";
import type { LiveCall } from "./live-call.ts";
import { Occupancy } from "./occupancy.ts";
import { Overload } from "./overload.ts";
import { RequestDesk } from "./request-desk.ts";
import type { Rescue } from "./rescue.ts";
import { SessionLedger } from "./session-ledger.ts";
import { Talks } from "./talks.ts";
import { TransferDesk } from "./transfer-desk.ts";
import { Turns } from "./turns.ts";
import type { TransferPolicy } from "./transfer-route.ts";

const DEFAULT_LIMITS = {
  maxCalls: 10_000,
  maxCallsInSetUp: 1_000,
  maxEventLoopDelayMs: 500,
  firstResponseTimeoutMs: 4_000,
  ringTimeoutMs: 60_000,
  retryAfterSeconds: 5,
  stopGraceMs: 1_000,
  maxSubscriptions: 20_000,
  maxSubscriptionsPerWatcher: 200,
  lampRefreshMs: 30_000,
  lampRetrySeconds: 30,
  sessionSeconds: 1_800,
  minimumSessionSeconds: 90,
} as const satisfies Required<CallLimits>;

const RESCUE_PAUSE_MS = 50; // 20 calls a second of each node: the peer that is left has new calls as well
const HANG_UP_LIMIT_MS = 2_000; // for BYEs to leave before the link to the engine is cut
const MAX_ORPHANS = 50_000;
const ORPHAN_BYE_LIMIT_MS = 8_000;

/** The calls of one node on one SIP engine. */
export function createCallControl(options: CallControlOptions): CallControl {
  return new Control(options);
}

class Control implements CallControl {
  readonly #log: Logger;
  readonly #limits: Required<CallLimits>;
  readonly #server: SipServerCore;
  readonly #leases: Leases;
  readonly #callDeps: CallDeps;
  readonly #requests: RequestDesk;
  readonly #lamps: LampDesk | undefined;
  readonly #calls = new Set<LiveCall>();
  /** Those for which nobody rings yet. */
  readonly #callsInSetUp = new Set<LiveCall>();
  readonly #overload: Overload;
  readonly #isEmergency: NonNullable<CallControlOptions["isEmergency"]>;
  #callsShed = 0;
  /** Of the callers' legs. */
  readonly #callIds = new Set<string>();
  readonly #ledger = new SessionLedger<Call>();
  readonly #rescues = new Set<Rescue>();
  /** Dialogs that were up when the engine went away; ended when it is back. */
  #orphans: string[] = [];
  #whenIdle: (() => void)[] = [];
  #draining = false;
  #stopped: Promise<void> | undefined;

  constructor(options: CallControlOptions) {
    this.#log = options.log;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#isEmergency = options.isEmergency ?? (() => false);
    this.#overload = new Overload({
      limits: this.#limits,
      calls: () => this.#calls.size,
      callsInSetUp: () => this.#callsInSetUp.size,
    });
    this.#leases = new Leases({ store: options.leases, log: options.log, group: options.group });
    const rates = new CallRates();
    this.#server = new SipServerCore({
      engine: options.engine,
      log: options.log,
      stopGraceMs: this.#limits.stopGraceMs,
      handlers: { ...options.handlers, invite: (invite) => this.#onInvite(invite) },
    });
    this.#callDeps = {
      server: this.#server,
      leases: this.#leases,
      rates: options.group === undefined ? rates : new SharedRates(rates, options.group),
      limits: this.#limits,
      route: options.route,
      recorder: { node: options.node, log: options.log, onOpen: options.onOpen, onRecord: options.onRecord },
      ledger: this.#ledger,
      rescues: this.#rescues,
      turns: new Turns(RESCUE_PAUSE_MS),
      carryOn: (id, invite, origin) => this.#carryOn(id, invite, origin),
      talks: new Talks(),
      occupancy: new Occupancy(),
      transfer: options.transfer,
      onRefer: options.transfer && ((session, side, refer) => desk?.onRefer(session, side, refer)),
      onThrough: (call) => void this.#callsInSetUp.delete(call),
      onOver: (call) => this.#onOver(call),
    };
    this.#lamps =
      options.watch &&
      new LampDesk({
        server: this.#server,
        log: options.log.child({ mod: "lamps" }),
        occupancy: this.#callDeps.occupancy,
        watch: options.watch,
        limits: this.#limits,
      });
    this.#requests = new RequestDesk({ ...this.#callDeps, log: options.log });
    const desk = options.transfer && this.#transferDesk(options.transfer);
    this.#server.onLink((state) => (state === "up" ? this.#onLinkUp() : this.#onLinkDown()));
  }

  get draining(): boolean {
    return this.#draining;
  }

  get linkState(): LinkState {
    return this.#server.linkState;
  }

  async start(): Promise<void> {
    await this.#leases.start();
    await this.#overload.start();
    await this.#server.start();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  request(request: OutgoingRequest): Promise<RequestOutcome> {
    return this.#server.request(request);
  }

  onLink(listener: (state: LinkState) => void): () => void {
    return this.#server.onLink(listener);
  }

  relay(request: IncomingRequest): Promise<void> {
    if (this.#draining) {
      request.reply(503, { headers: { "Retry-After": String(this.#limits.retryAfterSeconds) } });
      return Promise.resolve();
    }
    return this.#requests.relay(request);
  }

  async subscribe(request: IncomingRequest): Promise<void> {
    if (this.#lamps === undefined) {
      request.reply(405);
    } else {
      await this.#lamps.receive(request);
    }
  }

  registrationChanged(label: string): void {
    this.#lamps?.look(label);
  }

  get callsShed(): number {
    return this.#callsShed;
  }

  get subscriptions(): number {
    return this.#lamps?.size ?? 0;
  }

  activeCalls(): readonly ActiveCall[] {
    return [...this.#calls].map((call) => call.active);
  }

  standingOf(invite: IncomingRequest, called: string): CallStanding {
    const read = (name: string): string | undefined => invite.header(name);
    const sessionId = sessionIdOf(read);
    if (sessionId === undefined) {
      return { kind: "new" };
    }
    const standing = this.#ledger.standingOf(sessionId, called, attemptOf(read));
    return standing.kind === "continues" ? { kind: "continues", call: standing.call.active.id } : standing;
  }

  endCall(id: string, code: CallErrorCode): boolean {
    const call = this.#calls.values().find(({ active }) => active.id === id);
    call?.hangUp(code);
    return call !== undefined;
  }

  endCalls(which: (call: ActiveCall) => boolean, code: CallErrorCode, most = Infinity): number {
    const ended = [
      ...this.#calls
        .values()
        .filter((call) => which(call.active))
        .take(most),
    ];
    for (const call of ended) {
      call.hangUp(code);
    }
    return ended.length;
  }

  verifyCall(id: string): void {
    const call = this.#calls.values().find(({ active }) => active.id === id);
    if (call instanceof Call) {
      call.verify();
    }
  }

  async drain(limitMs: number): Promise<void> {
    this.#draining = true;
    this.#log.info({ calls: this.#calls.size, limitMs }, "drain begins");
    await this.#idle(limitMs);
    this.#hangUpAll("NODE_DRAINING");
    await this.#idle(HANG_UP_LIMIT_MS);
    this.#log.info("drain is done");
  }

  async #stop(): Promise<void> {
    this.#draining = true;
    this.#lamps?.stop();
    this.#hangUpAll("NODE_DRAINING");
    await this.#idle(HANG_UP_LIMIT_MS);
    for (const rescue of this.#rescues) {
      rescue.stop();
    }
    await this.#server.stop();
    await this.#leases.stop();
    await this.#overload.stop();
  }

  #onInvite(invite: ServerTransaction): Promise<void> {
    const shedding = this.#overload.shedding;
    if (this.#draining || (shedding !== undefined && !this.#isEmergency(invite))) {
      // No log line and no record each: under overload that would be what kills the node.
      this.#log.debug({ callId: invite.callId, draining: this.#draining, reason: shedding }, "call refused, no room");
      this.#callsShed += this.#draining ? 0 : 1;
      invite.reply(503, { headers: { "Retry-After": String(this.#limits.retryAfterSeconds) } });
      return Promise.resolve();
    }
    if (this.#callIds.has(invite.callId)) {
      // The same request by another way (RFC 3261 §8.2.2.2), or a loop; drachtio-srf, too, knows one INVITE per Call-ID.
      invite.reply(482);
      return Promise.resolve();
    }
    const call = new Call(invite, this.#callDeps);
    this.#calls.add(call);
    this.#callsInSetUp.add(call);
    this.#callIds.add(invite.callId);
    return call.run();
  }

  #carryOn(id: string, invite: ServerTransaction, origin: string): boolean {
    const call = this.#calls.values().find(({ active }) => active.id === id);
    return call instanceof Call && call.carryOn(invite, origin);
  }

  #transferDesk(policy: TransferPolicy): TransferDesk {
    return new TransferDesk({ policy, deps: this.#callDeps, onTransfer: (transfer) => this.#calls.add(transfer) });
  }

  #onOver(call: LiveCall): void {
    this.#calls.delete(call);
    this.#callsInSetUp.delete(call);
    if (call instanceof Call) {
      for (const callId of call.callIds) {
        this.#callIds.delete(callId);
      }
    }
    if (this.#calls.size === 0) {
      const waiting = this.#whenIdle;
      this.#whenIdle = [];
      for (const resolve of waiting) {
        resolve();
      }
    }
  }

  #hangUpAll(code: CallErrorCode): void {
    for (const call of this.#calls) {
      call.hangUp(code);
    }
  }

  /** Resolves when no call is left, or after the limit. */
  async #idle(limitMs: number): Promise<void> {
    if (this.#calls.size === 0) {
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenIdle.push(resolve);
    const timer = setTimeout(resolve, limitMs);
    await promise;
    clearTimeout(timer);
  }

  #onLinkDown(): void {
    this.#lamps?.forget();
    const lost = [...this.#calls];
    for (const call of lost) {
      this.#orphans.push(...call.abandon());
    }
    this.#orphans.splice(0, Math.max(0, this.#orphans.length - MAX_ORPHANS));
    if (lost.length > 0) {
      this.#log.error({ calls: lost.length }, "calls ended because the sip engine is away");
    }
  }

  /** An engine that kept its dialogs while only the link was down would keep both end points in a call that we forgot. */
  #onLinkUp(): void {
    const orphans = this.#orphans;
    this.#orphans = [];
    for (const dialogId of orphans) {
      this.#server.send(
        { method: "BYE", dialogId, limitMs: ORPHAN_BYE_LIMIT_MS },
        { onFinal: () => undefined, onFailure: () => undefined },
      );
    }
  }
}
