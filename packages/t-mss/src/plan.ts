import type {
  ActiveCall,
  BridgePlan,
  BridgeStep,
  IncomingRequest,
  LeaseRequest,
  RateRequest,
  Reply,
  Step,
} from "@mss/call-control";
import { ERRORS, next } from "@mss/call-control";
import { nodeName } from "@mss/certificates";
import { branchCall, branchLabel, dialledNumber, pathOfCall, reject, sessionIdOf } from "@mss/call-control/node";
import type { CallingNumber } from "@mss/call-control/node";
import type { HubDecision as NumberRoute } from "@mss/dial-plan";
import { namedHopOf, sipUriOf } from "@mss/model";
import type { Binding, BindingStore, BranchId, HubSettings } from "@mss/model";
import { steadyNowMs } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { decide } from "./decide.ts";
import type { HubLeg } from "./decide.ts";
import { findTrunk } from "./identify.ts";
import type { ReachAdvice } from "./reach/hub-reach.ts";
import type { IdentifiedCall } from "./identify.ts";
import type { RoutingPlan } from "./routing-plan.ts";

export interface PlanOptions {
  readonly settings: HubSettings;
  /** The plan in force; undefined before the first one. */
  readonly plan: () => RoutingPlan | undefined;
  readonly trunks: BindingStore;
  readonly branchFirstResponseTimeoutMs: number;
  readonly reach: ReachAdvice;
  readonly activeCalls: () => readonly ActiveCall[];
  /** Calls of one session at the other processes of this hub. */
  readonly callsElsewhere: (sessionId: string) => Promise<readonly ActiveCall[]>;
  readonly log: Logger;
}

/** Of a branch that may be lost here, and that the caller's branch reaches by another hub. */
const DOUBTFUL_FIRST_RESPONSE_MS = 1_000;

export function trunkLeaseKey(branch: BranchId): string {
  return `trunk:${branch}`;
}

/** A slot on the trunk of a branch, where the plan limits it. */
function leaseOf(plan: RoutingPlan, branch: BranchId): LeaseRequest | undefined {
  const limit = plan.maxCalls(branch);
  return limit === undefined ? undefined : { key: trunkLeaseKey(branch), limit };
}

/** New calls a second on the trunk of a branch, where the plan limits them. */
function rateOf(plan: RoutingPlan, branch: BranchId): RateRequest | undefined {
  const rate = plan.callRate(branch);
  return rate === undefined ? undefined : { key: trunkLeaseKey(branch), ...rate, exceeded: "TRUNK_RATE" };
}

interface LegContext extends PlanOptions {
  readonly inForce: RoutingPlan;
  readonly invite: IncomingRequest;
  readonly calling: CallingNumber;
}

function stepTo({ target, contact }: HubLeg, context: LegContext): BridgeStep {
  const { settings, invite, calling, branchFirstResponseTimeoutMs, reach, inForce } = context;
  const { branch, called, caller } = target;
  const trunk = settings.trunks.get(branch);
  const lease = leaseOf(inForce, branch);
  const rate = rateOf(inForce, branch);
  const proxy = namedHopOf(contact.source, nodeName(branch, settings.federation));
  const { displayName } = invite.from;
  const isShownAnew = caller !== undefined && caller !== dialledNumber(invite.from.user);
  const hasName = displayName !== undefined && calling.shown === undefined; // else it is somebody else's
  return {
    targets: [
      {
        label: branchLabel(branch),
        uri: sipUriOf(contact.source, called),
        ...(proxy === undefined ? {} : { proxy }),
        ...(trunk && {
          credentials: { realm: branch, username: settings.id, secret: trunk.secret },
          pathProof: { kind: "key", key: trunk.secret },
        }),
        ...(isShownAnew && {
          callerId: { user: caller, domain: settings.federation, ...(hasName ? { displayName } : {}) },
        }),
        ...(lease && { lease }),
        ...(rate && { rate }),
        trusted: true,
        firstResponseTimeoutMs: reach.isBetterElsewhere(branch)
          ? Math.min(DOUBTFUL_FIRST_RESPONSE_MS, branchFirstResponseTimeoutMs)
          : branchFirstResponseTimeoutMs,
        ringTimeoutMs: settings.ringTimeoutMs,
      },
    ],
  };
}

/** Where the branches that may take the call are now. Nowhere: those whose trunk is not this hub's, and those that another hub alone reaches. */
async function contactsOf(
  route: NumberRoute<BranchId>,
  { settings, trunks, reach }: PlanOptions,
): Promise<(branch: BranchId) => readonly Binding[]> {
  const branches = route.kind === "route" ? new Set(route.targets.map(({ branch }) => branch)) : [];
  const found = new Map<BranchId, readonly Binding[]>();
  for (const branch of branches) {
    if (findTrunk(settings, branch) !== undefined && reach.elsewhere(branch).length === 0) {
      found.set(branch, await trunks.find(branch, steadyNowMs()));
    }
  }
  return (branch) => found.get(branch) ?? [];
}

/** Of a call that comes of a transfer: the call that was transferred may be at another process of this hub. */
async function transferredElsewhere(
  invite: IncomingRequest,
  { callsElsewhere }: PlanOptions,
): Promise<readonly ActiveCall[]> {
  const sessionId = invite.header("referred-by") === undefined ? undefined : sessionIdOf(invite);
  return sessionId === undefined ? [] : callsElsewhere(sessionId);
}

/** What is told of a call that another hub can connect. */
function reachedElsewhere(route: NumberRoute<BranchId>, { reach }: PlanOptions): Pick<Reply, "headers" | "passedOver"> {
  const away = route.kind === "route" ? route.targets.filter(({ branch }) => reach.elsewhere(branch).length > 0) : [];
  if (away.length === 0) {
    return {};
  }
  const told = away.map(({ branch }) => `${branch} is reached by ${reach.elsewhere(branch).join(", ")}`);
  return {
    headers: { Reason: `Q.850;cause=${ERRORS.PEER_AWAY.q850};text="${told.join("; ")}"` },
    passedOver: away.map(({ branch }) => ({ route: branchLabel(branch), code: "PEER_AWAY" })),
  };
}

/** Decides where the call of a branch goes and says so as a plan, or as the answer it gets. */
export function planCall(options: PlanOptions): Step<IdentifiedCall, BridgePlan> {
  return async ({ invite, caller }) => {
    const origin = branchLabel(caller.branch);
    const inForce = options.plan();
    if (inForce === undefined) {
      return reject("NO_ROUTE", origin);
    }
    const elsewhere = await transferredElsewhere(invite, options);
    const { calling, from, ownerOfCalling, route } = branchCall(invite, caller.branch, {
      plan: inForce.calls,
      activeCalls: () => [...options.activeCalls(), ...elsewhere],
      atMs: Date.now(),
    });
    if (route.kind === "blocked" || route.kind === "emergency") {
      const rule = route.kind === "blocked" ? { rule: route.rule } : {};
      options.log.info(
        { branch: caller.branch, from, to: invite.called, reason: route.kind, ...rule },
        "number barred",
      );
    }
    const decision = decide({
      caller: caller.branch,
      ownerOfCalling,
      route,
      contactsOf: await contactsOf(route, options),
    });
    if (decision.kind === "reject") {
      return {
        ...reject(decision.code, origin),
        ...(decision.code === "PEER_AWAY" && reachedElsewhere(route, options)),
      };
    }
    const lease = leaseOf(inForce, caller.branch);
    const rate = rateOf(inForce, caller.branch);
    const context = { ...options, inForce, invite, calling };
    const steps = decision.legs.map((leg) => stepTo(leg, context));
    const path = pathOfCall(invite, { kind: "key", key: caller.settings.secret });
    return next({
      origin,
      trusted: true,
      path,
      ...(rate && { rates: [rate] }),
      ...(lease && { leases: [lease] }),
      steps,
    });
  };
}
