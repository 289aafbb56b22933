import { compileHubPlan, formatPattern, formatRange, proveRules } from "@mss/dial-plan";
import type { FederationRules, RuleConflict, RuleEntry, RuleFinding } from "@mss/dial-plan";
import type { SourceNode } from "../document/source-tree.ts";
import { parsePattern } from "@mss/dial-plan";
import type { FaultCode, FaultCollector, FaultText } from "../fault.ts";
import { formatPlace } from "../place.ts";
import type { Topology } from "../topology.ts";
import type { RuleFile } from "./rule-sources.ts";

/** What follows from all rules together, each with its place. For files without other faults. */
export function proveTopology(
  rules: FederationRules<string>,
  files: readonly RuleFile[],
  collector: FaultCollector,
): void {
  const compiled = compileHubPlan(rules);
  if (compiled.kind === "conflicting") {
    for (const conflict of compiled.conflicts) {
      reportTie(conflict, files, collector);
    }
    return;
  }
  if (compiled.kind === "compiled") {
    for (const finding of proveRules(rules, compiled.plan)) {
      reportFinding(finding, files, collector);
    }
  }
}

/** Where other sites have an emergency route, one without was forgotten, or somebody decided so and can say it. */
export function warnWithoutEmergency(
  { branches }: Topology,
  files: readonly RuleFile[],
  collector: FaultCollector,
): void {
  if (branches.every(({ emergency }) => emergency === undefined)) {
    return; // this federation does not say where such calls go at all
  }
  for (const { id, emergency } of branches) {
    const file = files.find(({ document }) => document.branches[id] !== undefined);
    const node = file?.tree.entries.get("branches")?.entries.get(id);
    if (emergency === undefined && node !== undefined && file?.document.demo !== true) {
      const message = `${id} has no emergency route: a call for help would leave it, or go nowhere`;
      const advice = 'add emergency: { numbers: ["112"], to: … }, or numbers: [] if that is meant';
      collector.warn(node.keyPlace, { code: "no-emergency-route", path: node.path, message, advice });
    }
  }
}

function reportTie({ first, second, tied }: RuleConflict, files: readonly RuleFile[], collector: FaultCollector): void {
  const [one, other] = [nodeOf(first, files), nodeOf(second, files)];
  if (one === undefined || other === undefined || first.rule.kind !== "route" || second.rule.kind !== "route") {
    return; // numbers that two branches own alike are told with the numbers
  }
  const [earlier, later] = comparePlaces(one, other) <= 0 ? [one, other] : [other, one];
  const numbers = tied.map(formatPattern).join(", ");
  const message =
    `routes ${first.rule.id} and ${second.rule.id} (${formatPlace(earlier.place)}) are equally exact for ${numbers}, ` +
    "and may both hold";
  collector.fault(later.place, {
    code: "equal-rank",
    path: later.path,
    message,
    advice: "leave the numbers to one of them, or give one more conditions: from, when",
    other: earlier.place,
  });
}

function comparePlaces(one: SourceNode, other: SourceNode): number {
  return one.place.file === other.place.file
    ? one.place.line - other.place.line || one.place.column - other.place.column
    : 0;
}

const FINDINGS = {
  neverMatches: "never-matches",
  leadsNowhere: "leads-nowhere",
  circular: "circular-route",
  onlyAtTimes: "time-gap",
  noEffect: "needless-exception",
  cannotCallBack: "cannot-call-back",
  gap: "numbers-gap",
} as const satisfies Record<RuleFinding["kind"], FaultCode>;

function reportFinding(finding: RuleFinding, files: readonly RuleFile[], collector: FaultCollector): void {
  const node = nodeOf(finding, files);
  if (node === undefined) {
    return;
  }
  const numbers = finding.numbers.map(formatPattern).join(", ");
  const others = finding.others.flatMap((entry) => nodeOf(entry, files) ?? []);
  const [other] = others;
  const where = others.length === 0 ? "" : ` (${others.map(({ place }) => formatPlace(place)).join(", ")})`;
  const [message, advice] = textsOf(finding, numbers, where);
  const text: FaultText = {
    code: FINDINGS[finding.kind],
    path: node.path,
    message,
    advice,
    ...(other === undefined ? {} : { other: other.place }),
  };
  if (finding.isFault) {
    collector.fault(node.place, text);
  } else {
    collector.warn(node.place, text);
  }
}

function textsOf(finding: RuleFinding, numbers: string, where: string): readonly [message: string, advice: string] {
  switch (finding.kind) {
    case "neverMatches": {
      return [
        `${numbers} can never match: more exact rules have all of these numbers${where}`,
        "leave it out, or make it more exact",
      ];
    }
    case "leadsNowhere": {
      return [`the route leads to ${numbers}, which nobody has`, "lead it to a number of a branch"];
    }
    case "circular": {
      return [
        `${numbers} goes round: what the routes make of it comes back to this one${where}`,
        "let one of them lead elsewhere",
      ];
    }
    case "onlyAtTimes": {
      return [
        `${numbers} goes nowhere when no calendar of its routes is open`,
        "add a route for the other times, without when",
      ];
    }
    case "noEffect": {
      return [`${numbers} is not among the numbers of its rule`, "leave it out of except, or correct it"];
    }
    case "gap": {
      return [
        `nobody answers ${finding.numbers.map(formatRange).join(", ")}, between these numbers and those before them${where}`,
        "give them to a branch, or block them if that is meant",
      ];
    }
    case "cannotCallBack": {
      return finding.branches === undefined
        ? [`callees see ${numbers}, which they cannot call`, "show a number that somebody has"]
        : callbackTexts(finding, finding.branches, where);
    }
  }
}

/** Of a rule that keeps a branch from calling who calls it, and of a route that shows such a number. */
function callbackTexts(
  { rule, numbers, others }: RuleFinding,
  branches: readonly string[],
  where: string,
): readonly [message: string, advice: string] {
  const ranges = numbers.map(formatRange).join(", ");
  const who = branches.join(", ");
  if (rule.kind === "route" && others.some((other) => other.rule.kind !== "numbers")) {
    return [
      `${who} would see calls of ${ranges} and cannot call that${where}`,
      "show a number that they can call, or let them call this one",
    ];
  }
  return [
    `${who} can be called by ${ranges}${where} and cannot call back: this keeps their calls from it`,
    "leave these numbers out, or block the calls the other way as well, unless it is meant",
  ];
}

/** Where a pattern of a rule stands; the rule itself when it is not written so. */
function nodeOf(
  { rule, pattern }: RuleEntry & { readonly key?: string },
  files: readonly RuleFile[],
): SourceNode | undefined {
  const found = files.flatMap(({ tree }) => ruleNode(tree, rule) ?? []);
  const [node] = found;
  const wanted = formatPattern(pattern);
  const items = [...(node?.entries.get("numbers")?.items ?? []), ...(node?.entries.get("except")?.items ?? [])];
  return items.find((item) => isPattern(item, wanted)) ?? node;
}

function isPattern(item: SourceNode, wanted: string): boolean {
  const parsed = parsePattern(String(item.plain));
  return parsed.kind === "pattern" && formatPattern(parsed.pattern) === wanted;
}

function ruleNode(tree: SourceNode, rule: RuleEntry["rule"]): SourceNode | undefined {
  switch (rule.kind) {
    case "route": {
      return tree.entries.get("routes")?.entries.get(rule.id);
    }
    case "blocked":
    case "calendar": {
      return tree.entries.get(rule.kind === "blocked" ? "blocked" : "calendars")?.entries.get(rule.id);
    }
    case "numbers":
    case "emergency":
    case "siteCode": {
      return tree.entries.get("branches")?.entries.get(rule.branch);
    }
  }
}
