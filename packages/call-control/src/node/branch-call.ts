import { drawOf } from "@mss/dial-plan";
import type { HubDecision, HubPlan } from "@mss/dial-plan";
import type { BranchId } from "@mss/model";
import type { ActiveCall } from "../call-control-types.ts";
import type { IncomingRequest } from "../drachtio/types.ts";
import { callingNumber } from "./calling-number.ts";
import type { CallingNumber } from "./calling-number.ts";
import { dialledNumber } from "./dialled-number.ts";
import { sessionIdOf } from "./session-id.ts";

export interface BranchCallOptions {
  readonly plan: HubPlan<BranchId>;
  readonly activeCalls: () => readonly ActiveCall[];
  readonly atMs: number;
}

/** What the rules of the federation say of a call that a branch brings. */
export interface BranchCall {
  readonly calling: CallingNumber;
  /** Digits of From; undefined when they are none. */
  readonly from: string | undefined;
  /** Whose the number is that answers for the call: another than the branch may not call under it. */
  readonly ownerOfCalling: BranchId | undefined;
  readonly route: HubDecision<BranchId>;
}

/**
 * Asks the rules of the federation about a call of `branch`. Whoever takes calls of other branches decides by this, hub or
 * branch: one that is let in straight may do no more than through a hub.
 */
export function branchCall(
  invite: IncomingRequest,
  branch: BranchId,
  { plan, activeCalls, atMs }: BranchCallOptions,
): BranchCall {
  const ownerOf = (number: string): BranchId | undefined =>
    plan.numbers.targetOf(plan.federationNumber(branch, number));
  const calling = callingNumber(invite, branch, { ownerOf, activeCalls });
  const from = dialledNumber(invite.from.user);
  const route = plan.decide({
    number: dialledNumber(invite.called) ?? "",
    caller: calling.shown ?? from,
    foreignCaller: calling.shown === undefined && from !== calling.responsible,
    cameFrom: branch,
    atMs,
    draw: drawOf(sessionIdOf(invite) ?? invite.callId), // the same at every node that is asked for this call
  });
  return { calling, from, ownerOfCalling: ownerOf(calling.responsible), route };
}
