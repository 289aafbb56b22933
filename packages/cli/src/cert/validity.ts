import type { Validity } from "@mss/certificates/issue";

const DAY_MS = 86_400_000;
/** Machines whose clocks are a little behind believe a new certificate as well; as much is added at the end. */
const MARGIN_MS = 3_600_000;

/** So many whole days from now, and not beyond `latest`. */
export function validFor(days: number, nowMs: number, latest?: Date): Validity {
  const end = nowMs + days * DAY_MS + MARGIN_MS;
  return { from: new Date(nowMs - MARGIN_MS), to: new Date(Math.min(end, latest?.getTime() ?? end)) };
}
