import assert from "node:assert/strict";
import { test } from "node:test";
import { instantOf } from "@mss/dial-plan";

const TUESDAY = Date.parse("2026-11-24T08:00:30Z");

const CASES: readonly (readonly [text: string, zone: string, utc: string | undefined])[] = [
  ["sat 23:00", "Asia/Hong_Kong", "2026-11-28T15:00:00.000Z"],
  ["tue 16:00", "Asia/Hong_Kong", "2026-11-24T08:00:00.000Z"],
  ["tue 15:59", "Asia/Hong_Kong", "2026-12-01T07:59:00.000Z"],
  ["2026-07-01 12:00", "Europe/London", "2026-07-01T11:00:00.000Z"],
  ["2026-07-01T12:00", "Europe/London", "2026-07-01T11:00:00.000Z"],
  ["2026-10-25 01:30", "Europe/London", "2026-10-25T00:30:00.000Z"],
  ["2026-03-29 01:30", "Europe/London", undefined],
  ["2026-11-28T23:00:00Z", "Asia/Hong_Kong", "2026-11-28T23:00:00.000Z"],
  ["2026-11-28T23:00:00+08:00", "UTC", "2026-11-28T15:00:00.000Z"],
  ["soon", "UTC", undefined],
  ["xyz 10:00", "UTC", undefined],
  ["sat 25:00", "UTC", undefined],
];

for (const [text, zone, utc] of CASES) {
  test(`${text} in ${zone} is ${utc ?? "no time"}`, () => {
    const instant = instantOf(text, zone, TUESDAY);
    assert.equal(instant === undefined ? undefined : new Date(instant).toISOString(), utc);
  });
}
