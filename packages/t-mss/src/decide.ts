import type { CallErrorCode } from "@mss/call-control";
import type { HubDecision as NumberRoute, HubTarget } from "@mss/dial-plan";
import type { Binding, BranchId } from "@mss/model";

/** What is known of a call when it is decided where it goes. */
export interface HubQuestion {
  readonly caller: BranchId;
  /** The branch that owns the calling number; undefined when nobody does. */
  readonly ownerOfCalling: BranchId | undefined;
  /** What the plan says of the called number. */
  readonly route: NumberRoute<BranchId>;
  /** Where a branch is registered now at this hub, oldest registration first. */
  readonly contactsOf: (branch: BranchId) => readonly Binding[];
}

/** One node of a branch that may take the call. */
export interface HubLeg {
  readonly target: HubTarget<BranchId>;
  readonly contact: Binding;
}

export type HubDecision =
  /** In the order in which they are to be tried; never empty. */
  | { readonly kind: "bridge"; readonly legs: readonly HubLeg[] }
  | { readonly kind: "reject"; readonly code: CallErrorCode };

/**
 * Where a call of a branch goes; the README has it as a table. A branch calls under its own numbers only. Nothing goes
 * back to where it came from: a branch that sends us its own number has another plan than we have, which is a loop and
 * not an unknown number.
 */
export function decide({ caller, ownerOfCalling, route, contactsOf }: HubQuestion): HubDecision {
  if (ownerOfCalling !== caller) {
    return { kind: "reject", code: "NOT_PERMITTED" };
  }
  switch (route.kind) {
    case "unknown": {
      return { kind: "reject", code: "UNKNOWN_NUMBER" };
    }
    case "blocked":
    case "emergency": {
      return { kind: "reject", code: "NOT_PERMITTED" };
    }
    case "backToOrigin": {
      return { kind: "reject", code: "CALL_LOOP" };
    }
    case "route": {
      // The node that registered last is the one that is surely there; the others are tried when it is silent.
      const legs = route.targets.flatMap((target) =>
        contactsOf(target.branch)
          .toReversed()
          .map((contact) => ({ target, contact })),
      );
      return legs.length === 0 ? { kind: "reject", code: "PEER_AWAY" } : { kind: "bridge", legs };
    }
  }
}
