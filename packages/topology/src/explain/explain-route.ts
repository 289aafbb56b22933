import { compileDialPlan, decideAtBranch, decideAtHub, formatPattern, normalizeNumber } from "@mss/dial-plan";
import type { BranchTarget, DialPlan, DialPlanEntry } from "@mss/dial-plan";
import type { BranchId, HubId } from "@mss/model";
import { TopologyError } from "../errors.ts";
import { numbersElsewhere } from "../settings.ts";
import type { Topology, TopologyBranch } from "../topology.ts";
import type { Explanation, ExplanationOutcome, ExplanationStep } from "./explanation.ts";

export interface RouteQuestion {
  readonly topology: Topology;
  /** Number of the calling extension, and what it dials. */
  readonly from: string;
  readonly to: string;
}

/**
 * Follows a call through the federation, with the plans and the decisions that the nodes themselves use. Throws
 * UNDECIDED_NUMBERS for a topology that was not checked.
 */
export function explainRoute({ topology, from, to }: RouteQuestion): Explanation {
  const calling = normalizeNumber(from);
  const called = normalizeNumber(to);
  if (calling.kind === "invalid") {
    return { from, to, steps: [], outcome: refused(403, `${from} is not the number of an extension`) };
  }
  const { number } = calling;
  const plan = federationPlan(topology);
  const owner = plan.targetOf(number);
  const origin = topology.branches.find(({ id }) => id === owner);
  if (origin === undefined) {
    return { from: number, to, steps: [], outcome: refused(403, `${number} is not a number of any branch`) };
  }
  const step = { kind: "origin", branch: origin.id, number, ...extensionOf(origin, number) } as const;
  if (called.kind === "invalid") {
    const outcome = refused(404, `${to} is not a number`, [origin.id]);
    return { from: number, to, steps: [step], outcome };
  }
  const rest = followFromBranch({ topology, plan, origin, number: called.number });
  return { from: number, to: called.number, steps: [step, ...rest.steps], outcome: rest.outcome };
}

interface Route {
  readonly steps: readonly ExplanationStep[];
  readonly outcome: ExplanationOutcome;
}

interface RouteContext {
  readonly topology: Topology;
  readonly plan: DialPlan<BranchId>;
  readonly origin: TopologyBranch;
  readonly number: string;
}

function followFromBranch(context: RouteContext): Route {
  const { topology, origin, number } = context;
  const decision = decideAtBranch({ plan: branchPlan(topology, origin), number, cameFrom: "extension" });
  if (decision.kind === "uplink") {
    const { hubs } = origin.trunk;
    const step = { kind: "branch", branch: origin.id, number, decision: "uplink", hubs } as const;
    const rest = followFromHubs(context);
    return { steps: [step, ...rest.steps], outcome: rest.outcome };
  }
  const extension = extensionOf(origin, number);
  const step = { kind: "branch", branch: origin.id, number, decision: decision.kind, ...extension } as const;
  const outcome = { kind: "local", branch: origin.id, number, ...extension, path: [origin.id] } as const;
  return { steps: [step], outcome };
}

/** The first hub whose answer is not "I cannot reach that branch" decides. */
function followFromHubs(context: RouteContext): Route {
  const { topology, plan, origin, number } = context;
  const candidates = plan
    .explain(number)
    .map(({ pattern, target, verdict }) => ({ pattern: formatPattern(pattern), branch: target, verdict }));
  const steps: ExplanationStep[] = [];
  for (const hub of origin.trunk.hubs) {
    const decision = decideAtHub({ plan, number, cameFrom: origin.id });
    if (decision.kind === "unknown") {
      steps.push({ kind: "hub", hub, number, decision: "unknown", candidates });
      return { steps, outcome: refused(404, `nobody owns ${number}`, [origin.id, hub]) };
    }
    const { branch } = decision;
    if (decision.kind === "backToOrigin") {
      steps.push({ kind: "hub", hub, number, decision: "backToOrigin", branch, candidates });
      return { steps, outcome: refused(482, `${number} would go back to ${branch}`, [origin.id, hub]) };
    }
    const target = topology.branches.find(({ id }) => id === branch);
    if (target?.trunk.hubs.includes(hub) === true) {
      steps.push({ kind: "hub", hub, number, decision: "route", branch, candidates });
      return arriveAt(target, { ...context, hub, steps });
    }
    steps.push({ kind: "hub", hub, number, decision: "noTrunk", branch, candidates });
  }
  return { steps, outcome: refused(503, "no hub of the caller has a trunk to that branch", [origin.id]) };
}

function arriveAt(
  target: TopologyBranch,
  { topology, origin, number, hub, steps }: RouteContext & { hub: HubId; steps: readonly ExplanationStep[] },
): Route {
  const { kind: decision } = decideAtBranch({ plan: branchPlan(topology, target), number, cameFrom: "hub" });
  const path = [origin.id, hub, target.id];
  if (decision !== "local") {
    const step = { kind: "branch", branch: target.id, number, decision } as const;
    return { steps: [...steps, step], outcome: refused(404, `${target.id} does not own ${number}`, path) };
  }
  const extension = extensionOf(target, number);
  const step = { kind: "branch", branch: target.id, number, decision, ...extension } as const;
  return { steps: [...steps, step], outcome: { kind: "bridged", branch: target.id, number, ...extension, path } };
}

function extensionOf(branch: TopologyBranch, number: string): { isExtension: boolean; name?: string } {
  const extension = branch.extensions.find(
    ({ low, high }) => low.length === number.length && low <= number && number <= high,
  );
  return { isExtension: extension !== undefined, ...(extension?.name === undefined ? {} : { name: extension.name }) };
}

function refused(status: number, reason: string, path: readonly (BranchId | HubId)[] = []): ExplanationOutcome {
  return { kind: "refused", status, reason, path };
}

function federationPlan({ branches }: Topology): DialPlan<BranchId> {
  return compiled(branches.flatMap(({ id, numbers }) => numbers.map((pattern) => ({ pattern, target: id }))));
}

function branchPlan(topology: Topology, branch: TopologyBranch): DialPlan<BranchTarget> {
  return compiled<BranchTarget>([
    ...branch.numbers.map((pattern) => ({ pattern, target: "own" }) as const),
    ...numbersElsewhere(topology, branch).map((pattern) => ({ pattern, target: "elsewhere" }) as const),
  ]);
}

function compiled<Target>(entries: readonly DialPlanEntry<Target>[]): DialPlan<Target> {
  const result = compileDialPlan(entries);
  if (result.kind === "conflicting") {
    throw new TopologyError("UNDECIDED_NUMBERS", { conflicts: result.conflicts.length });
  }
  return result.plan;
}
