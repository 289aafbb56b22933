import type { Risk } from "./topology-diff.ts";

/** Numbers that nobody had hurt nobody; ones that nobody has any more cannot be called. */
export function riskOfNumbers(from: string | undefined, to: string | undefined): Risk {
  if (to === undefined) {
    return "dangerous";
  }
  return from === undefined ? "low" : "high";
}

const ITEM_RISKS: Readonly<Record<string, Readonly<Record<"added" | "removed", Risk>>>> = {
  hubs: { added: "low", removed: "dangerous" },
  branches: { added: "low", removed: "dangerous" },
};

/** A rule may turn calls of any branch: `high` unless said otherwise. */
export function riskOfItem(section: string, kind: "added" | "removed"): Risk {
  return ITEM_RISKS[section]?.[kind] ?? "high";
}

interface ChangedValue {
  readonly section: string;
  readonly key: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** By section and key; a key that is not here is `high`. */
const VALUE_RISKS: Readonly<Record<string, (change: ChangedValue) => Risk>> = {
  ".federation": () => "dangerous",
  "branches.name": () => "none",
  "branches.emergency": () => "dangerous",
  "branches.siteCode": () => "dangerous",
  "branches.direct": ({ to }) => (to === true ? "low" : "high"),
  "branches.maxCalls": ({ from, to }) => (isLoosened(from, to) ? "low" : "high"),
};

export function riskOfValue(change: ChangedValue): Risk {
  return VALUE_RISKS[`${change.section}.${change.key}`]?.(change) ?? "high";
}

/** A limit that is left out is none. */
function isLoosened(from: unknown, to: unknown): boolean {
  return to === undefined || (typeof from === "number" && typeof to === "number" && to > from);
}
