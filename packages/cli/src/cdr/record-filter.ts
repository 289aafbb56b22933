import type { CallRecord } from "@mss/model";

/** Which records are wanted; what is absent does not count. */
export interface RecordFilter {
  /** Of calls that began then or later, and before `untilMs`; milliseconds since 1970. */
  readonly sinceMs: number;
  readonly untilMs?: number;
  /** Those of that branch, and those of hubs about its calls. */
  readonly branch?: string;
  /** Those that this node has written. */
  readonly node?: string;
  /** Session-ID, or its beginning. */
  readonly call?: string;
  /** Calling or called number. */
  readonly number?: string;
}

export function isWanted(
  record: CallRecord,
  { sinceMs, untilMs = Infinity, branch, node, call, number }: RecordFilter,
) {
  const startedMs = Date.parse(record.startedAt);
  const label = `branch:${branch ?? ""}`;
  return (
    startedMs >= sinceMs &&
    startedMs < untilMs &&
    (branch === undefined || record.node === branch || record.origin === label || record.target === label) &&
    (node === undefined || record.node === node) &&
    (call === undefined || record.sessionId.startsWith(call)) &&
    (number === undefined || record.from === number || record.to === number)
  );
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90m`, `24h`, `7d` ago, or a time in ISO 8601, local unless it has a zone. Undefined for anything else. */
export function timeOf(text: string, nowMs: number): number | undefined {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) {
    return nowMs - Number(count) * (UNITS_MS[unit] ?? 0);
  }
  const time = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
