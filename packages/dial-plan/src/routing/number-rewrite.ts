import { MAX_DIALLED_DIGITS } from "../normalize-number.ts";
import { MAX_PATTERN_DIGITS } from "../number-pattern.ts";
import type { NumberPattern } from "../number-pattern.ts";
import type { NumberRewrite } from "./federation-rules.ts";

/** The number after a rewrite; undefined when nothing would be left of it, or too much. */
export function rewriteNumber(
  number: string,
  { number: whole, strip = 0, prepend = "" }: NumberRewrite,
): string | undefined {
  const rewritten = whole ?? prepend + number.slice(strip);
  return rewritten === "" || rewritten.length > MAX_DIALLED_DIGITS ? undefined : rewritten;
}

/** Whether every number stays as it is. */
export function isUnchanged({ number, strip = 0, prepend = "" }: NumberRewrite): boolean {
  return number === undefined && strip === 0 && prepend === "";
}

/**
 * What a rewrite makes of the numbers of a pattern, exactly, as patterns. Numbers that end with nothing left, and what
 * would have more digits than a pattern can spell out, are not in it.
 */
export function rewritePattern(pattern: NumberPattern, rewrite: NumberRewrite): readonly NumberPattern[] {
  if (rewrite.number !== undefined) {
    return [{ kind: "closed", low: rewrite.number, high: rewrite.number }];
  }
  const { strip = 0, prepend = "" } = rewrite;
  return stripped(pattern, strip)
    .map((rest) => prepended(rest, prepend))
    .flatMap(spelledOut)
    .filter((image) => digitsOf(image) > 0 && digitsOf(image) <= MAX_PATTERN_DIGITS);
}

/** "Any number" is no pattern: it is ten of them. */
function spelledOut(pattern: NumberPattern): readonly NumberPattern[] {
  return pattern.kind === "open" && pattern.prefix === ""
    ? Array.from({ length: 10 }, (_unused, digit) => ({ kind: "open", prefix: String(digit) }))
    : [pattern];
}

function digitsOf(pattern: NumberPattern): number {
  return pattern.kind === "open" ? pattern.prefix.length : pattern.low.length;
}

/** May hold an open prefix of no digits, or a number of none. */
function stripped(pattern: NumberPattern, count: number): readonly NumberPattern[] {
  if (pattern.kind === "open") {
    return [{ kind: "open", prefix: pattern.prefix.slice(count) }];
  }
  const { low, high } = pattern;
  if (count >= low.length) {
    return [{ kind: "closed", low: "", high: "" }];
  }
  const [first, last] = [low.slice(count), high.slice(count)];
  const [least, most] = ["0".repeat(first.length), "9".repeat(first.length)];
  const steps = Number(high.slice(0, count)) - Number(low.slice(0, count));
  if (steps === 0) {
    return [{ kind: "closed", low: first, high: last }];
  }
  // the front digits pass a border: from the low side up to all nines, and from all zeros up to the high side
  return steps > 1 || first <= last || Number(last) + 1 === Number(first)
    ? [{ kind: "closed", low: least, high: most }]
    : [
        { kind: "closed", low: least, high: last },
        { kind: "closed", low: first, high: most },
      ];
}

function prepended(pattern: NumberPattern, digits: string): NumberPattern {
  return pattern.kind === "open"
    ? { kind: "open", prefix: digits + pattern.prefix }
    : { kind: "closed", low: digits + pattern.low, high: digits + pattern.high };
}
