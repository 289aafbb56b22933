import type { CallLimits } from "../call-control-types.ts";
import { mergeHeaders } from "../drachtio/header-text.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import type { LegOffer } from "./callee-leg.ts";
import { sessionIdHeader } from "./header-policy.ts";
import type { Attempt } from "./header-policy.ts";
import { callerHeaders } from "./identity.ts";
import { withSessionOffer } from "./session-timer.ts";
import type { BridgePlan, CallTarget, Party } from "./types.ts";

export interface TransferOfferContext {
  readonly plan: BridgePlan;
  readonly sessionId: string;
  readonly transferee: Party;
  readonly limits: Required<CallLimits>;
  readonly attempt: Attempt;
}

const MAX_FORWARDS = "70"; // a call of its own: nothing that came in is forwarded

/** The INVITE of a transfer's target: no offer, from the transferee. */
export function transferOffer(
  { plan, sessionId, transferee, limits, attempt }: TransferOfferContext,
  target: CallTarget,
): LegOffer {
  const { number: user, displayName, isHidden = false } = transferee;
  const from = { user, ...(displayName === undefined ? {} : { displayName }) };
  const headers: SipHeaders = {
    "Max-Forwards": MAX_FORWARDS,
    ...callerHeaders({ plan, target, from, isHidden, read: () => undefined }),
    ...(target.trusted === true ? { "Session-ID": sessionIdHeader(sessionId, attempt) } : {}),
  };
  return {
    headers: mergeHeaders(withSessionOffer(headers, limits), target.headers),
    body: "",
    firstResponseTimeoutMs: target.firstResponseTimeoutMs ?? limits.firstResponseTimeoutMs,
    ringTimeoutMs: target.ringTimeoutMs ?? limits.ringTimeoutMs,
  };
}
