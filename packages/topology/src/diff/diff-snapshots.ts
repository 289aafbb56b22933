import { compareOwnership, compileOwnership, formatPattern, lostShareOf } from "@mss/dial-plan";
import type { DialPlan, OwnershipComparison } from "@mss/dial-plan";
import type { BranchId, Snapshot } from "@mss/model";
import { TopologyError } from "../errors.ts";
import { canonicalJson } from "../snapshot.ts";
import { riskOfItem, riskOfNumbers, riskOfValue } from "./risk.ts";
import { RISKS } from "./topology-diff.ts";
import type { Risk, TopologyChange, TopologyDiff } from "./topology-diff.ts";

/** More than this part of the numbers is not taken away without being told to. */
const MANY_NUMBERS_SHARE = 0.2;

/** Told as numbers, range by range. */
const TOLD_AS_NUMBERS = "numbers";

/**
 * What changes from one snapshot to the next, number range by number range; `before` is undefined for the first one.
 * Throws UNDECIDED_NUMBERS for a snapshot whose numbers make no dial plan.
 */
export function diffSnapshots(before: Snapshot | undefined, after: Snapshot): TopologyDiff {
  const comparison = compareOwnership(planOf(before), planOf(after));
  const changes = [...numbersChanges(comparison), ...sectionChanges(before, after)];
  const force = needsForce(after, comparison.lostShare);
  return {
    ...(before === undefined ? {} : { before: before.hash }),
    after: after.hash,
    changes,
    risk: gravest(changes),
    lostShare: comparison.lostShare,
    ...(force === undefined ? {} : { needsForce: force }),
  };
}

/** Whether so many numbers have no owner any more that it needs force, from one plan to the next. */
export function takesManyNumbers<Target>(before: DialPlan<Target>, after: DialPlan<Target>): boolean {
  return lostShareOf(before, after) > MANY_NUMBERS_SHARE;
}

function planOf(snapshot: Snapshot | undefined): DialPlan<BranchId> {
  const branches = snapshot?.branches ?? [];
  const compiled = compileOwnership(branches.map(({ id, numbers }) => ({ numbers, target: id })));
  if (compiled.kind !== "compiled") {
    throw new TopologyError("UNDECIDED_NUMBERS", { hash: snapshot?.hash });
  }
  return compiled.plan;
}

function needsForce(after: Snapshot, lostShare: number): TopologyDiff["needsForce"] {
  if (lostShare > 0 && after.branches.every(({ numbers }) => numbers.length === 0)) {
    return "allNumbers";
  }
  return lostShare > MANY_NUMBERS_SHARE ? "manyNumbers" : undefined;
}

function gravest(changes: readonly TopologyChange[]): Risk {
  const present = new Set(changes.map(({ risk }) => risk)); // there may be a million changes
  return RISKS.findLast((risk) => present.has(risk)) ?? "none";
}

function numbersChanges({ changes }: OwnershipComparison<BranchId>): readonly TopologyChange[] {
  return changes.map(({ pattern, from, to, except }) => ({
    kind: "numbers",
    numbers: formatPattern(pattern),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    except: except.map(formatPattern),
    risk: riskOfNumbers(from, to),
  }));
}

type Item = Readonly<Record<string, unknown>> & { readonly id: string };

/** Everything that a snapshot has beside its hash: lists of things with an id, and single values. */
function sectionChanges(before: Snapshot | undefined, after: Snapshot): readonly TopologyChange[] {
  const { hash: _before, ...old } = before ?? { hash: "", federation: after.federation };
  const { hash: _after, ...next } = after;
  const names = new Set([...Object.keys(next), ...Object.keys(old)]);
  const oldValues = new Map<string, unknown>(Object.entries(old));
  const nextValues = new Map<string, unknown>(Object.entries(next));
  return [...names].flatMap((section) => {
    const [from, to] = [oldValues.get(section), nextValues.get(section)];
    return isItems(from ?? to)
      ? itemChanges(section, itemsOf(from), itemsOf(to))
      : valueChanges({ section: "", id: "" }, [section], { from: { [section]: from }, to: { [section]: to } });
  });
}

function itemChanges(section: string, from: readonly Item[], to: readonly Item[]): readonly TopologyChange[] {
  const old = new Map(from.map((item) => [item.id, item]));
  const next = new Map(to.map((item) => [item.id, item]));
  const ids = [...new Set([...old.keys(), ...next.keys()])].toSorted();
  return ids.flatMap((id): readonly TopologyChange[] => {
    const [one, other] = [old.get(id), next.get(id)];
    if (one === undefined || other === undefined) {
      const kind = one === undefined ? "added" : "removed";
      return [{ kind, section, id, risk: riskOfItem(section, kind) }];
    }
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    if (section === "branches") {
      keys.delete(TOLD_AS_NUMBERS);
    }
    return valueChanges({ section, id }, [...keys], { from: one, to: other });
  });
}

interface Values {
  readonly from: Readonly<Record<string, unknown>>;
  readonly to: Readonly<Record<string, unknown>>;
}

function valueChanges(
  where: { readonly section: string; readonly id: string },
  keys: readonly string[],
  values: Values,
): readonly TopologyChange[] {
  return keys.flatMap((key) => {
    const [from, to] = [values.from[key], values.to[key]];
    if (canonicalJson(from ?? null) === canonicalJson(to ?? null)) {
      return [];
    }
    const risk = riskOfValue({ section: where.section, key, from, to });
    const change = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    return [{ kind: "changed", ...where, key, ...change, risk }];
  });
}

function isItems(value: unknown): value is readonly Item[] {
  return (
    Array.isArray(value) && value.every((item: unknown) => typeof item === "object" && item !== null && "id" in item)
  );
}

function itemsOf(value: unknown): readonly Item[] {
  return isItems(value) ? value : [];
}
