import { compileDialPlan, findOverlaps, formatPattern } from "@mss/dial-plan";
import type { DialPlan } from "@mss/dial-plan";
import type { ExtensionFact, NodeFacts, Statement } from "../document/facts.ts";
import type { FaultCollector } from "../fault.ts";
import { formatPlace } from "../place.ts";
import { numbersFromTo } from "../numbers-from-to.ts";

/** More would drown the first of them. */
const MAX_REPEATS_SHOWN = 100;

/** Ranges are written out into the memory of the branch. */
export const MAX_EXTENSIONS_PER_BRANCH = 20_000;

/** Every extension is its branch's own number, and is configured once. `plan` is undefined while numbers are in dispute. */
export function checkExtensions(
  branch: NodeFacts,
  plan: DialPlan<string> | undefined,
  collector: FaultCollector,
): void {
  let count = 0;
  const compiled = compileDialPlan(branch.numbers.map(({ value }) => ({ pattern: value, target: branch.id })));
  const own = compiled.kind === "compiled" ? compiled.plan : undefined; // one target cannot conflict with itself
  for (const extension of branch.extensions) {
    const { low, high } = extension.value.pattern;
    const size = Number(high) - Number(low) + 1;
    count += size;
    if (count > MAX_EXTENSIONS_PER_BRANCH) {
      const message = `${branch.id} has more than ${MAX_EXTENSIONS_PER_BRANCH} extensions`;
      const advice = "list the numbers that have a phone; the branch may own more";
      collector.fault(extension.place, { code: "too-many-extensions", path: extension.path, message, advice });
      break;
    }
    if (own !== undefined && own.size > 0) {
      checkOwner({ branch, extension, own, plan }, collector);
    }
  }
  checkRepeats(branch, collector);
}

interface ExtensionCheck {
  readonly branch: NodeFacts;
  readonly extension: Statement<ExtensionFact>;
  readonly own: DialPlan<string>;
  readonly plan: DialPlan<string> | undefined;
}

/** Says the first number that is not the branch's; the rest of a range is mostly wrong for the same reason. */
function checkOwner({ branch, extension, own, plan }: ExtensionCheck, collector: FaultCollector): void {
  const { path, place } = extension;
  const { low, high } = extension.value.pattern;
  const code = "extension-outside-numbers";
  const siteCode = branch.node.entries.get("siteCode")?.plain;
  const front = typeof siteCode === "string" ? siteCode : "";
  for (const number of numbersFromTo(low, high)) {
    if (own.targetOf(front + number) === undefined) {
      const patterns = branch.numbers.map(({ value }) => formatPattern(value)).join(", ");
      const message = `extension ${number} is not among the numbers of ${branch.id} (${patterns})`;
      collector.fault(place, { code, path, message, advice: `add it to numbers, or take another number` });
      return;
    }
    const owner = plan?.lookup(front + number);
    if (owner !== undefined && owner.target !== branch.id) {
      const message = `extension ${number} of ${branch.id} belongs to ${owner.target} by ${formatPattern(owner.pattern)}, which is more exact`;
      collector.fault(place, {
        code,
        path,
        message,
        advice: `take another number, or change ${owner.target}'s numbers`,
      });
      return;
    }
  }
}

function checkRepeats(branch: NodeFacts, collector: FaultCollector): void {
  const overlaps = findOverlaps(branch.extensions.map(({ value }) => value.pattern));
  for (const { first, second, overlap } of overlaps.take(MAX_REPEATS_SHOWN)) {
    const [one, other] = [branch.extensions[first], branch.extensions[second]];
    if (one !== undefined && other !== undefined) {
      collector.fault(other.place, {
        code: "extension-twice",
        path: other.path,
        message: `"${other.value.key}" and "${one.value.key}" (${formatPlace(one.place)}) both have ${formatPattern(overlap.shared)}`,
        advice: `leave ${formatPattern(overlap.shared)} to one of the two`,
        other: one.place,
      });
    }
  }
}
