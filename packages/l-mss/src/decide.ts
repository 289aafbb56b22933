import type { CallErrorCode } from "@mss/call-control";
import { isSameHost } from "@mss/call-control/node";
import type { BranchDecision as NumberRoute } from "@mss/dial-plan";
import type { Binding, TransportAddress } from "@mss/model";
import type { Caller } from "./caller.ts";

/** What is known of a call when it is decided where it goes. */
export interface BranchQuestion {
  readonly caller: Caller;
  /** Where the INVITE came from. */
  readonly source: TransportAddress;
  /** Digits, as the branch's phones have the number. */
  readonly called: string;
  /** What the numbers of the branch say of it. */
  readonly route: NumberRoute["kind"];
  /** Whether the branch has an extension of that number. */
  readonly configured: boolean;
  /** The extension's live contacts. */
  readonly contacts: readonly Binding[];
}

export type BranchDecision =
  | { readonly kind: "ring"; readonly contacts: readonly Binding[] }
  | { readonly kind: "uplink" }
  /** Over a carrier line. */
  | { readonly kind: "outside" }
  /** Connect it within the branch, by the ways that the settings name. */
  | { readonly kind: "emergency" }
  | { readonly kind: "reject"; readonly code: CallErrorCode };

function isSamePhone(binding: Binding, source: TransportAddress): boolean {
  const { transport, host, port } = binding.source;
  return transport === source.transport && port === source.port && isSameHost(host, source.host);
}

/**
 * Where a call goes; the README has it as a table. A number of this branch never leaves it, and a call from a hub or
 * another branch never goes on to one, nor does one of a carrier go anywhere else: to its caller the number is unknown. Who calls the own number rings the other phones of it, and is
 * busy when there is none.
 */
export function decide({ caller, source, called, route, configured, contacts }: BranchQuestion): BranchDecision {
  if (route === "uplink" || route === "emergency" || route === "outside") {
    return { kind: route };
  }
  if (route === "blocked") {
    return { kind: "reject", code: "NOT_PERMITTED" };
  }
  if (route === "backToOrigin" || !configured) {
    return { kind: "reject", code: "UNKNOWN_NUMBER" };
  }
  if (contacts.length === 0) {
    return { kind: "reject", code: "NOT_REGISTERED" };
  }
  if (caller.kind !== "extension" || caller.number !== called) {
    return { kind: "ring", contacts };
  }
  const others = contacts.filter((binding) => !isSamePhone(binding, source));
  return others.length === 0 ? { kind: "reject", code: "TARGET_BUSY" } : { kind: "ring", contacts: others };
}
