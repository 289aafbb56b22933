import { isOpen, mayBothBeOpen, parseCalendar } from "./calendar.ts";
import type { Calendar } from "./calendar.ts";
import type { FederationRules, RuleConditions } from "./federation-rules.ts";
import { LocalClock, STANDARD_TIME_ZONE } from "./local-time.ts";
import type { LocalTime } from "./local-time.ts";

const WHEN = /^(not )?([a-z0-9-]+)$/;

/** Reads `hk-office` or `not hk-office`; undefined when it is neither. */
export function parseWhen(text: string): { readonly calendar: string; readonly not: boolean } | undefined {
  const [, not, calendar] = WHEN.exec(text.trim().replace(/^not\s+/, "not ")) ?? [];
  return calendar === undefined ? undefined : { calendar, not: not !== undefined };
}

interface SiteCalendar<Branch> {
  readonly id: string;
  readonly site: Branch | undefined;
  readonly timeZone: string | undefined;
  readonly calendar: Calendar;
}

/** The conditions of one rule, ready to be asked. */
export interface CompiledConditions<Branch> {
  readonly from: ReadonlySet<Branch> | undefined;
  readonly when: { readonly calendar: SiteCalendar<Branch>; readonly not: boolean } | undefined;
  /** How many kinds of conditions there are: a rule with more is the more exact one. */
  readonly count: number;
}

/** Where and when a call is made. */
export interface CallOrigin<Branch> {
  readonly cameFrom: Branch;
  /** Milliseconds since 1970 UTC. */
  readonly atMs: number;
}

/** `localTime`: what the clock of the calendar's site showed. */
export type ConditionVerdict =
  | { readonly kind: "holds" }
  | { readonly kind: "otherBranch" }
  | { readonly kind: "otherTime"; readonly calendar: string; readonly localTime: LocalTime };

const HOLDS: ConditionVerdict = { kind: "holds" };
const OTHER_BRANCH: ConditionVerdict = { kind: "otherBranch" };

export type CompiledCalendars<Branch extends string> =
  | { readonly kind: "calendars"; readonly calendars: Calendars<Branch> }
  | { readonly kind: "invalid"; readonly calendar: string; readonly text: string; readonly reason: string };

/** The calendars of a federation, and the clocks of its sites. */
export class Calendars<Branch extends string> {
  readonly #byId: ReadonlyMap<string, SiteCalendar<Branch>>;
  readonly #zones: ReadonlyMap<Branch, string>;
  readonly #clock = new LocalClock();

  private constructor(byId: ReadonlyMap<string, SiteCalendar<Branch>>, zones: ReadonlyMap<Branch, string>) {
    this.#byId = byId;
    this.#zones = zones;
  }

  static compile<Branch extends string>(
    rules: Pick<FederationRules<Branch>, "calendars"> & {
      readonly branches: readonly { readonly id: Branch; readonly timeZone?: string | undefined }[];
    },
  ): CompiledCalendars<Branch> {
    const byId = new Map<string, SiteCalendar<Branch>>();
    for (const { id, site, timeZone, open, closed = [] } of rules.calendars ?? []) {
      const parsed = parseCalendar(open, closed);
      if (parsed.kind === "invalid") {
        return { ...parsed, calendar: id };
      }
      byId.set(id, { id, site, timeZone, calendar: parsed.calendar });
    }
    const zones = new Map(rules.branches.map(({ id, timeZone = STANDARD_TIME_ZONE }) => [id, timeZone]));
    return { kind: "calendars", calendars: new Calendars(byId, zones) };
  }

  /** Undefined when a calendar is named that does not exist. */
  conditions({ from, when }: RuleConditions<Branch>): CompiledConditions<Branch> | undefined {
    const branches = from && new Set(from);
    if (when === undefined) {
      return { from: branches, when: undefined, count: Number(from !== undefined) };
    }
    const parsed = parseWhen(when);
    const calendar = parsed && this.#byId.get(parsed.calendar);
    return calendar && { from: branches, when: { calendar, not: parsed.not }, count: Number(from !== undefined) + 1 };
  }

  verdict({ from, when }: CompiledConditions<Branch>, { cameFrom, atMs }: CallOrigin<Branch>): ConditionVerdict {
    if (from !== undefined && !from.has(cameFrom)) {
      return OTHER_BRANCH;
    }
    if (when === undefined) {
      return HOLDS;
    }
    const { id, site, timeZone = this.#zones.get(site ?? cameFrom), calendar } = when.calendar;
    const localTime = this.#clock.timeAt(timeZone ?? STANDARD_TIME_ZONE, atMs);
    return isOpen(calendar, localTime) === when.not ? { kind: "otherTime", calendar: id, localTime } : HOLDS;
  }
}

/**
 * Whether a call can exist for which both conditions hold. No for two sets of branches without a common one, for a
 * calendar open and not open, and for two open ones of one site whose hours never meet; otherwise yes.
 */
export function mayBothHold<Branch>(one: CompiledConditions<Branch>, other: CompiledConditions<Branch>): boolean {
  if (one.from !== undefined && other.from !== undefined && one.from.isDisjointFrom(other.from)) {
    return false;
  }
  if (one.when === undefined || other.when === undefined) {
    return true;
  }
  const [mine, theirs] = [one.when, other.when];
  if (mine.calendar.id === theirs.calendar.id) {
    return mine.not === theirs.not;
  }
  const isOneClock = mine.calendar.site === theirs.calendar.site && mine.calendar.timeZone === theirs.calendar.timeZone;
  const isComparable = !mine.not && !theirs.not && isOneClock;
  return !isComparable || mayBothBeOpen(mine.calendar.calendar, theirs.calendar.calendar);
}
