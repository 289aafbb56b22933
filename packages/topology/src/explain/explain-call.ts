import { branchRules, compileBranchPlan, compileHubPlan, localTimeText, normalizeNumber } from "@mss/dial-plan";
import type { BranchPlan, HubPlan } from "@mss/dial-plan";
import type { BranchId, HubId, Snapshot, SnapshotBranch } from "@mss/model";
import { TopologyError } from "../errors.ts";
import type { CallQuestion } from "./call-question.ts";
import { explainAtHub, explainedRules } from "./explain-at-hub.ts";
import type { ExplainedTarget, Explanation, ExplanationOutcome, ExplanationStep } from "./explanation.ts";
import { laterWays } from "./later-ways.ts";
import type { LaterWays } from "./later-ways.ts";

/**
 * Follows a call through the federation, by the plans and the decisions that the nodes themselves use. Throws
 * UNDECIDED_NUMBERS for a snapshot whose rules do not make a plan.
 */
export function explainCall(question: CallQuestion): Explanation {
  const { from, to, atMs, snapshot, running } = question;
  const common = { at: new Date(atMs).toISOString(), ...(running === undefined ? {} : { revision: running.revision }) };
  const calling = normalizeNumber(from);
  if (calling.kind === "invalid") {
    const outcome = refused(403, `${from} is not the number of an extension`);
    return { from, to, ...common, steps: [], outcome };
  }
  const { number } = calling;
  const called = normalizeNumber(to);
  const dialled = called.kind === "number" ? called.number : to;
  const hubPlan = hubPlanOf(snapshot);
  const caller = findCaller(question, hubPlan, number);
  if (caller.kind === "refused") {
    return { from: number, to: dialled, ...common, steps: [], outcome: caller };
  }
  const { branch } = caller;
  const origin: ExplanationStep = {
    kind: "origin",
    branch: branch.id,
    number: caller.number,
    localTime: localTimeText(branch.timeZone, atMs),
    ...question.directory?.extension(branch.id, caller.number),
  };
  const call = { question, hubPlan, origin: branch, caller: caller.number, number: dialled };
  const rest: Route =
    called.kind === "invalid"
      ? { steps: [], outcome: refused(404, `${to} is not a number`, [branch.id]) }
      : followFromBranch(call);
  return { from: caller.number, to: dialled, ...common, steps: [origin, ...rest.steps], outcome: rest.outcome };
}

/** The zone of the clock at the branch of who calls; undefined when it is not known who that is. */
export function callerTimeZone(question: Pick<CallQuestion, "snapshot" | "from" | "branch">): string | undefined {
  const calling = normalizeNumber(question.from);
  if (calling.kind === "invalid") {
    return undefined;
  }
  const caller = findCaller(question, hubPlanOf(question.snapshot), calling.number);
  return caller.kind === "found" ? (caller.branch.timeZone ?? "UTC") : undefined;
}

interface Route {
  readonly steps: readonly ExplanationStep[];
  readonly outcome: ExplanationOutcome;
}

interface FollowedCall {
  readonly question: CallQuestion;
  readonly hubPlan: HubPlan<BranchId>;
  readonly origin: SnapshotBranch;
  /** As the origin's own phones have it. */
  readonly caller: string;
  readonly number: string;
}

type FoundCaller =
  | { readonly kind: "found"; readonly branch: SnapshotBranch; readonly number: string }
  | Extract<ExplanationOutcome, { kind: "refused" }>;

/** By the branch that was named; else who owns the number; else the one branch to which it belongs with its site code. */
function findCaller(
  { snapshot, branch: named }: Pick<CallQuestion, "snapshot" | "branch">,
  plan: HubPlan<BranchId>,
  number: string,
): FoundCaller {
  if (named !== undefined) {
    const branch = snapshot.branches.find(({ id }) => id === named);
    const ids = snapshot.branches.map(({ id }) => id).join(", ");
    return branch === undefined
      ? refused(403, `there is no branch ${named}; the branches are ${ids}`)
      : { kind: "found", branch, number: plan.ownNumber(branch.id, number) };
  }
  const owner = plan.numbers.targetOf(number);
  const branches = snapshot.branches.filter(
    ({ id }) =>
      id === owner || (owner === undefined && plan.numbers.targetOf(plan.federationNumber(id, number)) === id),
  );
  const [branch] = branches;
  if (branch === undefined) {
    return refused(403, `${number} is not a number of any branch`);
  }
  return branches.length === 1
    ? { kind: "found", branch, number: plan.ownNumber(branch.id, number) }
    : refused(403, `${number} may be of ${branches.map(({ id }) => id).join(" or ")}: name the branch that calls`);
}

function followFromBranch(call: FollowedCall): Route {
  const { question, origin, number } = call;
  const plan = branchPlanOf(question.snapshot, origin.id);
  const { decision, considered } = plan.explain({ number, cameFrom: "extension", atMs: question.atMs });
  const step = {
    kind: "branch",
    branch: origin.id,
    number,
    decision: decision.kind,
    rules: explainedRules(considered),
  };
  const path = [origin.id];
  switch (decision.kind) {
    case "emergency": {
      const ways = question.directory && { ways: question.directory.emergencyWays(origin.id) };
      return {
        steps: [{ ...step, ...ways } as const].map(asStep),
        outcome: { kind: "emergency", branch: origin.id, ...ways, path },
      };
    }
    case "blocked": {
      const outcome = refused(403, `${number} is blocked by ${decision.rule}`, path);
      return { steps: [asStep(step)], outcome };
    }
    case "outside": {
      const lines = origin.carrierLines ?? [];
      const outcome = { kind: "outside", branch: origin.id, number: decision.number, lines, path } as const;
      return { steps: [asStep({ ...step, lines, outside: decision.number })], outcome };
    }
    case "local": {
      const phone = question.directory?.extension(origin.id, decision.number);
      const outcome = { kind: "local", branch: origin.id, number: decision.number, ...phone, path } as const;
      return { steps: [asStep({ ...step, ...phone })], outcome };
    }
    case "uplink":
    case "backToOrigin": {
      const hubs = hubsOf(call);
      const later = laterWays(call);
      const rest = followFromHubs(call, hubs, later);
      const known = hubs[0] === undefined ? {} : { hubs: hubs.filter((hub) => hub !== undefined) };
      const straightTo = later.straight.map(({ branch }) => branch);
      const more = {
        ...(straightTo.length === 0 ? {} : { straightTo }),
        ...(later.overflow === undefined ? {} : { overflow: later.overflow }),
      };
      return { steps: [asStep({ ...step, ...known, ...more }), ...rest.steps], outcome: rest.outcome };
    }
  }
}

type BranchStep = Extract<ExplanationStep, { kind: "branch" }>;

function asStep(step: Omit<BranchStep, "kind"> & { readonly kind: string }): BranchStep {
  return { ...step, kind: "branch" };
}

/** The hub that answers; else those of the branch; else one hub that is not known. */
function hubsOf({ question, origin }: FollowedCall): readonly (HubId | undefined)[] {
  return question.running === undefined ? (origin.hubs ?? [undefined]) : [question.running.hub];
}

/** The first hub whose answer is not "I cannot reach that branch" decides; after the last one the ways without a hub. */
function followFromHubs(call: FollowedCall, hubs: readonly (HubId | undefined)[], later: LaterWays): Route {
  const { origin, number } = call;
  const steps: ExplanationStep[] = [];
  for (const hub of hubs) {
    const { step, decision, target } = explainAtHub({ ...call, hub });
    steps.push(step);
    const path = [origin.id, ...(hub === undefined ? [] : [hub])];
    if (decision.kind === "route") {
      if (target !== undefined) {
        return arriveAt(target, call, { steps, path });
      }
      continue;
    }
    return { steps, outcome: refusedByHub(decision, number, path) };
  }
  return followWithoutHub(call, later, steps);
}

function followWithoutHub(call: FollowedCall, later: LaterWays, steps: readonly ExplanationStep[]): Route {
  const { id } = call.origin;
  const path = [id];
  const [straight] = later.straight;
  const isFull = steps.some((step) => step.kind === "hub" && step.targets.some(({ trunk }) => trunk?.state === "up"));
  if (straight !== undefined && !isFull) {
    // a full trunk is no hub that is away, and not got around
    return arriveAt(straight, call, { steps, path });
  }
  if (later.overflow !== undefined) {
    return { steps, outcome: { kind: "outside", branch: id, ...later.overflow, path } };
  }
  return { steps, outcome: refused(503, "no hub of the caller reaches a branch that may take the call", path) };
}

function refusedByHub(
  decision: Exclude<ReturnType<typeof explainAtHub>["decision"], { kind: "route" }>,
  number: string,
  path: ExplanationOutcome["path"],
): ExplanationOutcome {
  switch (decision.kind) {
    case "unknown": {
      return refused(404, `nobody owns ${number}`, path);
    }
    case "blocked": {
      return refused(403, `${number} is blocked by ${decision.rule}`, path);
    }
    case "emergency": {
      return refused(403, `${number} is an emergency number, which the branch connects itself`, path);
    }
    case "backToOrigin": {
      return refused(482, `${number} would go back to ${decision.branch}`, path);
    }
  }
}

function arriveAt(
  { branch, called }: Pick<ExplainedTarget, "branch" | "called">,
  { question }: FollowedCall,
  before: { readonly steps: readonly ExplanationStep[]; readonly path: ExplanationOutcome["path"] },
): Route {
  const plan = branchPlanOf(question.snapshot, branch);
  const { decision, considered } = plan.explain({ number: called, cameFrom: "hub", atMs: question.atMs });
  const path = [...before.path, branch];
  const step = { kind: "branch", branch, number: called, decision: decision.kind, rules: explainedRules(considered) };
  if (decision.kind !== "local") {
    const outcome = refused(404, `${branch} does not own ${called}`, path);
    return { steps: [...before.steps, asStep(step)], outcome };
  }
  const phone = question.directory?.extension(branch, decision.number);
  const outcome = { kind: "bridged", branch, number: decision.number, ...phone, path } as const;
  return { steps: [...before.steps, asStep({ ...step, ...phone })], outcome };
}

function refused(
  status: number,
  reason: string,
  path: ExplanationOutcome["path"] = [],
): Extract<ExplanationOutcome, { kind: "refused" }> {
  return { kind: "refused", status, reason, path };
}

function hubPlanOf(snapshot: Snapshot): HubPlan<BranchId> {
  const compiled = compileHubPlan<BranchId>(snapshot);
  if (compiled.kind !== "compiled") {
    throw new TopologyError("UNDECIDED_NUMBERS", { hash: snapshot.hash });
  }
  return compiled.plan;
}

function branchPlanOf(snapshot: Snapshot, id: BranchId): BranchPlan {
  const rules = branchRules(snapshot, id);
  const compiled = rules && compileBranchPlan(rules);
  if (compiled?.kind !== "compiled") {
    throw new TopologyError("UNDECIDED_NUMBERS", { hash: snapshot.hash, branch: id });
  }
  return compiled.plan;
}
