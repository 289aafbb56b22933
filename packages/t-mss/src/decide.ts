import type { CallErrorCode } from "@mss/call-control";
import type { HubDecision as NumberRoute } from "@mss/dial-plan";
import type { Binding, BranchId } from "@mss/model";

/** What is known of a call when it is decided where it goes. */
export interface HubQuestion {
  readonly caller: BranchId;
  /** The branch that owns the calling number; undefined when nobody does. */
  readonly ownerOfCalling: BranchId | undefined;
  /** What the plan says of the called number. */
  readonly route: NumberRoute<BranchId>;
  /** Where the owner of the called number is registered now, oldest registration first. */
  readonly contacts: readonly Binding[];
}

export type HubDecision =
  /** `contacts` in the order in which they are to be tried. */
  | { readonly kind: "bridge"; readonly to: BranchId; readonly contacts: readonly Binding[] }
  | { readonly kind: "reject"; readonly code: CallErrorCode };

/**
 * Where a call of a branch goes; the README has it as a table. A branch calls under its own numbers only. Nothing goes
 * back to where it came from: a branch that sends us its own number has another plan than we have, which is a loop and
 * not an unknown number.
 */
export function decide({ caller, ownerOfCalling, route, contacts }: HubQuestion): HubDecision {
  if (ownerOfCalling !== caller) {
    return { kind: "reject", code: "NOT_PERMITTED" };
  }
  if (route.kind === "unknown") {
    return { kind: "reject", code: "UNKNOWN_NUMBER" };
  }
  if (route.kind === "backToOrigin") {
    return { kind: "reject", code: "CALL_LOOP" };
  }
  // The node that registered last is the one that is surely there; the others are tried when it is silent.
  return contacts.length === 0
    ? { kind: "reject", code: "PEER_AWAY" }
    : { kind: "bridge", to: route.branch, contacts: contacts.toReversed() };
}
