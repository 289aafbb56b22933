import type { BridgePlan, CallTarget, LampPlan, Step } from "@mss/call-control";
import { next } from "@mss/call-control";
import { branchLabel } from "@mss/call-control/node";
import type { IdentifiedCall } from "./identify.ts";

/** A number is watched at the branch that a call to it would go to; what a call is refused for, a lamp is. */
export function planWatch(plan: Step<IdentifiedCall, BridgePlan>): Step<IdentifiedCall, LampPlan> {
  return async (identified) => {
    const { invite, caller } = identified;
    const origin = branchLabel(caller.branch);
    const locate = async (): Promise<readonly CallTarget[]> => {
      const verdict = await plan(identified);
      return verdict.kind === "next" ? verdict.ctx.steps.flatMap(({ targets }) => targets) : [];
    };
    const verdict = await plan(identified);
    if (verdict.kind === "reply" && verdict.code !== "PEER_AWAY") {
      return verdict;
    }
    return next({
      origin,
      trusted: true,
      key: `${caller.branch} ${invite.called}`,
      source: { kind: "remote", locate },
    });
  };
}
