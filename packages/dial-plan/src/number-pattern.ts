import { tidyPattern } from "./pattern-advice.ts";

/** The longest number that a pattern can spell out: E.164 §6.1. It also keeps every number exact in a double. */
export const MAX_PATTERN_DIGITS = 15;

/**
 * A set of numbers. Made by `parsePattern` only: both sides of a closed one have the same number of digits, and the
 * low side is not above the high one.
 */
export type NumberPattern =
  /** Every number from `low` to `high` with exactly as many digits: `1xxx`, `1000-1999`, `1000`. */
  | { readonly kind: "closed"; readonly low: string; readonly high: string }
  /** `prefix` itself and every longer number that begins with it: `852*`. */
  | { readonly kind: "open"; readonly prefix: string };

export type ParsedPattern =
  | { readonly kind: "pattern"; readonly pattern: NumberPattern }
  /** `suggestion` is a valid pattern that was probably meant. */
  | { readonly kind: "invalid"; readonly reason: string; readonly suggestion?: string };

const DIGITS_AND_X = /^([0-9]*)(x*)$/;
const RANGE = /^([0-9]+)-([0-9]+)$/;
const OPEN = /^([0-9]+)\*$/;
const NOTATION = "write digits with x for any digit at the end (1xxx), a range (1000-1999) or an open prefix (852*)";

/** Reads one pattern in the notation of the topology file. Never throws, whatever the text. */
export function parsePattern(text: string): ParsedPattern {
  const parsed = parseExact(text);
  if (parsed.kind === "pattern" || parsed.suggestion !== undefined) {
    return parsed;
  }
  const tidied = tidyPattern(text);
  return tidied !== text && parseExact(tidied).kind === "pattern" ? { ...parsed, suggestion: tidied } : parsed;
}

function parseExact(text: string): ParsedPattern {
  if (text.length > 2 * MAX_PATTERN_DIGITS + 1) {
    return invalid(`is longer than ${MAX_PATTERN_DIGITS} digits`);
  }
  const range = RANGE.exec(text);
  if (range !== null) {
    return parseRange(range[1] ?? "", range[2] ?? "");
  }
  const open = OPEN.exec(text);
  if (open !== null) {
    const prefix = open[1] ?? "";
    return prefix.length > MAX_PATTERN_DIGITS ? tooLong() : { kind: "pattern", pattern: { kind: "open", prefix } };
  }
  const closed = text === "" ? null : DIGITS_AND_X.exec(text);
  if (closed === null) {
    return invalid(reasonFor(text));
  }
  const prefix = closed[1] ?? "";
  const free = (closed[2] ?? "").length;
  if (prefix.length + free > MAX_PATTERN_DIGITS) {
    return tooLong();
  }
  const pattern = { kind: "closed", low: prefix + "0".repeat(free), high: prefix + "9".repeat(free) } as const;
  return { kind: "pattern", pattern };
}

function parseRange(low: string, high: string): ParsedPattern {
  if (low.length > MAX_PATTERN_DIGITS || high.length > MAX_PATTERN_DIGITS) {
    return tooLong();
  }
  if (low.length !== high.length) {
    const abbreviated = low.slice(0, Math.max(0, low.length - high.length)) + high;
    const reason = "both sides of a range need the same number of digits";
    return abbreviated.length === low.length && abbreviated >= low
      ? { kind: "invalid", reason, suggestion: `${low}-${abbreviated}` }
      : invalid(reason);
  }
  if (low > high) {
    return { kind: "invalid", reason: "the range ends before it begins", suggestion: `${high}-${low}` };
  }
  return { kind: "pattern", pattern: { kind: "closed", low, high } };
}

function reasonFor(text: string): string {
  if (text.trim() === "") {
    return `is empty: ${NOTATION}`;
  }
  if (/^[x*]*\*$/.test(text)) {
    return "would own every number: an open prefix needs at least one digit before the *";
  }
  if (/^[0-9x]+$/.test(text)) {
    return "x may stand only at the end: write a range, or one pattern for each prefix";
  }
  if (/^[0-9x]+\*$/.test(text)) {
    return "x and * cannot be mixed: x is exactly one digit, * is any number of digits";
  }
  return `is not a number pattern: ${NOTATION}`;
}

function tooLong(): ParsedPattern {
  return invalid(`is longer than ${MAX_PATTERN_DIGITS} digits`);
}

function invalid(reason: string): ParsedPattern {
  return { kind: "invalid", reason };
}

/** The shortest notation of the same numbers: `1000-1999` becomes `1xxx`, `1000-1000` becomes `1000`. */
export function formatPattern(pattern: NumberPattern): string {
  if (pattern.kind === "open") {
    return `${pattern.prefix}*`;
  }
  const { low, high } = pattern;
  const prefix = commonPrefix(low, high);
  const free = low.length - prefix.length;
  const isBlock = low.endsWith("0".repeat(free)) && high.endsWith("9".repeat(free));
  return isBlock ? prefix + "x".repeat(free) : `${low}-${high}`;
}

/** Whether `number`, digits only, is one of the pattern's. */
export function patternContains(pattern: NumberPattern, number: string): boolean {
  if (pattern.kind === "open") {
    return number.startsWith(pattern.prefix);
  }
  return number.length === pattern.low.length && pattern.low <= number && number <= pattern.high;
}

/** The leading digits that all numbers of the pattern share. */
export function fixedPrefix(pattern: NumberPattern): string {
  return pattern.kind === "open" ? pattern.prefix : commonPrefix(pattern.low, pattern.high);
}

function commonPrefix(low: string, high: string): string {
  let length = 0;
  while (length < low.length && low[length] === high[length]) {
    length += 1;
  }
  return low.slice(0, length);
}
