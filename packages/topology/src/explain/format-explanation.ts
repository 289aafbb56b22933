import type { RuleVerdict } from "@mss/dial-plan";
import type {
  ExplainedLead,
  ExplainedLookup,
  ExplainedRule,
  ExplainedTarget,
  Explanation,
  ExplanationOutcome,
  ExplanationStep,
  TrunkState,
} from "./explanation.ts";

interface Line {
  readonly label: string;
  readonly text: string;
}

type BranchStep = Extract<ExplanationStep, { kind: "branch" }>;
type HubStep = Extract<ExplanationStep, { kind: "hub" }>;

/** An explanation as a person reads it: one line a node, below it the rules that it considered. Ends with a line break. */
export function formatExplanation(explanation: Explanation): string {
  const lines = [
    ...explanation.steps.flatMap((step) => linesOf(step, explanation)),
    { label: "result", text: outcomeText(explanation.outcome, explanation) },
  ];
  const width = Math.max(...lines.map(({ label }) => label.length));
  return lines.map(({ label, text }) => `${label.padEnd(width)}  ${text}\n`).join("");
}

function linesOf(step: ExplanationStep, { revision }: Explanation): readonly Line[] {
  switch (step.kind) {
    case "origin": {
      return [{ label: "from", text: originText(step) }];
    }
    case "branch": {
      return [
        { label: step.branch, text: branchText(step) },
        ...below([...ruleRows(barringOf(step)), ...laterRows(step)]),
      ];
    }
    case "hub": {
      const inForce = revision === undefined ? "" : ` (revision ${revision})`;
      return [{ label: step.hub ?? "hub", text: hubText(step) + inForce }, ...below(hubRows(step))];
    }
  }
}

function below(rows: readonly string[]): readonly Line[] {
  return rows.map((row) => ({ label: "", text: `  ${row}` }));
}

function originText({
  number,
  branch,
  localTime,
  isExtension,
  name,
}: Extract<ExplanationStep, { kind: "origin" }>): string {
  const who =
    isExtension === undefined
      ? `is a number of ${branch}`
      : isExtension
        ? `is ${name === undefined ? "" : `${name}, `}an extension of ${branch}`
        : `is a number of ${branch}, but no extension there: no phone can call from it`;
  return `${number} ${who}, where it is ${localTime}`;
}

/** What forbade a call, or might have: a branch's own numbers are told in its line. */
function barringOf({ rules }: BranchStep): readonly ExplainedRule[] {
  return rules.filter(({ rule }) => rule.startsWith("blocked"));
}

/** The ways without a hub. */
function laterRows({ straightTo = [], overflow }: BranchStep): readonly string[] {
  return [
    ...(straightTo.length === 0 ? [] : [`if no hub can be reached: straight to ${straightTo.join(", then ")}`]),
    ...(overflow === undefined
      ? []
      : [
          `if ${straightTo.length === 0 ? "no hub" : "none of them"} can be reached: ` +
            `over carrier line ${overflow.lines.join(", then ")} to its public number ${overflow.number}`,
        ]),
  ];
}

function branchText(step: BranchStep): string {
  const { number, branch, hubs } = step;
  switch (step.decision) {
    case "uplink": {
      return `${number} is not its own: up to ${hubs === undefined ? "its hubs" : hubs.join(", then ")}`;
    }
    case "backToOrigin": {
      return `${number} is not its own, and it came from a hub: refused`;
    }
    case "blocked": {
      return `${number} is blocked`;
    }
    case "outside": {
      return `${step.outside ?? number} behind the outside prefix: over carrier line ${(step.lines ?? []).join(", then ")}`;
    }
    case "emergency": {
      return `${number} is an emergency number: it never leaves ${branch}`;
    }
    case "local": {
      if (step.isExtension === false) {
        return `${number} is its own, but ${branch} has no such extension`;
      }
      return `${number} is its own${step.name === undefined ? "" : `: ${step.name}`}`;
    }
  }
}

function hubText({ decision, number, targets }: HubStep): string {
  const branches = targets.map(({ branch }) => branch);
  const texts = {
    route: `${number} goes to ${targets.map(targetText).join(", then ")}`,
    unknown: `nobody owns ${number}`,
    blocked: `${number} is blocked`,
    emergency: `${number} is an emergency number, which the branch must connect itself`,
    backToOrigin: `${number} belongs to the branch where the call comes from`,
    noTrunk: `${number} belongs to ${branches.join(", then ")}, which this hub cannot reach`,
  };
  return texts[decision];
}

function targetText({ branch, rewrites, called, hasTrunk, trunk }: ExplainedTarget): string {
  const as = rewrites.some(({ what }) => what === "called") ? ` as ${called}` : "";
  const away = !hasTrunk ? " (no trunk to this hub)" : trunk?.state === "down" ? " (trunk down)" : "";
  return `${branch}${as}${away}`;
}

function hubRows(step: HubStep): readonly string[] {
  const [dialled, ...more] = step.lookups;
  const target = step.targets.find(({ hasTrunk }) => hasTrunk);
  return [
    ...ruleRows(step.barring),
    ...(dialled === undefined ? [] : lookupRows(dialled)),
    ...more.flatMap((lookup) => [`${lookup.number}:`, ...lookupRows(lookup).map((row) => `  ${row}`)]),
    ...(target?.rewrites ?? []).map(({ what, from, to, by }) =>
      what === "called" ? `called as ${to} instead of ${from}, by ${by}` : `${from} is shown as ${to}, by ${by}`,
    ),
    ...(step.originTrunk === undefined ? [] : [`trunk of the caller's branch: ${trunkText(step.originTrunk)}`]),
    ...step.targets.flatMap(({ branch, trunk }) =>
      trunk === undefined ? [] : [`trunk of ${branch}: ${trunkText(trunk)}`],
    ),
  ];
}

function lookupRows({ rules, leadsTo = [] }: ExplainedLookup): readonly string[] {
  return [...ruleRows(rules), ...(leadsTo.length === 0 ? [] : [`leads to ${leadsTo.map(leadText).join(", ")}`])];
}

function leadText({ number, share, priority }: ExplainedLead): string {
  const part = share === 1 ? "" : `, ${Math.round(share * 100)} %`;
  return `${number ?? "nothing"} (priority ${priority}${part})`;
}

function trunkText({ state, calls, maxCalls }: TrunkState): string {
  const limit = maxCalls === undefined ? "no limit" : `of ${maxCalls}`;
  return `${state}, ${calls} ${calls === 1 ? "call" : "calls"} (${limit})`;
}

function ruleRows(rules: readonly ExplainedRule[]): readonly string[] {
  const columns = rules.map(({ rule, numbers, verdict }) => [VERDICTS[verdict.kind], numbers, rule, why(verdict)]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...columns.map((row) => row[column]?.length ?? 0)));
  return columns.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

const VERDICTS = {
  applies: "applies",
  lost: "lost",
  otherBranch: "not for it",
  otherTime: "not now",
  excepted: "excepted",
  alreadyApplied: "applied",
  noMatch: "no match",
} as const satisfies Record<RuleVerdict["kind"], string>;

const LOST_TO = {
  longerPrefix: "a longer prefix matches",
  closedPattern: "a pattern of exact length comes before an open one",
  moreConditions: "a route with more conditions comes before it",
  route: "a route for just these numbers comes before their owner",
  earlierEntry: "stands there twice",
} as const;

const NO_MATCH_BECAUSE = {
  tooShort: "the number is too short",
  tooLong: "the number is too long",
  outsideRange: "the number is outside the range",
} as const;

function why(verdict: RuleVerdict): string {
  switch (verdict.kind) {
    case "applies": {
      return `longest match: ${fixed(verdict.fixedDigits)}`;
    }
    case "lost": {
      return `${fixed(verdict.fixedDigits)}: ${LOST_TO[verdict.to]}`;
    }
    case "otherBranch": {
      return "it is not for calls from this branch";
    }
    case "otherTime": {
      return `calendar ${verdict.calendar}: it is ${verdict.localTime} there`;
    }
    case "excepted": {
      return "the rule leaves this number out";
    }
    case "alreadyApplied": {
      return "a route is not applied twice";
    }
    case "noMatch": {
      return NO_MATCH_BECAUSE[verdict.why];
    }
  }
}

function fixed(digits: number): string {
  return `${digits} fixed digit${digits === 1 ? "" : "s"}`;
}

function outcomeText(outcome: ExplanationOutcome, { from, to }: Explanation): string {
  const way = [from, ...outcome.path.map(String)].join(" → ");
  switch (outcome.kind) {
    case "refused": {
      return `${way}: refused with ${outcome.status}, ${outcome.reason}`;
    }
    case "emergency": {
      return `${way}: connected within ${outcome.branch}${outcome.ways === undefined ? "" : `, to ${outcome.ways.join(", then ")}`}`;
    }
    case "outside": {
      return `${way} → ${outcome.number} over carrier line ${outcome.lines.join(", then ")}`;
    }
    case "local":
    case "bridged": {
      const number = outcome.number === to ? to : `${outcome.number} (dialled ${to})`;
      return outcome.isExtension === false
        ? `${way}: refused with 404, ${outcome.branch} has no extension ${outcome.number}`
        : `${way} → ${number}`;
    }
  }
}
