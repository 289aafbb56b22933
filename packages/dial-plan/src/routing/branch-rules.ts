import { formatPattern, parsePattern } from "../number-pattern.ts";
import type { NumberPattern } from "../number-pattern.ts";
import { findOverlaps } from "../overlap.ts";
import type { BlockRules, BranchNumbers, CalendarRules, FederationRules } from "./federation-rules.ts";
import { parseWhen } from "./rule-conditions.ts";

/** What a branch knows of numbers: its own, and what its phones must not call. It names no other branch's numbers but those inside its own. */
export interface BranchRules<Branch extends string = string> {
  readonly id: string;
  /** As its own phones have them, without the site code. */
  readonly numbers: readonly string[];
  /** Within `numbers`, what belongs to another branch, which is more exact there. */
  readonly numbersElsewhere: readonly string[];
  readonly siteCode?: string | undefined;
  /** UTC when absent. */
  readonly timeZone?: string | undefined;
  readonly emergency?: readonly string[] | undefined;
  /** Digits before a number that is called over a carrier line; absent: there is none. */
  readonly outside?: string | undefined;
  /** Those that hold for calls from this branch. */
  readonly blocked?: readonly BlockRules<Branch>[] | undefined;
  /** Those that `blocked` names. */
  readonly calendars?: readonly CalendarRules<Branch>[] | undefined;
  /** Time zones of the sites of these calendars. */
  readonly siteTimeZones?: Readonly<Record<string, string>> | undefined;
}

/** The part of a federation's rules that a branch goes by; undefined when there is no such branch. */
export function branchRules<Branch extends string>(
  rules: FederationRules<Branch>,
  id: Branch,
): BranchRules<Branch> | undefined {
  const branch = rules.branches.find((each) => each.id === id);
  if (branch === undefined) {
    return undefined;
  }
  const { siteCode, timeZone, emergency, outside } = branch;
  const blocked = (rules.blocked ?? []).filter(({ from }) => from === undefined || from.includes(id));
  const named = new Set(blocked.flatMap(({ when }) => (when === undefined ? [] : (parseWhen(when)?.calendar ?? []))));
  const calendars = (rules.calendars ?? []).filter((calendar) => named.has(calendar.id));
  const sites = new Set<string | undefined>(calendars.map(({ site }) => site));
  const zones = rules.branches.flatMap(({ id: site, timeZone: zone }) =>
    zone !== undefined && sites.has(site) ? [[site, zone] as const] : [],
  );
  return {
    id,
    numbers: branch.numbers.map((text) => withoutCode(text, siteCode)),
    numbersElsewhere: elsewhere(rules.branches, id),
    siteCode,
    timeZone,
    emergency,
    ...(outside === undefined ? {} : { outside }),
    ...(blocked.length === 0 ? {} : { blocked }),
    ...(calendars.length === 0 ? {} : { calendars }),
    ...(zones.length === 0 ? {} : { siteTimeZones: Object.fromEntries(zones) }),
  };
}

/** The notation of a pattern without the digits of a site code at the front of its numbers. */
export function withoutCode(text: string, siteCode: string | undefined): string {
  return siteCode === undefined ? text : mapSides(text, (side) => side.slice(siteCode.length));
}

/** The other way round. */
export function withCode(text: string, siteCode: string): string {
  return mapSides(text, (side) => siteCode + side);
}

function mapSides(text: string, change: (side: string) => string): string {
  return text.split("-").map(change).join("-");
}

/** What lies inside a branch's numbers and belongs to another branch, which is more exact there. */
function elsewhere(branches: readonly BranchNumbers<string>[], id: string): readonly string[] {
  const owned = branches.flatMap(({ id: owner, numbers }) =>
    numbers.flatMap((text) => {
      const parsed = parsePattern(text);
      return parsed.kind === "pattern" ? [{ owner, pattern: parsed.pattern }] : [];
    }),
  );
  const found = new Set<NumberPattern>();
  for (const { first, second, overlap } of findOverlaps(owned.map(({ pattern }) => pattern))) {
    const [one, other] = [owned[first], owned[second]];
    const inner = overlap.relation === "secondInsideFirst" ? other : one;
    const outer = inner === one ? other : one;
    if (inner !== undefined && inner.owner !== id && outer?.owner === id) {
      found.add(inner.pattern);
    }
  }
  return [...found].map(formatPattern);
}
