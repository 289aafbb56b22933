import { WEEKDAYS, dayBefore } from "./local-time.ts";
import type { LocalTime } from "./local-time.ts";

/** A day of one year, or, without `year`, of every year. */
interface CalendarDate {
  readonly year?: number;
  readonly month: number;
  readonly day: number;
}

/** Minutes since midnight; `end` is not in it, and at or below `start` it is of the next day. */
interface Hours {
  readonly start: number;
  readonly end: number;
}

type OpenHours = Hours &
  (
    | { readonly kind: "weekdays"; readonly weekdays: readonly number[] }
    | { readonly kind: "date"; readonly date: CalendarDate }
  );

interface DateRange {
  readonly first: CalendarDate;
  readonly last: CalendarDate;
}

export interface Calendar {
  readonly open: readonly OpenHours[];
  readonly closed: readonly DateRange[];
}

export type ParsedCalendarText<Value> =
  { readonly kind: "value"; readonly value: Value } | { readonly kind: "invalid"; readonly reason: string };

export type ParsedCalendar =
  | { readonly kind: "calendar"; readonly calendar: Calendar }
  | { readonly kind: "invalid"; readonly text: string; readonly reason: string };

const DAY_MINUTES = 24 * 60;
const TIMES = /^(\d{2}):(\d{2})-(\d{2}):(\d{2})$/;
const DATE = /^(?:(\d{4})-)?(\d{2})-(\d{2})$/;
const A_LEAP_YEAR = 2028;

/** Reads opening hours: days, a space, and a span of time, such as `mon-fri 09:00-18:00` or `12-24 09:00-12:00`. */
export function parseOpenHours(text: string): ParsedCalendarText<OpenHours> {
  const [days = "", times = "", ...more] = text.trim().split(/\s+/);
  const hours = parseHours(times);
  if (hours === undefined || more.length > 0) {
    return invalid('needs days and hours, such as "mon-fri 09:00-18:00"');
  }
  if (hours.start === hours.end) {
    return invalid("begins and ends at the same minute: for all day write 00:00-24:00");
  }
  const date = parseDate(days);
  if (date !== undefined) {
    return { kind: "value", value: { kind: "date", date, ...hours } };
  }
  const weekdays = parseWeekdays(days);
  return weekdays === undefined
    ? invalid(`"${days}" is neither days (${WEEKDAYS.join(", ")}, mon-fri, daily) nor a date (12-24, 2026-12-24)`)
    : { kind: "value", value: { kind: "weekdays", weekdays, ...hours } };
}

/** Reads days off: a date, `12-25` for every year, or two dates with ` to ` between them. */
export function parseClosedDates(text: string): ParsedCalendarText<DateRange> {
  const [from = "", to = from, ...more] = text.trim().split(/\s+to\s+/);
  const [first, last] = [parseDate(from), parseDate(to)];
  if (first === undefined || last === undefined || more.length > 0) {
    return invalid('is no date, such as "2026-12-25", "12-25" for every year, or "2026-12-24 to 2027-01-02"');
  }
  if ((first.year === undefined) !== (last.year === undefined)) {
    return invalid("needs a year on both dates, or on none");
  }
  return first.year !== undefined && compareDates(first, last) > 0
    ? invalid("ends before it begins")
    : { kind: "value", value: { first, last } };
}

export function parseCalendar(open: readonly string[], closed: readonly string[]): ParsedCalendar {
  const hours: OpenHours[] = [];
  const daysOff: DateRange[] = [];
  for (const text of open) {
    const parsed = parseOpenHours(text);
    if (parsed.kind === "invalid") {
      return { ...parsed, text };
    }
    hours.push(parsed.value);
  }
  for (const text of closed) {
    const parsed = parseClosedDates(text);
    if (parsed.kind === "invalid") {
      return { ...parsed, text };
    }
    daysOff.push(parsed.value);
  }
  return { kind: "calendar", calendar: { open: hours, closed: daysOff } };
}

function invalid(reason: string): { readonly kind: "invalid"; readonly reason: string } {
  return { kind: "invalid", reason };
}

function parseHours(text: string): Hours | undefined {
  const match = TIMES.exec(text);
  if (match === null) {
    return undefined;
  }
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = match.slice(1).map(Number);
  const [start, end] = [fromHour * 60 + fromMinute, toHour * 60 + toMinute];
  const isTime = fromMinute < 60 && toMinute < 60 && start < DAY_MINUTES && end <= DAY_MINUTES;
  return isTime ? { start, end } : undefined;
}

function parseWeekdays(text: string): readonly number[] | undefined {
  if (text === "daily") {
    return WEEKDAYS.map((_name, weekday) => weekday);
  }
  const days: number[] = [];
  for (const part of text.split(",")) {
    const [first, last = first, ...more] = part.split("-").map((name) => WEEKDAYS.findIndex((day) => day === name));
    if (first === undefined || last === undefined || first < 0 || last < 0 || more.length > 0) {
      return undefined;
    }
    const count = ((last - first + 7) % 7) + 1;
    days.push(...Array.from({ length: count }, (_unused, step) => (first + step) % 7));
  }
  return days;
}

function parseDate(text: string): CalendarDate | undefined {
  const match = DATE.exec(text);
  if (match === null) {
    return undefined;
  }
  const [month, day] = [Number(match[2]), Number(match[3])];
  const year = match[1] === undefined ? undefined : Number(match[1]);
  const date = new Date(Date.UTC(year ?? A_LEAP_YEAR, month - 1, day));
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? { ...(year === undefined ? {} : { year }), month, day } : undefined;
}

/** Below zero when the first is earlier; of two dates of which one has no year only the days count. */
function compareDates(one: CalendarDate, other: CalendarDate): number {
  const years = one.year === undefined || other.year === undefined ? 0 : one.year - other.year;
  return years || one.month - other.month || one.day - other.day;
}

/** Whether a calendar is open at a local time. Hours that pass midnight belong to the day on which they begin. */
export function isOpen(calendar: Calendar, time: LocalTime): boolean {
  return (
    hoursOf(calendar, time).some(
      (hours) => time.minute >= hours.start && (passesMidnight(hours) || time.minute < hours.end),
    ) || hoursOf(calendar, dayBefore(time)).some((hours) => passesMidnight(hours) && time.minute < hours.end)
  );
}

function passesMidnight({ start, end }: Hours): boolean {
  return end <= start;
}

/** A date with hours of its own has only those; a day off has none; all others have those of their weekday. */
function hoursOf({ open, closed }: Calendar, time: LocalTime): readonly Hours[] {
  const ownHours = open.filter((hours) => hours.kind === "date" && compareDates(hours.date, time) === 0);
  if (ownHours.length > 0) {
    return ownHours;
  }
  if (closed.some((range) => isWithin(range, time))) {
    return [];
  }
  return open.filter((hours) => hours.kind === "weekdays" && hours.weekdays.includes(time.weekday));
}

function isWithin({ first, last }: DateRange, date: CalendarDate): boolean {
  const afterFirst = compareDates(date, first) >= 0;
  const beforeLast = compareDates(date, last) <= 0;
  const passesNewYear = first.year === undefined && compareDates(first, last) > 0;
  return passesNewYear ? afterFirst || beforeLast : afterFirst && beforeLast;
}

/**
 * Whether two calendars of one clock may be open at the same time. False only when they surely are not: their weekly
 * hours never meet, and neither has a date with hours of its own that meet the other's.
 */
export function mayBothBeOpen(one: Calendar, other: Calendar): boolean {
  return one.open.some((hours) => meetsAny(hours, other)) || other.open.some((hours) => meetsAny(hours, one));
}

/** A date may fall on any weekday, and in the week around it hours may pass midnight. */
function meetsAny(hours: OpenHours, { open }: Calendar): boolean {
  return open.some((others) => {
    if (hours.kind === "date" || others.kind === "date") {
      return meet({ ...hours, day: 0 }, { ...others, day: 0 }, [-1, 0, 1]);
    }
    return hours.weekdays.some((day) =>
      others.weekdays.some((otherDay) => meet({ ...hours, day }, { ...others, day: otherDay }, [-7, 0, 7])),
    );
  });
}

/** Whether two spans meet when the second is moved by one of `shifts` days. */
function meet(one: Hours & { day: number }, other: Hours & { day: number }, shifts: readonly number[]): boolean {
  const [start, end] = spanOf(one);
  const [otherStart, otherEnd] = spanOf(other);
  return shifts.some((days) => start < otherEnd + days * DAY_MINUTES && otherStart + days * DAY_MINUTES < end);
}

function spanOf({ day, start, end }: Hours & { day: number }): readonly [start: number, end: number] {
  const first = day * DAY_MINUTES + start;
  return [first, day * DAY_MINUTES + end + (passesMidnight({ start, end }) ? DAY_MINUTES : 0)];
}
