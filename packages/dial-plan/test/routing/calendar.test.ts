import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { isTimeZone, parseClosedDates, parseOpenHours } from "@mss/dial-plan";
import { isOpen, mayBothBeOpen, parseCalendar } from "../../src/routing/calendar.ts";
import type { Calendar } from "../../src/routing/calendar.ts";
import { LocalClock, formatLocalTime } from "../../src/routing/local-time.ts";

function calendarOf(open: readonly string[], closed: readonly string[] = []): Calendar {
  const parsed = parseCalendar(open, closed);
  assert.equal(parsed.kind, "calendar", JSON.stringify(parsed));
  return parsed.calendar;
}

function isOpenAt(calendar: Calendar, utc: string): boolean {
  return isOpen(calendar, new LocalClock().timeAt("UTC", Date.parse(`${utc}Z`)));
}

describe("local time", () => {
  // from the tables of each zone: offsets and the nights of the change
  const cases: readonly [zone: string, utc: string, local: string][] = [
    ["UTC", "2026-11-28T23:00:00Z", "sat 23:00 (2026-11-28)"],
    ["Asia/Hong_Kong", "2026-11-28T23:00:00Z", "sun 07:00 (2026-11-29)"],
    ["America/St_Johns", "2026-07-01T00:00:00Z", "tue 21:30 (2026-06-30)"],
    ["Asia/Kathmandu", "2026-01-01T00:00:00Z", "thu 05:45 (2026-01-01)"],
    ["Europe/London", "2026-03-29T00:59:59Z", "sun 00:59 (2026-03-29)"],
    ["Europe/London", "2026-03-29T01:00:00Z", "sun 02:00 (2026-03-29)"],
    ["Europe/London", "2026-10-25T00:30:00Z", "sun 01:30 (2026-10-25)"],
    ["Europe/London", "2026-10-25T01:30:00Z", "sun 01:30 (2026-10-25)"],
    ["Pacific/Apia", "2011-12-30T09:59:00Z", "thu 23:59 (2011-12-29)"],
    ["Pacific/Apia", "2011-12-30T10:00:00Z", "sat 00:00 (2011-12-31)"],
  ];
  for (const [zone, utc, local] of cases) {
    test(`${utc} in ${zone} is ${local}`, () => {
      const clock = new LocalClock();
      clock.timeAt(zone, 0); // what is kept from another minute must not be taken
      assert.equal(formatLocalTime(clock.timeAt(zone, Date.parse(utc))), local);
    });
  }

  test("zones are those that the runtime knows", () => {
    assert.deepEqual(["Asia/Hong_Kong", "UTC", "Mars/Olympus", "", "GMT+25"].map(isTimeZone), [
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("a calendar", () => {
  const office = calendarOf(
    ["mon-fri 09:00-18:00", "sat 09:00-13:00", "12-24 09:00-12:00"],
    ["12-25", "2027-02-06 to 2027-02-09"],
  );
  const cases: readonly [utc: string, open: boolean, why: string][] = [
    ["2026-11-27T09:00", true, "Friday, the first minute"],
    ["2026-11-27T08:59", false, "the minute before"],
    ["2026-11-27T17:59", true, "the last minute"],
    ["2026-11-27T18:00", false, "the minute after"],
    ["2026-11-28T12:00", true, "Saturday"],
    ["2026-11-28T14:00", false, "Saturday afternoon"],
    ["2026-11-29T10:00", false, "Sunday"],
    ["2026-12-24T11:59", true, "a Thursday with hours of its own"],
    ["2026-12-24T12:00", false, "these and no others"],
    ["2026-12-25T10:00", false, "a Friday off in every year"],
    ["2027-02-08T10:00", false, "within days off"],
    ["2028-02-08T10:00", true, "the same day of another year"],
  ];
  for (const [utc, open, why] of cases) {
    test(`${utc} ${open ? "open" : "closed"}: ${why}`, () => assert.equal(isOpenAt(office, utc), open));
  }

  test("hours past midnight belong to the day on which they begin", () => {
    const night = calendarOf(["fri 22:00-06:00"], ["2026-12-04"]);
    const at = (utc: string): boolean => isOpenAt(night, utc);
    assert.deepEqual(
      ["2026-11-27T21:59", "2026-11-27T22:00", "2026-11-28T05:59", "2026-11-28T06:00", "2026-11-28T23:00"].map(at),
      [false, true, true, false, false],
    );
    assert.deepEqual(["2026-12-04T23:00", "2026-12-05T01:00"].map(at), [false, false], "its day off is its night off");
  });

  test("all day, all week, and days that pass the end of the week or the year", () => {
    const always = calendarOf(["daily 00:00-24:00"]);
    assert.ok(["2026-11-29T00:00", "2026-11-29T23:59"].every((utc) => isOpenAt(always, utc)));
    const weekend = calendarOf(["fri-mon 00:00-24:00"]);
    const days = ["26", "27", "28", "29", "30"].map((day) => isOpenAt(weekend, `2026-11-${day}T12:00`));
    assert.deepEqual(days, [false, true, true, true, true]);
    const holidays = calendarOf(["daily 00:00-24:00"], ["12-24 to 01-02"]);
    const off = ["2026-12-23", "2026-12-24", "2027-01-02", "2027-01-03"].map((day) =>
      isOpenAt(holidays, `${day}T12:00`),
    );
    assert.deepEqual(off, [true, false, false, true]);
  });

  test("texts that are none are refused with what to write", () => {
    const hours = [
      "",
      "mon",
      "mon-fri",
      "mon-fri 9-18",
      "mon-fri 09:00",
      "mon 24:00-25:00",
      "mon 09:60-10:00",
      "mon 09:00-09:00",
      "mn 09:00-10:00",
      "mon-tue-wed 09:00-10:00",
      "02-30 09:00-10:00",
      "mon 09:00-10:00 tue",
      "25:00-26:00",
    ];
    for (const text of hours) {
      assert.equal(parseOpenHours(text).kind, "invalid", text);
    }
    for (const text of [
      "",
      "12-32",
      "02-30",
      "2027-02-29",
      "xmas",
      "12-24 to 2027-01-02",
      "2027-01-02 to 2026-12-24",
      "12-24 to",
      "1-1",
    ]) {
      assert.equal(parseClosedDates(text).kind, "invalid", text);
    }
    assert.equal(parseClosedDates("2028-02-29").kind, "value");
    assert.equal(parseClosedDates("02-29").kind, "value");
  });
});

describe("two calendars", () => {
  const cases: readonly [one: readonly string[], other: readonly string[], both: boolean][] = [
    [["mon-fri 09:00-18:00"], ["mon-fri 18:00-09:00"], false],
    [["mon-fri 09:00-18:00"], ["sat,sun 00:00-24:00"], false],
    [["mon-fri 09:00-18:01"], ["mon-fri 18:00-20:00"], true],
    [["fri 22:00-06:00"], ["sat 05:00-07:00"], true],
    [["sun 22:00-06:00"], ["mon 05:00-07:00"], true],
    [["mon 05:00-07:00"], ["sun 22:00-06:00"], true],
    [["mon-fri 09:00-12:00"], ["12-24 13:00-14:00"], false],
    [["mon-fri 09:00-12:00"], ["12-24 11:00-14:00"], true],
    [["12-24 11:00-14:00"], ["12-31 11:00-14:00"], true],
  ];
  for (const [one, other, both] of cases) {
    test(`${one.join(", ")} and ${other.join(", ")} ${both ? "may" : "never"} meet`, () => {
      assert.equal(mayBothBeOpen(calendarOf(one), calendarOf(other)), both);
      assert.equal(mayBothBeOpen(calendarOf(other), calendarOf(one)), both);
    });
  }

  test("of which it is said that they never meet do not", () => {
    const day = fc.constantFrom("mon", "tue", "sun", "sat-sun", "mon-fri", "12-24", "2026-12-24");
    const hour = fc.nat(24).map((value) => `${String(value).padStart(2, "0")}:00`);
    const hours = fc
      .tuple(day, hour, hour)
      .filter(([, start, end]) => start !== end && start !== "24:00")
      .map(([days, start, end]) => `${days} ${start}-${end}`);
    const calendar = fc.array(hours, { minLength: 1, maxLength: 3 });
    const closed = fc.subarray(["12-24", "2026-12-23", "12-20 to 12-22"]);
    const from = Date.UTC(2026, 11, 18);
    let apart = 0;
    fc.assert(
      fc.property(calendar, closed, calendar, (openOne, off, openOther) => {
        const [one, other] = [calendarOf(openOne, off), calendarOf(openOther)];
        if (mayBothBeOpen(one, other)) {
          return;
        }
        apart += 1;
        const clock = new LocalClock();
        for (let halfHour = 0; halfHour < 48 * 10; halfHour += 1) {
          const time = clock.timeAt("UTC", from + halfHour * 1_800_000);
          assert.ok(!(isOpen(one, time) && isOpen(other, time)), formatLocalTime(time));
        }
      }),
      { numRuns: 150 },
    );
    assert.ok(apart > 10, String(apart));
  });
});
