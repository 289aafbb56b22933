import * as fc from "fast-check";
import { parsePattern } from "@mss/dial-plan";
import type { NumberPattern } from "@mss/dial-plan";

/** Few different digits, so that patterns meet. */
const digit = fc.constantFrom("0", "1", "2", "9");
export const digits = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: digit, minLength, maxLength });

export function patternOf(text: string): NumberPattern {
  const parsed = parsePattern(text);
  if (parsed.kind === "invalid") {
    throw new TypeError(`${text}: ${parsed.reason}`);
  }
  return parsed.pattern;
}

const block = fc
  .tuple(digits(0, 3), fc.nat(3))
  .filter(([prefix, free]) => prefix.length + free > 0)
  .map(([prefix, free]) => prefix + "x".repeat(free));
const range = fc
  .integer({ min: 1, max: 4 })
  .chain((length) => fc.tuple(digits(length, length), digits(length, length)))
  .map(([one, other]) => (one < other ? `${one}-${other}` : `${other}-${one}`));
const openPrefix = digits(1, 4).map((prefix) => `${prefix}*`);

export const pattern: fc.Arbitrary<NumberPattern> = fc.oneof(block, range, openPrefix).map(patternOf);
export const number = digits(1, 6);
