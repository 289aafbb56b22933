import type { BridgePlan, BridgeStep, CallTarget, Step } from "@mss/call-control";
import { next } from "@mss/call-control";
import { dialledNumber, reject } from "@mss/call-control/node";
import { decideAtBranch } from "@mss/dial-plan";
import type { BranchTarget, DialPlan } from "@mss/dial-plan";
import { sipUriOf } from "@mss/model";
import type { Binding, BindingStore, BranchSettings } from "@mss/model";
import { callerLabel } from "./caller.ts";
import type { Caller } from "./caller.ts";
import { decide } from "./decide.ts";
import type { BranchDecision } from "./decide.ts";
import { findExtension } from "./identify.ts";
import type { IdentifiedCall } from "./identify.ts";
import type { HubRoute } from "./hub-route.ts";

/** What the plan of a call depends on. */
export interface PlannedCall {
  readonly invite: Pick<IdentifiedCall["invite"], "called" | "source">;
  readonly caller: Caller;
}

export interface PlanOptions {
  readonly settings: BranchSettings;
  readonly bindings: BindingStore;
  readonly numbers: DialPlan<BranchTarget>;
  /** The hubs that take calls now, in the order in which they are to be tried. */
  readonly hubsUp: () => readonly HubRoute[];
  readonly hubFirstResponseTimeoutMs: number;
}

/** The callee's branch decides how long its phones ring; this only ends a call that nobody ends (RFC 3261 §16.6 Timer C). */
const UPLINK_RING_TIMEOUT_MS = 190_000;

/** Lease key of the branch's trunk; counted in this process, and by the hubs once more under a key of theirs. */
const TRUNK_LEASE = "trunk";

function phoneTarget(binding: Binding, ringTimeoutMs: number): CallTarget {
  return {
    label: `extension:${binding.aor}`,
    uri: binding.contact,
    // To where the phone registered from, whatever its Contact says: NAT, and no traffic to third parties (SEC-29).
    proxy: sipUriOf(binding.source),
    phone: true,
    ringTimeoutMs,
  };
}

function hubStep({ hub, address }: HubRoute, called: string, options: PlanOptions): BridgeStep {
  const { federation, id, trunk } = options.settings;
  const target: CallTarget = {
    label: `hub:${hub.id}`,
    uri: sipUriOf(address, called),
    credentials: { realm: federation, username: id, secret: trunk.secret },
    trusted: true,
    firstResponseTimeoutMs: options.hubFirstResponseTimeoutMs,
    ringTimeoutMs: UPLINK_RING_TIMEOUT_MS,
  };
  return { targets: [target] };
}

/** What every plan of this caller has: an extension is shown as the branch knows it, a hub is believed. */
function callerPart(caller: Caller): Pick<BridgePlan, "origin" | "trusted" | "callerId"> {
  const origin = callerLabel(caller);
  if (caller.kind === "hub") {
    return { origin, trusted: true };
  }
  const { number, settings } = caller;
  return { origin, callerId: { user: number, ...(settings.name === undefined ? {} : { displayName: settings.name }) } };
}

function stepsOf(
  decision: Exclude<BranchDecision, { kind: "reject" }>,
  called: string,
  options: PlanOptions,
): BridgeStep[] {
  if (decision.kind === "ring") {
    return [{ targets: decision.contacts.map((binding) => phoneTarget(binding, options.settings.ringTimeoutMs)) }];
  }
  return options.hubsUp().map((route) => hubStep(route, called, options));
}

/** Decides where an identified call goes and says so as a plan, or as the answer it gets. */
export function planCall(options: PlanOptions): Step<PlannedCall, BridgePlan> {
  const { settings, bindings, numbers } = options;
  return async ({ invite, caller }) => {
    const called = dialledNumber(invite.called);
    if (called === undefined) {
      return reject("UNKNOWN_NUMBER", callerLabel(caller));
    }
    const { kind: route } = decideAtBranch({ plan: numbers, number: called, cameFrom: caller.kind });
    const configured = route === "local" && findExtension(settings, called) !== undefined;
    const contacts = configured ? await bindings.find(called, Date.now()) : [];
    const decision = decide({ caller, source: invite.source, called, route, configured, contacts });
    if (decision.kind === "reject") {
      return reject(decision.code, callerLabel(caller));
    }
    const steps = stepsOf(decision, called, options);
    if (steps.length === 0) {
      return reject("PEER_AWAY", callerLabel(caller));
    }
    const { maxCalls } = settings.trunk;
    const overTrunk = caller.kind === "hub" || decision.kind === "uplink";
    const leases = overTrunk && maxCalls !== undefined ? [{ key: TRUNK_LEASE, limit: maxCalls }] : [];
    return next({ ...callerPart(caller), leases, steps });
  };
}
