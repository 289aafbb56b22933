import { next } from "@mss/call-control";
import type { BridgePlan, CallControl, Step } from "@mss/call-control";
import type { Logger } from "@mss/runtime";
import { callerLabel } from "./caller.ts";
import type { IdentifiedCall } from "./identify.ts";

export interface TakeOverOptions {
  readonly calls: () => Pick<CallControl, "standingOf">;
  /** Of a call that is not here yet. */
  readonly plan: Step<IdentifiedCall, BridgePlan>;
  readonly log: Logger;
}

/**
 * A call that has been brought here already by another hub: the calling branch has lost that one and comes by the next, or straight. Its
 * phone rings on, or is connected if it has answered. What the first hub held back and brings late does not ring.
 */
export function takeOver({ calls, plan, log }: TakeOverOptions): Step<IdentifiedCall, BridgePlan> {
  return async (call) => {
    const { invite, caller } = call;
    if (caller.kind === "extension" || caller.kind === "carrier") {
      return plan(call);
    }
    const origin = callerLabel(caller);
    const standing = calls().standingOf(invite, caller.kind === "branch" ? caller.called : invite.called);
    switch (standing.kind) {
      case "new": {
        return plan(call);
      }
      case "continues": {
        return next({ origin, trusted: true, steps: [], continues: standing.call });
      }
      case "stale": {
        log.info({ peer: origin, callId: invite.callId }, "attempt of a call that came by another way since");
        return { kind: "reply", status: 482, reason: "Merged Request" };
      }
      case "over": {
        return { kind: "reply", status: standing.status };
      }
      case "unknown": {
        return { kind: "reply", status: 481 };
      }
    }
  };
}
