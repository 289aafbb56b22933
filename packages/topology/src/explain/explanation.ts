import type { BranchDecision, CandidateVerdict, HubDecision } from "@mss/dial-plan";
import type { BranchId, HubId } from "@mss/model";

/** One entry of a dial plan that matched the number, or nearly. */
export interface ExplainedCandidate {
  /** In the shortest notation: `4xxx`. */
  readonly pattern: string;
  readonly branch: BranchId;
  readonly verdict: CandidateVerdict;
}

/** What one node makes of the call, in the order in which the call comes to them. */
export type ExplanationStep =
  | {
      /** The branch of the caller, by the number that calls. */
      readonly kind: "origin";
      readonly branch: BranchId;
      readonly number: string;
      /** Whether a phone may register under that number; if not, nobody can place this call. */
      readonly isExtension: boolean;
      readonly name?: string;
    }
  | {
      readonly kind: "branch";
      readonly branch: BranchId;
      readonly number: string;
      readonly decision: BranchDecision["kind"];
      /** Set when the decision is `local`. */
      readonly isExtension?: boolean;
      readonly name?: string;
      /** The branch's hubs in the order in which it tries them; set when the decision is `uplink`. */
      readonly hubs?: readonly HubId[];
    }
  | {
      readonly kind: "hub";
      readonly hub: HubId;
      readonly number: string;
      /** `noTrunk`: the owner of the number is not connected to this hub. */
      readonly decision: HubDecision<BranchId>["kind"] | "noTrunk";
      readonly branch?: BranchId;
      readonly candidates: readonly ExplainedCandidate[];
    };

export type ExplanationOutcome =
  /** The call stays in the branch, or is bridged to another; without an extension of that number the caller gets 404. */
  | {
      readonly kind: "local" | "bridged";
      readonly branch: BranchId;
      readonly number: string;
      readonly isExtension: boolean;
      readonly name?: string;
      /** Every node on the way. */
      readonly path: readonly (BranchId | HubId)[];
    }
  | {
      readonly kind: "refused";
      /** What the caller's phone gets. */
      readonly status: number;
      readonly reason: string;
      readonly path: readonly (BranchId | HubId)[];
    };

/** Why a call goes where it goes, as data. It tells of the topology alone: not who is registered, nor which hub is up. */
export interface Explanation {
  /** Digits where they are numbers, else as given. */
  readonly from: string;
  readonly to: string;
  readonly steps: readonly ExplanationStep[];
  readonly outcome: ExplanationOutcome;
}
