import { BlockColumns, powerOfTen } from "../blocks.ts";
import { parsePattern } from "../number-pattern.ts";
import type { NumberPattern } from "../number-pattern.ts";
import { isMoreExact } from "./exactness.ts";
import type { FederationRules, RuleName } from "./federation-rules.ts";
import type { HubPlanParts } from "./hub-plan-parts.ts";

/** A rule that may decide about a number. `isSure`: it does whenever none of the rules before it does. */
export interface PossibleRule {
  readonly rule: RuleName;
  readonly isSure: boolean;
}

/** Every rule that decides about a number for some call, the most exact first; as if `withoutRoute` were not there. */
export function possibleRules<Branch extends string>(
  { routes, numbers }: HubPlanParts<Branch>,
  number: string,
  withoutRoute: string | undefined,
): readonly PossibleRule[] {
  const owner = numbers.match(number);
  const possible: PossibleRule[] = [];
  const unconditionalFrom = new Map<string, boolean>();
  for (const match of routes.matches(number)) {
    if (owner !== undefined && isMoreExact(owner, match)) {
      break;
    }
    const { id, conditions } = match.value;
    if (id === withoutRoute) {
      continue;
    }
    const { from, when } = conditions;
    // a calendar open and not open, both for all branches, leave no time for what comes after
    const key = when?.calendar.id;
    const completes = from === undefined && key !== undefined && unconditionalFrom.get(key) === !when?.not;
    const isSure = conditions.count === 0 || completes;
    possible.push({ rule: { kind: "route", id }, isSure });
    if (isSure) {
      return possible;
    }
    if (from === undefined && key !== undefined) {
      unconditionalFrom.set(key, when?.not === true);
    }
  }
  return owner === undefined
    ? possible
    : [...possible, { rule: { kind: "numbers", branch: owner.target }, isSure: true }];
}

/** So that a proof takes time in proportion to the rules, whatever they are. */
const MAX_PIECES = 2_000;

/**
 * Cuts patterns into pieces such that the same rules have all numbers of a piece. Exact up to MAX_PIECES pieces of a
 * pattern; a pattern with more is not cut.
 */
export class PatternCutter {
  readonly #borders = new Map<number, number[]>();
  readonly #prefixes: readonly string[];

  constructor(rules: FederationRules<string>) {
    const { branches, routes = [], blocked = [] } = rules;
    const lists = [
      ...[...branches, ...routes, ...blocked].map(({ numbers }) => numbers),
      ...blocked.map(({ except = [] }) => except),
    ];
    const texts = lists.flat();
    const patterns = texts.flatMap((text) => {
      const parsed = parsePattern(text);
      return parsed.kind === "pattern" ? [parsed.pattern] : [];
    });
    this.#prefixes = patterns.flatMap((pattern) => (pattern.kind === "open" ? [pattern.prefix] : []));
    const borders = new Map<number, Set<number>>();
    for (const pattern of patterns) {
      if (pattern.kind === "closed") {
        const digits = pattern.low.length;
        const known = borders.get(digits) ?? new Set();
        borders.set(digits, known);
        const blocks = new BlockColumns();
        blocks.addRange(Number(pattern.low), Number(pattern.high), 0);
        for (let block = 0; block < blocks.length; block += 1) {
          known.add(blocks.start(block)).add(blocks.end(block));
        }
      }
    }
    for (const [digits, known] of borders) {
      for (const prefix of this.#prefixes.filter(({ length }) => length <= digits)) {
        const size = powerOfTen(digits - prefix.length);
        known.add(Number(prefix) * size).add((Number(prefix) + 1) * size);
      }
      this.#borders.set(
        digits,
        [...known].toSorted((one, other) => one - other),
      );
    }
  }

  /** Pieces as patterns; the first number of each stands for all of it. Undefined when there are too many. */
  cut(pattern: NumberPattern): readonly NumberPattern[] | undefined {
    const pieces = pattern.kind === "closed" ? this.#cutClosed(pattern) : this.#cutOpen(pattern.prefix);
    return pieces.length > MAX_PIECES ? undefined : pieces;
  }

  #cutClosed({ low, high }: Extract<NumberPattern, { kind: "closed" }>): readonly NumberPattern[] {
    const digits = low.length;
    const [first, end] = [Number(low), Number(high) + 1];
    const borders = this.#borders.get(digits) ?? [];
    const from = positionAfter(borders, first);
    const inside = borders.slice(from, Math.min(from + MAX_PIECES + 1, positionAfter(borders, end - 1)));
    const text = (value: number): string => String(value).padStart(digits, "0");
    return [first, ...inside].map((start, position) => ({
      kind: "closed",
      low: text(start),
      high: text((inside[position] ?? end) - 1),
    }));
  }

  /** Each length that closed patterns have, and the open prefixes below this one. */
  #cutOpen(prefix: string): readonly NumberPattern[] {
    const inside = this.#prefixes.filter((other) => other.startsWith(prefix) && other !== prefix);
    const open = [prefix, ...new Set(inside)].map((each): NumberPattern => ({ kind: "open", prefix: each }));
    const closed = [...this.#borders.keys()]
      .filter((digits) => digits >= prefix.length)
      .flatMap((digits) =>
        this.#cutClosed({ kind: "closed", low: prefix.padEnd(digits, "0"), high: prefix.padEnd(digits, "9") }),
      );
    return [...open, ...closed];
  }
}

/** Of the first border above a value. */
function positionAfter(borders: readonly number[], value: number): number {
  let [low, high] = [0, borders.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((borders[middle] ?? 0) > value) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/** A number of the piece; of an open prefix a long one, which no closed pattern has. */
export function sampleOf(piece: NumberPattern): string {
  return piece.kind === "closed" ? piece.low : piece.prefix.padEnd(MAX_SAMPLE_DIGITS, "0");
}

const MAX_SAMPLE_DIGITS = 16;
