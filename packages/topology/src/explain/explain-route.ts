import { compileDialPlan, decideAtHub, formatPattern, normalizeNumber } from "@mss/dial-plan";
import type { DialPlan, PlanCandidate } from "@mss/dial-plan";
import type { BranchId, HubId } from "@mss/model";
import type { Topology, TopologyBranch } from "../topology.ts";

/** One entry of the dial plan that was looked at, and what became of it. */
export interface ExplainedCandidate {
  readonly pattern: string;
  readonly branch: BranchId;
  readonly verdict: PlanCandidate<BranchId>["verdict"];
}

/** What the topology says of a call, without asking a running node. */
export interface Explanation {
  readonly from: string;
  readonly to: string;
  /** The dialled digits that are looked up; absent when what was dialled is no number. */
  readonly number?: string;
  /** The branch whose number calls; absent when the caller is nobody's. */
  readonly origin?: { readonly branch: BranchId; readonly isExtension: boolean };
  /** Best first. */
  readonly considered: readonly ExplainedCandidate[];
  readonly outcome: ExplainedOutcome;
}

export type ExplainedOutcome =
  | {
      readonly kind: "local" | "throughHub";
      readonly branch: BranchId;
      readonly hubs: readonly HubId[];
      /** False: the branch owns the number, but no phone can register on it. */
      readonly isExtension: boolean;
      /** Stations of the call, phones included. */
      readonly path: readonly string[];
      /** What the caller hears if it stays at that: 404 for a number without extension. */
      readonly status?: number;
    }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly why: "notANumber" | "unknownCaller" | "unknownNumber" | "noCommonHub";
    };

export interface ExplainRequest {
  readonly topology: Topology;
  /** A number of the federation. */
  readonly from: string;
  /** As dialled. */
  readonly to: string;
}

/** Takes the same steps as the nodes do, by the same dial plan. */
export function explainRoute({ topology, from, to }: ExplainRequest): Explanation {
  const plan = planOf(topology);
  const dialled = normalizeNumber(to);
  const caller = ownerOf(topology, plan, from);
  const base = {
    from,
    to,
    ...(caller === undefined ? {} : { origin: { branch: caller.id, isExtension: hasExtension(caller, from) } }),
  };
  if (dialled.kind !== "number") {
    return { ...base, considered: [], outcome: { kind: "refused", status: 404, why: "notANumber" } };
  }
  const { number } = dialled;
  const considered = plan
    .explain(number)
    .map(({ pattern, target, verdict }) => ({ pattern: formatPattern(pattern), branch: target, verdict }));
  return { ...base, number, considered, outcome: decide({ topology, plan, caller, from, number }) };
}

interface Question {
  readonly topology: Topology;
  readonly plan: DialPlan<BranchId>;
  readonly caller: TopologyBranch | undefined;
  readonly from: string;
  readonly number: string;
}

function decide({ topology, plan, caller, from, number }: Question): ExplainedOutcome {
  if (caller === undefined) {
    return { kind: "refused", status: 403, why: "unknownCaller" };
  }
  const decision = decideAtHub({ plan, number, cameFrom: caller.id });
  if (decision.kind === "unknown") {
    return { kind: "refused", status: 404, why: "unknownNumber" };
  }
  const callee = topology.branches.find(({ id }) => id === decision.branch);
  if (callee === undefined) {
    return { kind: "refused", status: 404, why: "unknownNumber" };
  }
  const isExtension = hasExtension(callee, number);
  const status = isExtension ? {} : { status: 404 };
  if (decision.kind === "backToOrigin") {
    const path = isExtension ? [from, caller.id, number] : [from, caller.id];
    return { kind: "local", branch: caller.id, hubs: [], isExtension, path, ...status };
  }
  const hubs = caller.trunk.hubs.filter((hub) => callee.trunk.hubs.includes(hub));
  const [first] = hubs;
  if (first === undefined) {
    return { kind: "refused", status: 503, why: "noCommonHub" };
  }
  const path = [from, caller.id, first, callee.id, ...(isExtension ? [number] : [])];
  return { kind: "throughHub", branch: callee.id, hubs, isExtension, path, ...status };
}

function planOf(topology: Topology): DialPlan<BranchId> {
  const entries = topology.branches.flatMap(({ id, numbers }) => numbers.map((pattern) => ({ pattern, target: id })));
  const compiled = compileDialPlan(entries);
  if (compiled.kind === "conflicting") {
    throw new TypeError("a checked topology has no conflicts"); // the checks refuse them as numbers-disputed
  }
  return compiled.plan;
}

function ownerOf(topology: Topology, plan: DialPlan<BranchId>, number: string): TopologyBranch | undefined {
  const owner = plan.targetOf(number);
  return topology.branches.find(({ id }) => id === owner);
}

function hasExtension({ extensions }: TopologyBranch, number: string): boolean {
  return extensions.some(({ low, high }) => number.length === low.length && low <= number && number <= high);
}
