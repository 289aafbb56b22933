/** What a clock on the wall of a site shows. */
export interface LocalTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  /** 0 to 6, Monday first. */
  readonly weekday: number;
  /** Since midnight, 0 to 1439. */
  readonly minute: number;
}

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

export const STANDARD_TIME_ZONE = "UTC";

const MINUTE_MS = 60_000;

/** Whether the runtime knows a time zone by that name. */
export function isTimeZone(name: string): boolean {
  try {
    return formatterOf(name).resolvedOptions().timeZone !== "";
  } catch (error) {
    if (error instanceof RangeError) {
      return false;
    }
    throw error;
  }
}

/** The time zone data are those of the runtime (`Intl`); one answer a zone is kept, as calls come many a minute. */
export class LocalClock {
  readonly #zones = new Map<string, { readonly formatter: Intl.DateTimeFormat; minute: number; time: LocalTime }>();

  /** `atMs` since 1970 UTC. Throws RangeError for a time zone that is none. */
  timeAt(timeZone: string, atMs: number): LocalTime {
    const minute = Math.floor(atMs / MINUTE_MS);
    let zone = this.#zones.get(timeZone);
    if (zone === undefined) {
      const formatter = formatterOf(timeZone);
      zone = { formatter, minute, time: localTime(formatter, atMs) };
      this.#zones.set(timeZone, zone);
    } else if (zone.minute !== minute) {
      zone.time = localTime(zone.formatter, atMs);
      zone.minute = minute;
    }
    return zone.time;
  }
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-GB-u-ca-iso8601", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    weekday: "short",
    hour: "numeric",
    minute: "numeric",
  });
}

function localTime(formatter: Intl.DateTimeFormat, atMs: number): LocalTime {
  const parts = new Map(formatter.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const weekday = parts.get("weekday")?.toLowerCase();
  return {
    year: number("year"),
    month: number("month"),
    day: number("day"),
    weekday: WEEKDAYS.findIndex((name) => name === weekday),
    minute: number("hour") * 60 + number("minute"),
  };
}

/** The day before, at the same time of day. */
export function dayBefore({ year, month, day, minute }: LocalTime): LocalTime {
  const date = new Date(Date.UTC(year, month - 1, day - 1));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: (date.getUTCDay() + 6) % 7, // a Sunday is 0 there
    minute,
  };
}

/** `sat 23:00 (2026-11-28)`. */
export function formatLocalTime({ year, month, day, weekday, minute }: LocalTime): string {
  const clock = `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
  return `${WEEKDAYS[weekday] ?? ""} ${clock} (${year}-${two(month)}-${two(day)})`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** What a clock in a zone shows, as text; UTC when there is no zone. */
export function localTimeText(timeZone: string | undefined, atMs: number): string {
  return formatLocalTime(new LocalClock().timeAt(timeZone ?? STANDARD_TIME_ZONE, atMs));
}

const LOCAL =
  /^(?:(?<weekday>[a-z]{3})|(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2}))[ T](?<hour>\d{2}):(?<minute>\d{2})$/;
const DAY_MINUTES = 24 * 60;

/**
 * The instant of a text: ISO 8601 with a zone, or a local time in `timeZone`: `2026-11-28 23:00`, or `sat 23:00`, the
 * next one from `nowMs` on. Milliseconds since 1970 UTC; undefined for a text that is none, and for a time that the
 * clocks of the zone pass over. Of a time that comes twice, the first.
 */
export function instantOf(text: string, timeZone: string, nowMs: number): number | undefined {
  const local = LOCAL.exec(
    text
      .trim()
      .toLowerCase()
      .replace("t", (letter, at: number) => (at === 10 ? " " : letter)),
  )?.groups;
  if (local === undefined) {
    const instant = /(?:z|[+-]\d{2}:\d{2})$/i.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isNaN(instant) ? undefined : instant;
  }
  const minute = Number(local["hour"]) * 60 + Number(local["minute"]);
  const weekday = WEEKDAYS.findIndex((name) => name === local["weekday"]);
  const [year, month, day] = [Number(local["year"]), Number(local["month"]), Number(local["day"])];
  const isDate = local["year"] !== undefined;
  // the clock of the zone is asked minute by minute: no rule of any zone is known here
  const from = isDate ? Date.UTC(year, month - 1, day - 1) : Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  const formatter = formatterOf(timeZone);
  for (let step = 0; step < (isDate ? 3 : 8) * DAY_MINUTES; step += 1) {
    const instant = from + step * MINUTE_MS;
    const time = localTime(formatter, instant);
    const isDay = isDate ? time.year === year && time.month === month && time.day === day : time.weekday === weekday;
    if (isDay && time.minute === minute) {
      return instant;
    }
  }
  return undefined;
}
