import { randomBytes } from "node:crypto";
import type { BridgePlan, BridgeStep, CallTarget, LeaseRequest, Step, TriedRoute } from "@mss/call-control";
import { nodeName } from "@mss/certificates";
import { next } from "@mss/call-control";
import { dialledNumber, reject } from "@mss/call-control/node";
import { drawOf } from "@mss/dial-plan";
import type { BranchPlan } from "@mss/dial-plan";
import { namedHopOf, sipUriOf } from "@mss/model";
import type { BindingStore, BranchSettings, HubId } from "@mss/model";
import { steadyNowMs } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { callerLabel, carrierLabel, extensionLabel } from "./caller.ts";
import type { Caller } from "./caller.ts";
import type { CarrierPlan, CarrierWays } from "./carrier/carrier-plan.ts";
import { decide } from "./decide.ts";
import type { BranchDecision } from "./decide.ts";
import type { DirectPlan } from "./direct/direct-plan.ts";
import { directStep } from "./direct/direct-steps.ts";
import { emergencySteps } from "./emergency-steps.ts";
import { findExtension } from "./identify.ts";
import type { IdentifiedCall } from "./identify.ts";
import type { HubRoute } from "./hub-route.ts";
import { phoneTarget } from "./phone-target.ts";

/** What the plan of a call depends on. */
export interface PlannedCall {
  readonly invite: Pick<IdentifiedCall["invite"], "called" | "source">;
  readonly caller: Caller;
}

export interface PlanOptions {
  readonly settings: BranchSettings;
  readonly bindings: BindingStore;
  readonly calls: BranchPlan;
  /** The hubs that take calls now, in the order in which they are to be tried. */
  readonly hubsUp: () => readonly HubRoute[];
  /** Tells once when a hub takes no more calls; see `CallTarget.onGone`. */
  readonly onHubDown: (hub: HubId, listener: () => void) => () => void;
  readonly hubFirstResponseTimeoutMs: number;
  /** The rules by which other branches are called straight; undefined: they are not. */
  readonly direct: DirectPlan | undefined;
  /** The lines to the public telephone network. */
  readonly carrier: CarrierPlan;
  readonly log: Logger;
}

/** The callee's branch decides how long its phones ring; this only ends a call that nobody ends (RFC 3261 §16.6 Timer C). */
const UPLINK_RING_TIMEOUT_MS = 190_000;

const SESSION_ID_BYTES = 16; // RFC 7989 §4.1

/** Lease key of the branch's trunk; counted in this process, and by the hubs once more under a key of theirs. */
const TRUNK_LEASE = "trunk";

export function hubStep({ hub, address }: HubRoute, called: string, options: PlanOptions): BridgeStep {
  const { federation, id, trunk } = options.settings;
  const proxy = namedHopOf(address, nodeName(hub.id, federation));
  const target: CallTarget = {
    label: `hub:${hub.id}`,
    uri: sipUriOf(address, called),
    ...(proxy === undefined ? {} : { proxy }),
    credentials: { realm: federation, username: id, secret: trunk.secret },
    pathProof: { kind: "key", key: trunk.secret },
    trusted: true,
    firstResponseTimeoutMs: options.hubFirstResponseTimeoutMs,
    ringTimeoutMs: UPLINK_RING_TIMEOUT_MS,
    onGone: (listener) => options.onHubDown(hub.id, listener),
  };
  return { targets: [target] };
}

/** What every plan of this caller has: an extension is shown as the branch knows it, a hub is believed, a carrier is not. */
function callerPart(
  caller: Caller,
  { federation }: BranchSettings,
): Pick<BridgePlan, "origin" | "trusted" | "ringsHere" | "from" | "to" | "callerId" | "hidesCaller"> {
  const origin = callerLabel(caller);
  if (caller.kind === "hub") {
    return { origin, trusted: true, ringsHere: true };
  }
  if (caller.kind === "branch") {
    const { called: to, shown: user } = caller;
    const shown = user === undefined ? {} : { callerId: { user, domain: federation } };
    return { origin, trusted: true, ringsHere: true, to, ...shown };
  }
  if (caller.kind === "carrier") {
    return { origin, to: caller.called };
  }
  const { number, settings, isHidden = false } = caller;
  const named = settings.name === undefined ? {} : { displayName: settings.name };
  return { origin, from: number, callerId: { user: number, domain: federation, ...named }, hidesCaller: isHidden };
}

interface LegContext extends PlanOptions {
  readonly caller: Caller;
  /** As the branch's phones have it; towards a hub, as it was dialled. */
  readonly called: string;
  readonly sessionId: string;
}

/** The hubs in order, then the branches that may take the call themselves. */
export function awaySteps(called: string, way: DirectWay & PlanOptions): readonly BridgeStep[] {
  const { settings, direct, caller, sessionId } = way;
  const question = { number: called, caller, atMs: Date.now(), draw: drawOf(sessionId) };
  const peers = caller === undefined ? [] : (direct?.waysTo({ ...question, caller }) ?? []);
  return [
    ...way.hubsUp().map((route) => hubStep(route, called, way)),
    ...peers.map((peer) => directStep(peer, { called, settings, ringTimeoutMs: UPLINK_RING_TIMEOUT_MS })),
  ];
}

interface DirectWay {
  /** Number of the extension that calls; a hub's call goes to no other branch. */
  readonly caller: string | undefined;
  readonly sessionId: string;
}

async function stepsOf(
  decision: Exclude<BranchDecision, { kind: "reject" }>,
  context: LegContext,
): Promise<readonly BridgeStep[]> {
  const { settings, bindings, caller, called, carrier } = context;
  switch (decision.kind) {
    case "ring": {
      const limit = findExtension(settings, called)?.settings.maxCalls;
      const lease =
        limit === undefined ? {} : { lease: { key: extensionLabel(called), limit, full: "TARGET_BUSY" as const } };
      return [
        {
          targets: decision.contacts.map((binding) => ({ ...phoneTarget(binding, settings.ringTimeoutMs), ...lease })),
        },
      ];
    }
    case "uplink": {
      return awaySteps(called, { ...context, caller: caller.kind === "extension" ? caller.number : undefined });
    }
    case "outside": {
      return [];
    }
    case "emergency": {
      return caller.kind === "extension" ? emergencySteps({ settings, bindings, caller, called, carrier }) : [];
    }
  }
}

const NO_WAYS: CarrierWays = { steps: [], passedOver: [] };

/** Over the carrier lines: behind the outside prefix, and to another branch as the last of all ways. */
function carrierWays(kind: BranchDecision["kind"], { caller, called, carrier }: LegContext): CarrierWays {
  if (caller.kind !== "extension") {
    return NO_WAYS;
  }
  return kind === "outside"
    ? carrier.outside(called, caller)
    : kind === "uplink"
      ? carrier.overflow(called, caller)
      : NO_WAYS;
}

type Limits = Required<Pick<BridgePlan, "rates" | "leases">>;

const NO_LIMITS: Limits = { rates: [], leases: [] };

/** What an extension may have and make of calls; calls for help are not counted. */
function ownLimits({ number, settings }: Extract<Caller, { kind: "extension" }>): Limits {
  const { maxCalls, callRate } = settings;
  const key = extensionLabel(number);
  return {
    rates: callRate === undefined ? [] : [{ key, ...callRate, exceeded: "EXTENSION_RATE" }],
    leases: maxCalls === undefined ? [] : [{ key, limit: maxCalls, full: "EXTENSION_FULL" }],
  };
}

/** What a call may use of the line that it comes by, or goes by for sure. */
function lineLimits(caller: Caller, isUplink: boolean, { settings }: PlanOptions): Limits["leases"] {
  if (caller.kind === "carrier") {
    const { maxCalls } = caller.line;
    return maxCalls === undefined ? [] : [{ key: carrierLabel(caller.line), limit: maxCalls, full: "TARGET_BUSY" }];
  }
  const { maxCalls } = settings.trunk;
  const overTrunk = caller.kind !== "extension" || isUplink;
  return overTrunk && maxCalls !== undefined ? [{ key: TRUNK_LEASE, limit: maxCalls }] : [];
}

function withLease({ targets, ...step }: BridgeStep, lease: LeaseRequest): BridgeStep {
  return { ...step, targets: targets.map((target) => ({ ...target, lease })) };
}

/** Hubs that would be asked before the others, and are known to take no calls. */
function hubsAway({ settings, hubsUp }: PlanOptions): readonly TriedRoute[] {
  const up = new Set(hubsUp().map(({ hub }) => hub.id));
  return settings.trunk.hubs.flatMap(({ id }) => (up.has(id) ? [] : [{ route: `hub:${id}`, code: "PEER_AWAY" }]));
}

/** What the caller hears when there is no way left for a call that was not refused. */
const NO_WAY = {
  ring: "NOT_REGISTERED",
  uplink: "PEER_AWAY",
  outside: "PEER_AWAY",
  emergency: "NOT_REGISTERED",
} as const;

/** Decides where an identified call goes and says so as a plan, or as the answer it gets. */
export function planCall(options: PlanOptions): Step<PlannedCall, BridgePlan> {
  const { settings, bindings, calls, log } = options;
  return async ({ invite, caller }) => {
    const origin = callerLabel(caller);
    const dialled = "called" in caller ? caller.called : dialledNumber(invite.called);
    if (dialled === undefined) {
      return reject("UNKNOWN_NUMBER", origin);
    }
    const cameFrom = caller.kind === "extension" ? "extension" : "hub";
    const route = calls.decide({ number: dialled, cameFrom, atMs: Date.now() });
    if (route.kind === "blocked") {
      log.info({ from: origin, to: dialled, reason: route.kind, rule: route.rule }, "number barred");
    }
    const called = "number" in route ? route.number : dialled;
    const configured = route.kind === "local" && findExtension(settings, called) !== undefined;
    const contacts = configured ? await bindings.find(called, steadyNowMs()) : [];
    const decision = decide({ caller, source: invite.source, called, route: route.kind, configured, contacts });
    if (decision.kind === "reject") {
      return reject(decision.code, origin);
    }
    const sessionId = randomBytes(SESSION_ID_BYTES).toString("hex");
    const context = { ...options, caller, called, sessionId };
    const isUplink = decision.kind === "uplink";
    const carrier = carrierWays(decision.kind, context);
    const [trunk] = lineLimits(caller, isUplink, options);
    // where there is another way, a trunk that is full ends the ways over it, and not the call
    const isSpared = isUplink && carrier.steps.length > 0;
    const ways = await stepsOf(decision, context);
    const steps = [
      ...(isSpared && trunk !== undefined ? ways.map((step) => withLease(step, trunk)) : ways),
      ...carrier.steps,
    ];
    const passedOver = [...(isUplink ? hubsAway(options) : []), ...carrier.passedOver];
    if (steps.length === 0) {
      return { ...reject(NO_WAY[decision.kind], origin), passedOver };
    }
    const own = caller.kind === "extension" && decision.kind !== "emergency" ? ownLimits(caller) : NO_LIMITS;
    const leases = [...own.leases, ...(isSpared || trunk === undefined ? [] : [trunk])];
    const ofOurs = caller.kind === "extension" ? { sessionId } : {};
    const again = isUplink ? { again: () => stepsOf(decision, context) } : {};
    return next({ ...callerPart(caller, settings), ...ofOurs, rates: own.rates, leases, steps, passedOver, ...again });
  };
}
