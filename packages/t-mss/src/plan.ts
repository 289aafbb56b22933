import type { ActiveCall, BridgePlan, BridgeStep, LeaseRequest, Step } from "@mss/call-control";
import { next } from "@mss/call-control";
import { dialledNumber, reject } from "@mss/call-control/node";
import { decideAtHub } from "@mss/dial-plan";
import { sipUriOf } from "@mss/model";
import type { Binding, BindingStore, BranchId, HubSettings } from "@mss/model";
import { callingNumber } from "./calling-number.ts";
import { decide } from "./decide.ts";
import { branchLabel, findTrunk } from "./identify.ts";
import type { IdentifiedCall, Trunk } from "./identify.ts";
import type { RoutingPlan } from "./routing-plan.ts";

export interface PlanOptions {
  readonly settings: HubSettings;
  /** The plan in force; undefined before the first one. */
  readonly plan: () => RoutingPlan | undefined;
  readonly trunks: BindingStore;
  readonly branchFirstResponseTimeoutMs: number;
  readonly activeCalls: () => readonly ActiveCall[];
}

export function trunkLeaseKey(branch: BranchId): string {
  return `trunk:${branch}`;
}

function stepTo(binding: Binding, trunk: Trunk, called: string, options: PlanOptions): BridgeStep {
  const { settings, branchFirstResponseTimeoutMs } = options;
  const target = {
    label: branchLabel(trunk.branch),
    uri: sipUriOf(binding.source, called),
    credentials: { realm: trunk.branch, username: settings.id, secret: trunk.settings.secret },
    trusted: true,
    firstResponseTimeoutMs: branchFirstResponseTimeoutMs,
    ringTimeoutMs: settings.ringTimeoutMs,
  };
  return { targets: [target] };
}

/** One slot on each of the two trunks, where the plan limits them. */
function leasesOf(plan: RoutingPlan, branches: readonly BranchId[]): LeaseRequest[] {
  return branches.flatMap((branch) => {
    const limit = plan.maxCalls(branch);
    return limit === undefined ? [] : [{ key: trunkLeaseKey(branch), limit }];
  });
}

/** Decides where the call of a branch goes and says so as a plan, or as the answer it gets. */
export function planCall(options: PlanOptions): Step<IdentifiedCall, BridgePlan> {
  return async ({ invite, caller }) => {
    const origin = branchLabel(caller.branch);
    const plan = options.plan();
    if (plan === undefined) {
      return reject("NO_ROUTE", origin);
    }
    const called = dialledNumber(invite.called) ?? "";
    const route = decideAtHub({ plan: plan.numbers, number: called, cameFrom: caller.branch });
    const ownerOf = (number: string): BranchId | undefined => plan.numbers.targetOf(number);
    const calling = callingNumber(invite, caller.branch, { ownerOf, activeCalls: options.activeCalls });
    const ownerOfCalling = ownerOf(calling.responsible);
    const trunk = route.kind === "route" ? findTrunk(options.settings, route.branch) : undefined;
    const contacts = trunk === undefined ? [] : await options.trunks.find(trunk.branch, Date.now());
    const decision = decide({ caller: caller.branch, ownerOfCalling, route, contacts });
    if (decision.kind === "reject" || trunk === undefined) {
      return reject(decision.kind === "reject" ? decision.code : "PEER_AWAY", origin);
    }
    const steps = decision.contacts.map((binding) => stepTo(binding, trunk, called, options));
    const leases = leasesOf(plan, [caller.branch, trunk.branch]);
    const callerId = calling.shown === undefined ? {} : { callerId: { user: calling.shown } };
    return next({ origin, trusted: true, ...callerId, leases, steps });
  };
}
