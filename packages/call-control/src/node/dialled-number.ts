import { normalizeNumber } from "@mss/dial-plan";

/** The digits of what was dialled, without `+` and visual separators; undefined when it is no number. */
export function dialledNumber(dialled: string): string | undefined {
  const normalized = normalizeNumber(dialled);
  return normalized.kind === "number" ? normalized.number : undefined;
}
