import { parsePattern, patternContains } from "../number-pattern.ts";
import type { NumberPattern } from "../number-pattern.ts";
import type { BranchNumbers, FederationRules } from "./federation-rules.ts";
import type { HubPlan } from "./hub-plan.ts";
import { sampleOf } from "./possible-rules.ts";
import type { PatternCutter } from "./possible-rules.ts";

type ClosedPattern = Extract<NumberPattern, { kind: "closed" }>;

/** Numbers between two ranges of a branch that nobody answers. */
export interface NumberGap {
  readonly branch: string;
  readonly before: NumberPattern;
  readonly after: NumberPattern;
  readonly numbers: readonly NumberPattern[];
}

/**
 * Holes in the numbers of a branch, as one that was forgotten when a block was split. A hole that is wider than the two
 * ranges beside it together is none: so far apart are ranges that have nothing to do with each other. Numbers that a route,
 * another branch or a blocking rule has are not in a hole.
 */
export function findGaps<Branch extends string>(
  rules: FederationRules<Branch>,
  plan: HubPlan<Branch>,
  cutter: PatternCutter,
): readonly NumberGap[] {
  const blocked = (rules.blocked ?? []).flatMap(({ numbers }) => patternsOf(numbers));
  const isNobodys = (piece: NumberPattern): boolean => {
    const sample = sampleOf(piece);
    return plan.possibleRules(sample).length === 0 && !blocked.some((pattern) => patternContains(pattern, sample));
  };
  return rules.branches.flatMap((branch) =>
    holesOf(branch).flatMap(({ hole, ...sides }) => {
      const numbers = joined((cutter.cut(hole) ?? []).filter(isNobodys));
      return numbers.length === 0 ? [] : [{ ...sides, branch: branch.id, numbers }];
    }),
  );
}

interface Hole {
  readonly before: ClosedPattern;
  readonly after: ClosedPattern;
  readonly hole: ClosedPattern;
}

function holesOf({ numbers }: BranchNumbers<string>): readonly Hole[] {
  const ranges = patternsOf(numbers)
    .filter((pattern) => pattern.kind === "closed")
    .toSorted((one, other) => one.low.length - other.low.length || Number(one.low) - Number(other.low));
  const holes: Hole[] = [];
  let [before] = ranges;
  for (const after of ranges.slice(1)) {
    const hole = before && holeBetween(before, after);
    if (before !== undefined && hole !== undefined) {
      holes.push({ before, after, hole });
    }
    const isFurther = before === undefined || after.low.length > before.low.length || after.high > before.high;
    before = isFurther ? after : before;
  }
  return holes;
}

function holeBetween(before: ClosedPattern, after: ClosedPattern): ClosedPattern | undefined {
  const digits = before.low.length;
  const width = Number(after.low) - Number(before.high) - 1;
  if (after.low.length !== digits || width < 1 || width > sizeOf(before) + sizeOf(after)) {
    return undefined;
  }
  const text = (value: number): string => String(value).padStart(digits, "0");
  return { kind: "closed", low: text(Number(before.high) + 1), high: text(Number(after.low) - 1) };
}

function sizeOf({ low, high }: ClosedPattern): number {
  return Number(high) - Number(low) + 1;
}

/** Pieces that meet as one. */
function joined(pieces: readonly NumberPattern[]): readonly NumberPattern[] {
  const whole: NumberPattern[] = [];
  for (const piece of pieces) {
    const last = whole.at(-1);
    if (last?.kind === "closed" && piece.kind === "closed" && Number(last.high) + 1 === Number(piece.low)) {
      whole[whole.length - 1] = { ...last, high: piece.high };
    } else {
      whole.push(piece);
    }
  }
  return whole;
}

function patternsOf(texts: readonly string[]): readonly NumberPattern[] {
  return texts.flatMap((text) => {
    const parsed = parsePattern(text);
    return parsed.kind === "pattern" ? [parsed.pattern] : [];
  });
}
