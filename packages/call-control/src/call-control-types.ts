import type { CallRecord, LeaseStore, OpenCall } from "@mss/model";
import type { Logger, Part, WorkerGroup } from "@mss/runtime";
import type { BridgePlan } from "./bridge/types.ts";
import type {
  EngineAddress,
  LocalEngine,
  IncomingRequest,
  LinkState,
  OutgoingRequest,
  RequestHandlers,
  RequestOutcome,
} from "./drachtio/types.ts";
import type { CallErrorCode } from "./errors.ts";
import type { TransferPolicy } from "./calls/transfer-route.ts";
import type { WatchRoute } from "./lamps/types.ts";
import type { Step } from "./pipeline.ts";

/** A call that is being set up or is up. */
export interface ActiveCall {
  readonly id: string;
  readonly sessionId: string;
  readonly from: string;
  readonly to: string;
  readonly origin: string;
  /** Absent until a target is tried. */
  readonly target?: string;
  readonly state: "routing" | "ringing" | "answered" | "ending";
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

export interface CallLimits {
  /** Calls at once; more are answered 503 with Retry-After. 10,000 when absent. */
  readonly maxCalls?: number;
  /** Calls for which nobody rings yet; above it new calls are answered 503. 1,000 when absent. */
  readonly maxCallsInSetUp?: number;
  /** How late, on average, the thread may come to what is due; above it new calls are answered 503. 500 ms when absent. */
  readonly maxEventLoopDelayMs?: number;
  /** 4,000 ms when absent. */
  readonly firstResponseTimeoutMs?: number;
  /** 60,000 ms when absent. */
  readonly ringTimeoutMs?: number;
  /** Value of the Retry-After header of our own 503. 5 s when absent. */
  readonly retryAfterSeconds?: number;
  /** Subscriptions to lamps at once; more are answered 503. 20,000 when absent. */
  readonly maxSubscriptions?: number;
  /** The same for each extension; nodes that watch for others are not counted so. 200 when absent. */
  readonly maxSubscriptionsPerWatcher?: number;
  /** How often the state of a number at another node is asked for again, which is how its loss is noticed. 30,000 ms when absent. */
  readonly lampRefreshMs?: number;
  /** When a watcher of a lamp that went dark may ask again. 30 s when absent. */
  readonly lampRetrySeconds?: number;
  /** How long a stop waits for the answers to the last BYEs. 1,000 ms when absent. */
  readonly stopGraceMs?: number;
  /** Session timer that each leg is given where its end asks for no other (RFC 4028). 1,800 s when absent. */
  readonly sessionSeconds?: number;
  /** Shortest session timer that a target may agree on. 90 s when absent, which is the least that RFC 4028 allows. */
  readonly minimumSessionSeconds?: number;
}

export interface CallControlOptions {
  /** Name of this node, for call records. */
  readonly node: string;
  readonly engine: EngineAddress | LocalEngine;
  readonly log: Logger;
  /** Identify → authenticate → decide: usually a `chain`. A throw fails the call with 500. */
  readonly route: Step<IncomingRequest, BridgePlan>;
  /** A call for help: it is taken however much there is to do. Whether it is one is seen before it is known who calls. */
  readonly isEmergency?: (invite: IncomingRequest) => boolean;
  /** What REFER within a call does; absent: it is answered 501. */
  readonly transfer?: TransferPolicy;
  /** Who may watch which number, and where its state is known; absent: nobody may watch. */
  readonly watch?: WatchRoute;
  /** Requests other than INVITE outside of a dialog. */
  readonly handlers?: RequestHandlers;
  /** Called when a call begins and when it is answered; must not throw. */
  readonly onOpen?: (call: OpenCall) => void;
  /** Called exactly once per call, when it is over. A failure is logged and does not touch calls. */
  readonly onRecord?: (record: CallRecord) => Promise<void> | void;
  /** Needed for plans with leases; without it they are counted in this process only. */
  readonly leases?: LeaseStore;
  /** The other processes of the node: call rates of trunks are counted over all of them. `limits` are of each. */
  readonly group?: WorkerGroup | undefined;
  readonly limits?: CallLimits;
}

/**
 * What an INVITE of a peer is to the calls that ring here (`BridgePlan.ringsHere`), by its session and its attempt: a new
 * one; another way of a call that is here, for `BridgePlan.continues`; an attempt that its caller has given up; one whose
 * callee has had it already, with the status that was told then; one that carries on what is not here.
 */
export type CallStanding =
  | { readonly kind: "new" }
  | { readonly kind: "continues"; readonly call: string }
  | { readonly kind: "stale" }
  | { readonly kind: "over"; readonly status: number }
  | { readonly kind: "unknown" };

/** The calls of one node on one SIP engine. `stop` ends the calls that are left. */
export interface CallControl extends Part {
  request(request: OutgoingRequest): Promise<RequestOutcome>;
  /**
   * For a handler of MESSAGE, OPTIONS or NOTIFY about a number: goes where a call would go, by the same `route`, and is
   * answered once, with the target's answer or that of the error table.
   */
  relay(request: IncomingRequest): Promise<void>;
  /** For a handler of SUBSCRIBE outside of a dialog: the `dialog` event package, by the `watch` route; 489 for others. */
  subscribe(request: IncomingRequest): Promise<void>;
  /** A phone of that party, such as `extension:1000`, has registered or is gone: its lamps are looked at. */
  registrationChanged(label: string): void;
  /** Subscriptions that are up. */
  readonly subscriptions: number;
  activeCalls(): readonly ActiveCall[];
  /** New calls that were answered 503 because there was too much to do, since the start. */
  readonly callsShed: number;
  /** For a route, of an INVITE whose sender is a peer of the federation. `called`: as `to` of its plan, else as in the INVITE. */
  standingOf(invite: IncomingRequest, called: string): CallStanding;
  /** Ends a call for that reason, at whatever stage it is; false when there is none of that id. */
  endCall(id: string, code: CallErrorCode): boolean;
  /** The same for at most so many of those calls; returns how many there were. */
  endCalls(which: (call: ActiveCall) => boolean, code: CallErrorCode, most?: number): number;
  /** Asks the caller's end of an answered call whether it has the call still (OPTIONS), and ends the call when it says no (481). */
  verifyCall(id: string): void;
  /** From now on new calls get 503 with Retry-After; waits for the others up to `limitMs`, then ends them with BYE. */
  drain(limitMs: number): Promise<void>;
  readonly draining: boolean;
  readonly linkState: LinkState;
  onLink(listener: (state: LinkState) => void): () => void;
}
