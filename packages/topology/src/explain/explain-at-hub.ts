import { formatPattern, formatRuleName } from "@mss/dial-plan";
import type { ConsideredRule, HubDecision, HubExplanation, HubPlan } from "@mss/dial-plan";
import type { BranchId, HubId, SnapshotBranch } from "@mss/model";
import type { CallQuestion } from "./call-question.ts";
import type { ExplainedLookup, ExplainedRule, ExplainedTarget, ExplanationStep, TrunkState } from "./explanation.ts";

export interface CallAtHub {
  readonly question: CallQuestion;
  readonly hubPlan: HubPlan<BranchId>;
  readonly origin: SnapshotBranch;
  readonly caller: string;
  readonly number: string;
  readonly hub: HubId | undefined;
}

export interface ExplainedHub {
  readonly step: Extract<ExplanationStep, { kind: "hub" }>;
  readonly decision: HubDecision<BranchId>;
  /** The first that this hub reaches. */
  readonly target: ExplainedTarget | undefined;
}

/** What a hub makes of a call, with the rules in the words of an explanation. */
export function explainAtHub(call: CallAtHub): ExplainedHub {
  const { question, hubPlan, origin, caller, number, hub } = call;
  const { atMs, draw = 0, running } = question;
  const explained = hubPlan.explain({ number, caller, cameFrom: origin.id, atMs, draw });
  const { decision } = explained;
  const targets = decision.kind === "route" ? decision.targets.map((target) => explainedTarget(target, call)) : [];
  const target = targets.find(({ hasTrunk, trunk }) => hasTrunk && takesCalls(trunk));
  const originTrunk = running?.trunk(origin.id);
  const step = {
    kind: "hub",
    ...(hub === undefined ? {} : { hub }),
    number,
    decision: decision.kind === "route" && target === undefined ? "noTrunk" : decision.kind,
    barring: explainedRules(explained.barring),
    lookups: explained.lookups.map(explainedLookup),
    targets,
    ...(originTrunk === undefined ? {} : { originTrunk }),
  } as const;
  return { step, decision, target };
}

function takesCalls(trunk: TrunkState | undefined): boolean {
  return (
    trunk === undefined || (trunk.state === "up" && (trunk.maxCalls === undefined || trunk.calls < trunk.maxCalls))
  );
}

function explainedTarget(
  { branch, called, caller, changes }: Extract<HubDecision<BranchId>, { kind: "route" }>["targets"][number],
  { question: { snapshot, running }, hub }: CallAtHub,
): ExplainedTarget {
  const trunk = running?.trunk(branch);
  const hubs = snapshot.branches.find(({ id }) => id === branch)?.hubs;
  const leadsHere = hub === undefined || hubs === undefined || hubs.includes(hub);
  return {
    branch,
    called,
    ...(caller === undefined ? {} : { caller }),
    rewrites: changes.map(({ by, ...change }) => ({ ...change, by: formatRuleName(by) })),
    hasTrunk: running === undefined ? leadsHere : trunk !== undefined,
    ...(trunk === undefined ? {} : { trunk }),
  };
}

export function explainedRules(considered: readonly ConsideredRule[]): readonly ExplainedRule[] {
  return considered.map(({ rule, pattern, verdict }) => ({
    rule: formatRuleName(rule),
    numbers: formatPattern(pattern),
    verdict,
  }));
}

function explainedLookup({
  number,
  considered,
  targets,
}: HubExplanation<BranchId>["lookups"][number]): ExplainedLookup {
  return {
    number,
    rules: explainedRules(considered),
    ...(targets === undefined
      ? {}
      : {
          leadsTo: targets.map(({ number: rewritten, ...rest }) => ({
            ...rest,
            ...(rewritten === undefined ? {} : { number: rewritten }),
          })),
        }),
  };
}
