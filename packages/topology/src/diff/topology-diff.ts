import type { BranchId } from "@mss/model";

/** How much a change may hurt, the least first. `topology/README.md` says what each class means. */
export const RISKS = ["none", "low", "high", "dangerous"] as const;
export type Risk = (typeof RISKS)[number];

/** Numbers that get another owner; absent: nobody. Patterns are in the notation of the topology file. */
export interface NumbersChange {
  readonly kind: "numbers";
  readonly numbers: string;
  readonly from?: BranchId;
  readonly to?: BranchId;
  /** Numbers inside an open prefix that stay as they are. */
  readonly except: readonly string[];
  readonly risk: Risk;
}

/** A node or a rule that comes or goes, such as section `branches` and id `hk`. */
export interface ItemChange {
  readonly kind: "added" | "removed";
  readonly section: string;
  readonly id: string;
  readonly risk: Risk;
}

/** A value within the section, or of the federation itself (section and id empty). Absent: it was or will be left out. */
export interface ValueChange {
  readonly kind: "changed";
  readonly section: string;
  readonly id: string;
  readonly key: string;
  readonly from?: unknown;
  readonly to?: unknown;
  readonly risk: Risk;
}

export type TopologyChange = NumbersChange | ItemChange | ValueChange;

export interface TopologyDiff {
  /** Hash of the snapshot before; absent when there was none. */
  readonly before?: string;
  readonly after: string;
  /** Numbers first, then nodes, then rules. Empty: the two say the same. */
  readonly changes: readonly TopologyChange[];
  /** That of the gravest change; `none` without changes. */
  readonly risk: Risk;
  /** Part of the numbers that had an owner and would have none, 0 to 1; see `compareOwnership` of `@mss/dial-plan`. */
  readonly lostShare: number;
  /** Why the change must not be made by mistake: it takes away all numbers, or more than a fifth. */
  readonly needsForce?: "allNumbers" | "manyNumbers";
}
