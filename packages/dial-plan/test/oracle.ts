import type { DialPlanEntry, NumberPattern } from "@mss/dial-plan";

/** The rules of the dial plan said as plainly as can be, with no regard for cost: what the compiled form must agree with. */
export function ranksOf<Target>(
  entries: readonly DialPlanEntry<Target>[],
  number: string,
): { entry: DialPlanEntry<Target>; fixedDigits: number; closed: boolean }[] {
  return entries
    .filter(({ pattern }) => contains(pattern, number))
    .map((entry) => ({
      entry,
      fixedDigits: fixedDigits(entry.pattern, number),
      closed: entry.pattern.kind === "closed",
    }))
    .toSorted((one, other) => other.fixedDigits - one.fixedDigits || Number(other.closed) - Number(one.closed));
}

export function contains(pattern: NumberPattern, number: string): boolean {
  if (pattern.kind === "open") {
    return number.startsWith(pattern.prefix);
  }
  return (
    number.length === pattern.low.length &&
    BigInt(pattern.low) <= BigInt(number) &&
    BigInt(number) <= BigInt(pattern.high)
  );
}

/** The fewest leading digits of the number such that all numbers of its length beginning so are the pattern's. */
function fixedDigits(pattern: NumberPattern, number: string): number {
  if (pattern.kind === "open") {
    return pattern.prefix.length;
  }
  for (let count = 0; count < number.length; count += 1) {
    const prefix = number.slice(0, count);
    const first = prefix.padEnd(number.length, "0");
    const last = prefix.padEnd(number.length, "9");
    if (contains(pattern, first) && contains(pattern, last)) {
      return count;
    }
  }
  return number.length;
}

/** All numbers of up to `length` digits of an alphabet. */
export function allNumbers(alphabet: string, length: number): string[] {
  let longest = [""];
  const all: string[] = [];
  for (let count = 0; count < length; count += 1) {
    longest = longest.flatMap((prefix) => Array.from(alphabet, (digit) => prefix + digit));
    all.push(...longest);
  }
  return all;
}
