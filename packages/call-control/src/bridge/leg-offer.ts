import type { CallLimits } from "../call-control-types.ts";
import { mergeHeaders } from "../drachtio/header-text.ts";
import type { IncomingRequest, SipHeaders } from "../drachtio/types.ts";
import type { LegOffer } from "./callee-leg.ts";
import type { Attempt } from "./header-policy.ts";
import { inviteHeaders, sessionIdHeader, withoutReliability } from "./header-policy.ts";
import { asksToBeHidden, callerHeaders } from "./identity.ts";
import { PATH_HEADER, pathValue } from "./path.ts";
import { withSessionOffer } from "./session-timer.ts";
import type { BridgePlan, CallTarget } from "./types.ts";

export interface OfferContext {
  readonly invite: IncomingRequest;
  readonly plan: BridgePlan;
  readonly sessionId: string;
  readonly limits: Required<CallLimits>;
  /** No other target rings with this one. */
  readonly alone: boolean;
  readonly attempt: Attempt;
  /** This one. */
  readonly node: string;
}

/** The INVITE that a target gets: by the header policy, then by what the plan says for this target. */
export function legOffer(
  { invite, plan, sessionId, limits, alone, attempt, node }: OfferContext,
  target: CallTarget,
): LegOffer {
  const betweenPeers = plan.trusted === true && target.trusted === true;
  const read = (name: string): string | undefined => invite.header(name);
  const isHidden = plan.hidesCaller === true || asksToBeHidden(read("Privacy"));
  const carried = inviteHeaders(read, betweenPeers);
  const headers: SipHeaders = {
    ...withSessionOffer(alone ? carried : withoutReliability(carried), limits),
    ...callerHeaders({ plan, target, from: invite.from, isHidden, read }),
    "Max-Forwards": String(invite.maxForwards - 1), // a B2BUA that starts again at 70 makes loops endless (RFC 7332 §5)
    ...(target.trusted === true ? { "Session-ID": sessionIdHeader(sessionId, attempt) } : {}),
    ...pathHeader({ plan, target, node, sessionId }),
  };
  return {
    headers: mergeHeaders(headers, target.headers),
    body: invite.body,
    firstResponseTimeoutMs: target.firstResponseTimeoutMs ?? limits.firstResponseTimeoutMs,
    ringTimeoutMs: target.ringTimeoutMs ?? limits.ringTimeoutMs,
  };
}

interface Passage {
  readonly plan: BridgePlan;
  readonly target: CallTarget;
  readonly node: string;
  readonly sessionId: string;
}

/** Where the call has been, this node included, for a target that goes by it. */
export function pathHeader({ plan, target, node, sessionId }: Passage): SipHeaders {
  const { trusted, pathProof } = target;
  return trusted === true && pathProof !== undefined
    ? { [PATH_HEADER]: pathValue([...(plan.path ?? []), node], sessionId, pathProof) }
    : {};
}
