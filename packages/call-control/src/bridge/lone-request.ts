import { mergeHeaders } from "../drachtio/header-text.ts";
import type { IncomingRequest, OutgoingRequest, RequestOutcome, SipHeaders } from "../drachtio/types.ts";
import { ERRORS } from "../errors.ts";
import { codeOf, statusFor } from "./failure.ts";
import type { LegFailure } from "./failure.ts";
import { loneRequestHeaders, responseHeaders, sessionIdHeader, sessionIdOf } from "./header-policy.ts";
import { asksToBeHidden, callerHeaders } from "./identity.ts";
import { pathHeader } from "./leg-offer.ts";
import type { BridgePlan, CallTarget } from "./types.ts";

/** Methods that are routed like a call where they are about a number, and belong to none. */
export type LoneMethod = "MESSAGE" | "OPTIONS" | "NOTIFY";

/** How long one target has. The further it is, the more: who asked must hear of the silence from the node that met it. */
const LIMIT_MS = { phone: 5_000, byHub: 8_000, overHub: 11_000 } as const;

export interface LoneRequest {
  readonly method: LoneMethod;
  readonly request: IncomingRequest;
  readonly plan: BridgePlan;
  /** This one. */
  readonly node: string;
}

function limitMs(plan: BridgePlan, target: CallTarget): number {
  return target.trusted !== true ? LIMIT_MS.phone : plan.trusted === true ? LIMIT_MS.byHub : LIMIT_MS.overHub;
}

/** The request as that target gets it: by the header policy, and with the caller as an INVITE would show it. */
export function loneRequestTo({ method, request, plan, node }: LoneRequest, target: CallTarget): OutgoingRequest {
  const read = (name: string): string | undefined => request.header(name);
  const isHidden = plan.hidesCaller === true || asksToBeHidden(read("Privacy"));
  const sessionId = (plan.trusted === true ? sessionIdOf(read) : undefined) ?? plan.sessionId;
  const headers: SipHeaders = {
    ...loneRequestHeaders(method, read),
    ...callerHeaders({ plan, target, from: request.from, isHidden, read }),
    "Max-Forwards": String(request.maxForwards - 1),
    ...(sessionId !== undefined && target.trusted === true ? { "Session-ID": sessionIdHeader(sessionId) } : {}),
    ...(sessionId === undefined ? {} : pathHeader({ plan, target, node, sessionId })),
  };
  return {
    method,
    uri: target.uri,
    headers: mergeHeaders(headers, target.headers),
    body: request.body,
    timeoutMs: limitMs(plan, target),
    ...(target.proxy === undefined ? {} : { proxy: target.proxy }),
    ...(target.credentials === undefined ? {} : { credentials: target.credentials }),
  };
}

/** How a target failed; undefined when it took the request. */
export function loneFailure(outcome: RequestOutcome, target: CallTarget): LegFailure | undefined {
  const common = { target: target.label, rang: false };
  if (outcome.kind === "failed") {
    const silent = outcome.failure === "timeout" ? "TARGET_SILENT" : "TARGET_UNREACHABLE";
    const code = target.phone === true ? "PHONE_SILENT" : silent;
    return { ...common, code, status: ERRORS[code].sip };
  }
  const { status, reason } = outcome;
  if (status < 300) {
    return undefined;
  }
  const read = (name: string): string | undefined => outcome.header(name);
  const named = codeOf(status, { heard: false, rang: false, reason: read("Reason") });
  const code = named === "TARGET_SILENT" && target.phone === true ? "PHONE_SILENT" : named;
  const told = code === "PHONE_SILENT" ? ERRORS[code].sip : statusFor(code, status);
  return {
    ...common,
    code,
    byTarget: true,
    status: told,
    headers: responseHeaders(read),
    ...(told === status && reason !== "" ? { reason } : {}),
  };
}
