import type { BranchDecision, HubDecision, NumberRewrite, RuleVerdict } from "@mss/dial-plan";
import type { BranchId, HubId } from "@mss/model";

/** A rule that was considered for a number, and what became of it. */
export interface ExplainedRule {
  /** `numbers of london`, `route support`, `blocked premium`, `emergency of hk`. */
  readonly rule: string;
  /** The rule's pattern in its shortest notation: `4xxx`. */
  readonly numbers: string;
  readonly verdict: RuleVerdict;
}

/** One look-up in a hub's plan: of the dialled number first, then of what routes made of it. */
export interface ExplainedLookup {
  readonly number: string;
  readonly rules: readonly ExplainedRule[];
  /** Set when a route applies. */
  readonly leadsTo?: readonly ExplainedLead[];
}

export interface ExplainedLead {
  readonly rewrite: NumberRewrite;
  /** Absent when nothing is left of the number. */
  readonly number?: string;
  readonly priority: number;
  /** Part of the calls that tries it before the others of its priority, 0 to 1. */
  readonly share: number;
}

/** A change of the called or the calling number on the way, by `by`: `route support`, `site code of hk`. */
export interface ExplainedRewrite {
  readonly what: "called" | "caller";
  readonly from: string;
  readonly to: string;
  readonly by: string;
}

/** The line to a branch, as a running hub sees it. */
export interface TrunkState {
  readonly state: "up" | "down";
  /** Of all hubs together. */
  readonly calls: number;
  /** Absent: no limit. */
  readonly maxCalls?: number;
}

/** A branch that may take the call, and how the call arrives there. */
export interface ExplainedTarget {
  readonly branch: BranchId;
  readonly called: string;
  /** What the callee sees; absent when the caller has no number. */
  readonly caller?: string;
  /** How the two numbers became what they are, in this order. */
  readonly rewrites: readonly ExplainedRewrite[];
  /** False when the trunk of the branch does not lead to this hub. */
  readonly hasTrunk: boolean;
  /** Only when a running hub was asked. */
  readonly trunk?: TrunkState;
}

/** What one node makes of the call, in the order in which the call comes to them. */
export type ExplanationStep =
  | {
      /** The branch of the caller, by the number that calls. */
      readonly kind: "origin";
      readonly branch: BranchId;
      /** As the branch's own phones have it. */
      readonly number: string;
      /** The clock at the branch: `sat 23:00 (2026-11-28)`. */
      readonly localTime: string;
      /** Whether a phone may register under that number; if not, nobody can place this call. Absent when not known. */
      readonly isExtension?: boolean;
      readonly name?: string;
    }
  | {
      readonly kind: "branch";
      readonly branch: BranchId;
      readonly number: string;
      readonly decision: BranchDecision["kind"];
      readonly rules: readonly ExplainedRule[];
      /** Set when the decision is `local` and the phones of the branch are known. */
      readonly isExtension?: boolean;
      readonly name?: string;
      /** The branch's hubs in the order in which it tries them; set when the decision is `uplink`. */
      readonly hubs?: readonly HubId[];
      /** Branches that it calls straight when no hub can be reached; set when the decision is `uplink` and there are any. */
      readonly straightTo?: readonly BranchId[];
      /** After those, the public number (E.164) and the carrier lines; set when the decision is `uplink` and there are any. */
      readonly overflow?: { readonly number: string; readonly lines: readonly string[] };
      /** The number behind the outside prefix, and the carrier lines that are tried in this order; set when the decision is `outside`. */
      readonly outside?: string;
      readonly lines?: readonly string[];
      /** Where an emergency call goes, in this order: extensions, gateways and carrier lines. Absent when not known. */
      readonly ways?: readonly string[];
    }
  | {
      readonly kind: "hub";
      /** Absent when it is not known which hubs the branch has. */
      readonly hub?: HubId;
      readonly number: string;
      /** `noTrunk`: no branch that may take the call is connected to this hub, or none of them is up. */
      readonly decision: HubDecision<BranchId>["kind"] | "noTrunk";
      /** What could have forbidden the call. */
      readonly barring: readonly ExplainedRule[];
      readonly lookups: readonly ExplainedLookup[];
      /** In the order in which they are tried. */
      readonly targets: readonly ExplainedTarget[];
      /** The trunk of the branch that calls; only when a running hub was asked. */
      readonly originTrunk?: TrunkState;
    };

type Path = readonly (BranchId | HubId)[];

export type ExplanationOutcome =
  /** The call stays in the branch, or is bridged to another; without an extension of that number the caller gets 404. */
  | {
      readonly kind: "local" | "bridged";
      readonly branch: BranchId;
      /** As the callee's branch has it. */
      readonly number: string;
      /** Absent when the phones of the branch are not known. */
      readonly isExtension?: boolean;
      readonly name?: string;
      /** Every node on the way. */
      readonly path: Path;
    }
  /** A call for help, which its branch connects by itself. */
  | { readonly kind: "emergency"; readonly branch: BranchId; readonly ways?: readonly string[]; readonly path: Path }
  /** Over the first carrier line of these that takes it. */
  | {
      readonly kind: "outside";
      readonly branch: BranchId;
      /** Without the outside prefix; the public number (E.164) of a callee in another branch that no hub reaches. */
      readonly number: string;
      readonly lines: readonly string[];
      readonly path: Path;
    }
  | {
      readonly kind: "refused";
      /** What the caller's phone gets. */
      readonly status: number;
      readonly reason: string;
      readonly path: Path;
    };

/**
 * Why a call goes where it goes, as data. It tells of the rules, and, when a running hub was asked, of its trunks; not
 * of which phones are registered.
 */
export interface Explanation {
  /** Digits where they are numbers, else as given. */
  readonly from: string;
  readonly to: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Revision of the plan in force; only when a running hub was asked. */
  readonly revision?: number;
  readonly steps: readonly ExplanationStep[];
  readonly outcome: ExplanationOutcome;
}
