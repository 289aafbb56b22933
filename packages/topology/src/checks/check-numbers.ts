import { compileDialPlan, findOverlaps, formatPattern, patternContains } from "@mss/dial-plan";
import type { DialPlan, NumberPattern, Overlap } from "@mss/dial-plan";
import type { NodeFacts, Statement } from "../document/facts.ts";
import type { FaultCollector, FaultText } from "../fault.ts";
import { formatPlace } from "../place.ts";

/** More would take long to look through; a federation of this size has a handful. */
const MAX_OVERLAPS = 20_000;

interface OwnedNumbers extends Statement<NumberPattern> {
  readonly branch: string;
}

/** Every number has at most one owner, or one that is more exact than the others. */
export function checkNumbers(branches: readonly NodeFacts[], collector: FaultCollector): void {
  const owned: readonly OwnedNumbers[] = branches.flatMap(({ id, numbers }) =>
    numbers.map((statement) => ({ ...statement, branch: id })),
  );
  let count = 0;
  for (const { first, second, overlap } of findOverlaps(owned.map(({ value }) => value))) {
    const [one, other] = [owned[first], owned[second]];
    if (one === undefined || other === undefined) {
      continue;
    }
    count += 1;
    if (count > MAX_OVERLAPS) {
      const message = `more than ${MAX_OVERLAPS} pairs of number patterns overlap`;
      const advice = "write wider patterns, and each number once";
      collector.fault(other.place, { code: "too-large", path: other.path, message, advice });
      break;
    }
    reportOverlap({ one, other, overlap }, collector);
  }
}

interface OwnedOverlap {
  readonly one: OwnedNumbers;
  readonly other: OwnedNumbers;
  readonly overlap: Overlap;
}

function reportOverlap({ one, other, overlap }: OwnedOverlap, collector: FaultCollector): void {
  const [mine, theirs] = [formatPattern(other.value), formatPattern(one.value)];
  const where = formatPlace(one.place);
  const text = (code: FaultText["code"], message: string, advice: string): FaultText => ({
    code,
    path: other.path,
    message,
    advice,
    other: one.place,
  });
  if (one.branch === other.branch) {
    const message = `${mine} repeats numbers of ${theirs} of the same branch (${where}): ${formatPattern(overlap.shared)}`;
    collector.warn(other.place, text("numbers-repeated", message, "leave one of them out"));
    return;
  }
  const isNested = overlap.relation === "firstInsideSecond" || overlap.relation === "secondInsideFirst";
  if (isNested && !isTie(one.value, other.value)) {
    const [inner, outer] = overlap.relation === "secondInsideFirst" ? [other, one] : [one, other];
    const message =
      `${mine} of ${other.branch} and ${theirs} of ${one.branch} (${where}) share ${formatPattern(overlap.shared)}: ` +
      `it goes to ${inner.branch}, which is more exact`;
    const advice = `take ${formatPattern(inner.value)} out of ${outer.branch}'s numbers if that is not meant`;
    collector.warn(other.place, text("numbers-nested", message, advice));
    return;
  }
  const message = `${mine} of ${other.branch} and ${theirs} of ${one.branch} (${where}) both own ${formatPattern(overlap.shared)}`;
  const advice = `leave ${formatPattern(overlap.shared)} to one of the two`;
  collector.fault(other.place, text("numbers-disputed", message, advice));
}

/** Nested, and yet not more exact: both ranges are cut into the same prefix block somewhere. */
function isTie(one: NumberPattern, other: NumberPattern): boolean {
  const compiled = compileDialPlan([
    { pattern: one, target: "one" },
    { pattern: other, target: "other" },
  ]);
  return compiled.kind === "conflicting";
}

/** The plan of all branches; undefined while numbers are in dispute. */
export function planOf(branches: readonly NodeFacts[]): DialPlan<string> | undefined {
  const compiled = compileDialPlan(
    branches.flatMap(({ id, numbers }) => numbers.map(({ value }) => ({ pattern: value, target: id }))),
  );
  return compiled.kind === "compiled" ? compiled.plan : undefined;
}

/** Whether one of the branch's own patterns has the number, whoever else may have it too. */
export function ownsNumber(branch: NodeFacts, number: string): boolean {
  return branch.numbers.some(({ value }) => patternContains(value, number));
}
