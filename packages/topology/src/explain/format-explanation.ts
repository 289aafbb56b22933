import type { CandidateVerdict } from "@mss/dial-plan";
import type { ExplainedCandidate, Explanation, ExplanationOutcome, ExplanationStep } from "./explanation.ts";

interface Line {
  readonly label: string;
  readonly text: string;
}

/** An explanation as a person reads it: one line a node, the dial plan's entries below the hub. Ends with a line break. */
export function formatExplanation(explanation: Explanation): string {
  const lines = [
    ...explanation.steps.flatMap(linesOf),
    { label: "result", text: outcomeText(explanation.outcome, explanation) },
  ];
  const width = Math.max(...lines.map(({ label }) => label.length));
  return lines.map(({ label, text }) => `${label.padEnd(width)}  ${text}\n`).join("");
}

function linesOf(step: ExplanationStep): readonly Line[] {
  switch (step.kind) {
    case "origin": {
      const what = step.isExtension
        ? `is ${step.name === undefined ? "" : `${step.name}, `}an extension of ${step.branch}`
        : `is a number of ${step.branch}, but no extension there: no phone can call from it`;
      return [{ label: "from", text: `${step.number} ${what}` }];
    }
    case "branch": {
      return [{ label: step.branch, text: branchText(step) }];
    }
    case "hub": {
      return [{ label: step.hub, text: hubText(step) }, ...candidateLines(step.candidates)];
    }
  }
}

function branchText(step: Extract<ExplanationStep, { kind: "branch" }>): string {
  const { number, branch } = step;
  switch (step.decision) {
    case "uplink": {
      return `${number} is not its own: up to ${(step.hubs ?? []).join(", then ")}`;
    }
    case "backToOrigin": {
      return `${number} is not its own, and it came from a hub: refused`;
    }
    case "local": {
      if (step.isExtension !== true) {
        return `${number} is its own, but ${branch} has no such extension`;
      }
      return `${number} is its own${step.name === undefined ? "" : `: ${step.name}`}`;
    }
  }
}

function hubText(step: Extract<ExplanationStep, { kind: "hub" }>): string {
  const { decision, number } = step;
  const branch: string = step.branch ?? "nobody";
  const texts = {
    route: `${number} goes to ${branch}`,
    unknown: `nobody owns ${number}`,
    backToOrigin: `${number} belongs to ${branch}, where the call comes from`,
    noTrunk: `${number} belongs to ${branch}, which has no trunk to this hub`,
  };
  return texts[decision];
}

function candidateLines(candidates: readonly ExplainedCandidate[]): readonly Line[] {
  const verdictWidth = Math.max(0, ...candidates.map(({ verdict }) => VERDICTS[verdict.kind].length));
  const routes = candidates.map(({ pattern, branch }) => `${pattern} → ${branch}`);
  const routeWidth = Math.max(0, ...routes.map((route) => route.length));
  return candidates.map(({ verdict }, position) => {
    const route = (routes[position] ?? "").padEnd(routeWidth);
    return { label: "", text: `  ${VERDICTS[verdict.kind].padEnd(verdictWidth)}  ${route}  ${why(verdict)}` };
  });
}

const VERDICTS = { chosen: "chosen", outranked: "lost", noMatch: "no match" } as const;

const LOST_BECAUSE = {
  longerPrefix: "a longer prefix matches",
  closedBeatsOpen: "a pattern of exact length comes before an open one",
  earlierEntry: "stands there twice",
} as const;

const NO_MATCH_BECAUSE = {
  tooShort: "the number is too short",
  tooLong: "the number is too long",
  outsideRange: "the number is outside the range",
} as const;

function why(verdict: CandidateVerdict): string {
  switch (verdict.kind) {
    case "chosen": {
      return `longest match: ${fixed(verdict.fixedDigits)}`;
    }
    case "outranked": {
      return `${fixed(verdict.fixedDigits)}: ${LOST_BECAUSE[verdict.by]}`;
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
  if (outcome.kind === "refused") {
    return `${way}: refused with ${outcome.status}, ${outcome.reason}`;
  }
  return outcome.isExtension ? `${way} → ${to}` : `${way}: refused with 404, ${outcome.branch} has no extension ${to}`;
}
