import type { BridgePlan, BridgeStep, CallTarget, Step } from "@mss/call-control";
import { nodeName } from "@mss/certificates";
import { next } from "@mss/call-control";
import { dialledNumber, reject } from "@mss/call-control/node";
import type { BranchPlan } from "@mss/dial-plan";
import { namedHopOf, sipUriOf } from "@mss/model";
import type { BindingStore, BranchSettings, HubId } from "@mss/model";
import type { Logger } from "@mss/runtime";
import { callerLabel } from "./caller.ts";
import type { Caller } from "./caller.ts";
import { decide } from "./decide.ts";
import type { BranchDecision } from "./decide.ts";
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
  readonly log: Logger;
}

/** The callee's branch decides how long its phones ring; this only ends a call that nobody ends (RFC 3261 §16.6 Timer C). */
const UPLINK_RING_TIMEOUT_MS = 190_000;

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
    trusted: true,
    firstResponseTimeoutMs: options.hubFirstResponseTimeoutMs,
    ringTimeoutMs: UPLINK_RING_TIMEOUT_MS,
    onGone: (listener) => options.onHubDown(hub.id, listener),
  };
  return { targets: [target] };
}

/** What every plan of this caller has: an extension is shown as the branch knows it, a hub is believed. */
function callerPart(
  caller: Caller,
  { federation }: BranchSettings,
): Pick<BridgePlan, "origin" | "trusted" | "ringsHere" | "from" | "callerId" | "hidesCaller"> {
  const origin = callerLabel(caller);
  if (caller.kind === "hub") {
    return { origin, trusted: true, ringsHere: true };
  }
  const { number, settings, isHidden = false } = caller;
  const named = settings.name === undefined ? {} : { displayName: settings.name };
  return { origin, from: number, callerId: { user: number, domain: federation, ...named }, hidesCaller: isHidden };
}

interface LegContext extends PlanOptions {
  readonly caller: Caller;
  /** As the branch's phones have it; towards a hub, as it was dialled. */
  readonly called: string;
}

async function stepsOf(
  decision: Exclude<BranchDecision, { kind: "reject" }>,
  context: LegContext,
): Promise<readonly BridgeStep[]> {
  const { settings, bindings, caller, called } = context;
  switch (decision.kind) {
    case "ring": {
      return [{ targets: decision.contacts.map((binding) => phoneTarget(binding, settings.ringTimeoutMs)) }];
    }
    case "uplink": {
      return context.hubsUp().map((route) => hubStep(route, called, context));
    }
    case "emergency": {
      return caller.kind === "extension" ? emergencySteps({ settings, bindings, caller, called }) : [];
    }
  }
}

/** What the caller hears when there is no way left for a call that was not refused. */
const NO_WAY = { ring: "NOT_REGISTERED", uplink: "PEER_AWAY", emergency: "NOT_REGISTERED" } as const;

/** Decides where an identified call goes and says so as a plan, or as the answer it gets. */
export function planCall(options: PlanOptions): Step<PlannedCall, BridgePlan> {
  const { settings, bindings, calls, log } = options;
  return async ({ invite, caller }) => {
    const origin = callerLabel(caller);
    const dialled = dialledNumber(invite.called);
    if (dialled === undefined) {
      return reject("UNKNOWN_NUMBER", origin);
    }
    const route = calls.decide({ number: dialled, cameFrom: caller.kind, atMs: Date.now() });
    if (route.kind === "blocked") {
      log.info({ from: origin, to: dialled, reason: route.kind, rule: route.rule }, "number barred");
    }
    const called = route.kind === "local" ? route.number : dialled;
    const configured = route.kind === "local" && findExtension(settings, called) !== undefined;
    const contacts = configured ? await bindings.find(called, Date.now()) : [];
    const decision = decide({ caller, source: invite.source, called, route: route.kind, configured, contacts });
    if (decision.kind === "reject") {
      return reject(decision.code, origin);
    }
    const steps = await stepsOf(decision, { ...options, caller, called });
    if (steps.length === 0) {
      return reject(NO_WAY[decision.kind], origin);
    }
    const { maxCalls } = settings.trunk;
    const overTrunk = caller.kind === "hub" || decision.kind === "uplink";
    const leases = overTrunk && maxCalls !== undefined ? [{ key: TRUNK_LEASE, limit: maxCalls }] : [];
    return next({ ...callerPart(caller, settings), leases, steps });
  };
}
