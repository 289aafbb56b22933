import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";
import { tagOf } from "@mss/sip-message";
import type { ServerTransaction } from "../transaction/types.ts";
import type { Core } from "./core.ts";
import { buildResponse } from "./message-builder.ts";
import { ONLY_IN_DIALOG } from "./methods.ts";

/** An answer that the engine gives by itself. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly others?: readonly HeaderField[];
}

export const REFUSALS = {
  badRequest: { status: 400, reason: "Bad Request" },
  noDialog: { status: 481, reason: "Call/Transaction Does Not Exist" },
  loopDetected: { status: 482, reason: "Loop Detected" },
  terminated: { status: 487, reason: "Request Terminated" },
  pending: { status: 491, reason: "Request Pending" },
  outOfOrder: { status: 500, reason: "CSeq out of order" },
} as const satisfies Record<string, Refusal>;

/** 503 with the time after which a retry makes sense. */
export function unavailable(core: Core): Refusal {
  const seconds = String(core.limits.retryAfterSeconds);
  return { status: 503, reason: "Service Unavailable", others: [{ name: "Retry-After", value: seconds }] };
}

/** A second INVITE or UPDATE before the first one is answered. RFC 3261 §14.2, RFC 3311 §5.2. */
export function underWay(core: Core, method: "INVITE" | "UPDATE"): Refusal {
  const seconds = String(core.limits.retryAfterSeconds);
  return { status: 500, reason: `${method} in progress`, others: [{ name: "Retry-After", value: seconds }] };
}

/** What keeps a request that starts something new from an application. */
export function refusalOfNew(core: Core, request: SipRequest, openRequests: number): Refusal | undefined {
  const { method, headers } = request;
  if (ONLY_IN_DIALOG.has(method)) {
    return REFUSALS.noDialog;
  }
  if (tagOf(headers.get("From") ?? "") === undefined) {
    return REFUSALS.badRequest; // RFC 2543 peers, which we do not speak with
  }
  if ((method === "INVITE" || method === "SUBSCRIBE") && !headers.has("Contact")) {
    return REFUSALS.badRequest; // RFC 3261 §8.1.1.8
  }
  if (openRequests >= core.limits.openRequests || core.dialogs.size >= core.limits.dialogs) {
    return unavailable(core);
  }
  return undefined;
}

/** What an unwanted method is answered: 503 while no application is there at all, else 405 with what is wanted. */
export function refusalOfUnwanted(core: Core): Refusal {
  const { methods } = core.registry;
  if (methods.length === 0) {
    return unavailable(core);
  }
  return { status: 405, reason: "Method Not Allowed", others: [{ name: "Allow", value: methods.join(", ") }] };
}

/** Answers a request without any application. */
export function refuse(core: Core, transaction: ServerTransaction, refusal: Refusal): SipResponse {
  const status = String(refusal.status);
  core.counters.refused[status] = (core.counters.refused[status] ?? 0) + 1;
  core.log.debug({ sip: refusal.status, method: transaction.request.method }, "request refused");
  const response = buildResponse(transaction.request, { ...refusal, toTag: transaction.localTag });
  transaction.refuse(response);
  return response;
}
