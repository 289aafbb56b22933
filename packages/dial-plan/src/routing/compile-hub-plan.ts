import type { DialPlanEntry } from "../entry-columns.ts";
import { compileColumns } from "../compile-columns.ts";
import type { DialPlanColumns } from "../compile-columns.ts";
import { dialPlanOf } from "../dial-plan.ts";
import { formatPattern } from "../number-pattern.ts";
import type { NumberPattern } from "../number-pattern.ts";
import { BlockedNumbers, parsePatterns } from "./blocked-numbers.ts";
import type { InvalidRule } from "./blocked-numbers.ts";
import { formatRuleName } from "./federation-rules.ts";
import type { FederationRules, RouteRules, RuleName } from "./federation-rules.ts";
import { HubPlan } from "./hub-plan.ts";
import type { CompiledRoute } from "./hub-plan-parts.ts";
import { PrefixTable } from "./prefix-table.ts";
import type { TableEntry } from "./prefix-table.ts";
import { Calendars, mayBothHold } from "./rule-conditions.ts";

export interface RuleEntry {
  readonly rule: RuleName;
  readonly pattern: NumberPattern;
}

/** Two rules that are equally exact for the numbers in `tied`, and may both hold. */
export interface RuleConflict {
  readonly first: RuleEntry;
  readonly second: RuleEntry;
  readonly tied: readonly NumberPattern[];
}

export type CompiledHubPlan<Branch extends string> =
  | { readonly kind: "compiled"; readonly plan: HubPlan<Branch> }
  | InvalidRule
  /** Refused: which rule wins would be decided by the order in which they stand. */
  | { readonly kind: "conflicting"; readonly conflicts: readonly RuleConflict[] };

export type CompiledNumbers<Branch extends string> =
  { readonly kind: "compiled"; readonly columns: DialPlanColumns<Branch> } | Refused<Branch>;

/**
 * Compiles what a hub routes by. What is wrong is a value; a calendar or branch that does not exist is wrong. With
 * `columns`, which another thread made by `compileNumbers`, the numbers of the branches are taken from there.
 */
export function compileHubPlan<Branch extends string>(
  rules: FederationRules<Branch>,
  columns?: DialPlanColumns<Branch>,
): CompiledHubPlan<Branch> {
  const compiledCalendars = Calendars.compile(rules);
  if (compiledCalendars.kind === "invalid") {
    const { calendar: id, text, reason } = compiledCalendars;
    return { kind: "invalid", rule: { kind: "calendar", id }, text, reason };
  }
  const { calendars } = compiledCalendars;
  const numbers = columns === undefined ? compileNumbers(rules) : { kind: "compiled" as const, columns };
  if (numbers.kind !== "compiled") {
    return numbers;
  }
  const routes = compileRoutes(rules.routes ?? [], calendars);
  if (routes.kind !== "compiled") {
    return routes;
  }
  const blocked = BlockedNumbers.compile(rules.blocked ?? [], calendars);
  if (blocked.kind === "invalid") {
    return blocked;
  }
  const siteCodes = new Map(
    rules.branches.flatMap(({ id, siteCode }) => (siteCode === undefined ? [] : [[id, siteCode] as const])),
  );
  const emergency = new Map(rules.branches.map(({ id, emergency: own = [] }) => [id, new Set(own)]));
  const plan = new HubPlan({
    numbers: dialPlanOf(numbers.columns),
    routes: routes.table,
    blocked: blocked.blocked,
    calendars,
    siteCodes,
    emergency,
  });
  return { kind: "compiled", plan };
}

type Refused<Branch extends string> = Exclude<CompiledHubPlan<Branch>, { kind: "compiled" }>;

/** The owners of numbers alone, the large part of a plan, as data that can be handed from one thread to another. */
export function compileNumbers<Branch extends string>({
  branches,
}: Pick<FederationRules<Branch>, "branches">): CompiledNumbers<Branch> {
  const entries: DialPlanEntry<Branch>[] = [];
  for (const { id, numbers } of branches) {
    const parsed = parsePatterns(numbers, { kind: "numbers", branch: id });
    if (parsed.kind === "invalid") {
      return parsed;
    }
    for (const pattern of parsed.patterns) {
      entries.push({ pattern, target: id });
    }
  }
  const compiled = compileColumns(entries);
  if (compiled.kind === "compiled") {
    return compiled;
  }
  const conflicts = compiled.conflicts.map(({ first, second, tied }) => ({
    first: ownedEntry(first),
    second: ownedEntry(second),
    tied,
  }));
  return { kind: "conflicting", conflicts };
}

function ownedEntry({ pattern, target: branch }: DialPlanEntry<string>): RuleEntry {
  return { pattern, rule: { kind: "numbers", branch } };
}

function compileRoutes<Branch extends string>(
  routes: readonly RouteRules<Branch>[],
  calendars: Calendars<Branch>,
): { readonly kind: "compiled"; readonly table: PrefixTable<CompiledRoute<Branch>> } | Refused<Branch> {
  const compiled: { readonly route: CompiledRoute<Branch>; readonly patterns: readonly NumberPattern[] }[] = [];
  for (const { id, numbers, to, caller, from, when } of routes) {
    const rule: RuleName = { kind: "route", id };
    const parsed = parsePatterns(numbers, rule);
    const conditions = calendars.conditions({ from, when });
    if (parsed.kind === "invalid") {
      return parsed;
    }
    if (conditions === undefined) {
      return { kind: "invalid", rule, text: when ?? "", reason: "names no calendar" };
    }
    compiled.push({ route: { id, conditions, targets: to, caller }, patterns: parsed.patterns });
  }
  const table = new PrefixTable<CompiledRoute<Branch>>();
  // within a block the table keeps the order: more conditions come first
  const inOrder = compiled.toSorted((one, other) => other.route.conditions.count - one.route.conditions.count);
  for (const { route, patterns } of inOrder) {
    for (const pattern of patterns) {
      table.add(pattern, route);
    }
  }
  const conflicts = routeConflicts(table);
  return conflicts.length > 0 ? { kind: "conflicting", conflicts } : { kind: "compiled", table };
}

/** Routes with the same numbers and as many conditions, which may all hold. */
function routeConflicts<Branch extends string>(table: PrefixTable<CompiledRoute<Branch>>): readonly RuleConflict[] {
  const found = new Map<string, { first: RuleEntry; second: RuleEntry; tied: NumberPattern[] }>();
  for (const { numbers, entries } of table.sharedBlocks()) {
    for (const [position, second] of entries.entries()) {
      for (const first of entries.slice(0, position)) {
        if (isTie(first.value, second.value)) {
          const key = [first, second].map(({ value, pattern }) => `${value.id} ${formatPattern(pattern)}`).join(" ");
          const known = found.get(key) ?? { first: routeEntry(first), second: routeEntry(second), tied: [] };
          known.tied.push(numbers);
          found.set(key, known);
        }
      }
    }
  }
  return [...found.values()];
}

function routeEntry<Branch extends string>({ pattern, value }: TableEntry<CompiledRoute<Branch>>): RuleEntry {
  return { pattern, rule: { kind: "route", id: value.id } };
}

function isTie<Branch>(first: CompiledRoute<Branch>, second: CompiledRoute<Branch>): boolean {
  return (
    first.id !== second.id &&
    first.conditions.count === second.conditions.count &&
    mayBothHold(first.conditions, second.conditions)
  );
}

/** A conflict as a line that names both sides and the numbers, for logs and messages. */
export function formatRuleConflict({ first, second, tied }: RuleConflict): string {
  return `${sideText(first)} and ${sideText(second)} are equally exact for ${tied.map(formatPattern).join(", ")}`;
}

function sideText({ pattern, rule }: RuleEntry): string {
  return `${formatPattern(pattern)} of ${formatRuleName(rule)}`;
}
