import type { ExplainedCandidate, ExplainedOutcome, Explanation } from "./explain-route.ts";

const LOST_BECAUSE: Readonly<Record<string, string>> = {
  longerPrefix: "a longer prefix matches",
  closedBeatsOpen: "a pattern of exact length beats an open one",
  earlierEntry: "the same numbers stand there twice",
  tooShort: "the number is too short for it",
  tooLong: "the number is too long for it",
  outsideRange: "the number is outside of it",
};

const REFUSED_BECAUSE: Readonly<Record<Extract<ExplainedOutcome, { kind: "refused" }>["why"], string>> = {
  notANumber: "what was dialled is not a number",
  unknownCaller: "the calling number belongs to no branch",
  unknownNumber: "nobody owns the number",
  noCommonHub: "the two branches have no hub in common",
};

/** The explanation as a few lines for people. */
export function formatExplanation(explanation: Explanation): string {
  const { from, to, number, origin, considered, outcome } = explanation;
  const caller =
    origin === undefined
      ? `${from} belongs to no branch`
      : `${from} is a number of ${origin.branch}${origin.isExtension ? "" : ", but no extension there"}`;
  const dialled = number === undefined || number === to ? to : `${to} (looked up as ${number})`;
  const lines = [
    `${from} dials ${dialled}`,
    `  caller   ${caller}`,
    ...considered.map((candidate) => `  ${considerationOf(candidate)}`),
    ...(considered.length === 0 ? ["  plan     no entry matches, not even nearly"] : []),
    `  result   ${resultOf(outcome)}`,
  ];
  return `${lines.join("\n")}\n`;
}

function considerationOf({ pattern, branch, verdict }: ExplainedCandidate): string {
  const entry = `${pattern} → ${branch}`;
  if (verdict.kind === "chosen") {
    return `chosen   ${entry}: ${verdict.fixedDigits} leading digits match`;
  }
  return verdict.kind === "outranked"
    ? `lost     ${entry}: ${LOST_BECAUSE[verdict.by] ?? verdict.by}`
    : `no match ${entry}: ${LOST_BECAUSE[verdict.why] ?? verdict.why}`;
}

function resultOf(outcome: ExplainedOutcome): string {
  if (outcome.kind === "refused") {
    return `${outcome.status}: ${REFUSED_BECAUSE[outcome.why]}`;
  }
  const path = outcome.path.join(" → ");
  const alternatives = outcome.hubs.slice(1);
  const others = alternatives.length === 0 ? "" : `; if ${outcome.hubs[0]} is away: ${alternatives.join(", then ")}`;
  return outcome.isExtension
    ? `${path}${others}`
    : `${path}, then ${outcome.status ?? 404}: ${outcome.branch} has no such extension${others}`;
}
