import { mergeHeaders } from "../drachtio/header-text.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import type { CallErrorCode } from "../errors.ts";
import { reasonHeaderOf } from "./failure.ts";
import { reasonWithTried } from "./tried.ts";
import type { TriedRoute } from "./tried.ts";

interface Failure {
  readonly code: CallErrorCode;
  readonly status: number;
  /** What the target said, which counts for more than ours. */
  readonly headers?: SipHeaders | undefined;
  readonly retryAfterSeconds: number;
  readonly tried?: readonly TriedRoute[];
}

/** What a failure is answered with: why, when to come back, and, where nobody could be reached, what was tried. */
export function failureHeaders({ code, status, headers, retryAfterSeconds, tried = [] }: Failure): SipHeaders {
  const ours: SipHeaders = {
    ...(status === 503 || code === "EXTENSION_RATE" ? { "Retry-After": String(retryAfterSeconds) } : {}),
    Reason: reasonHeaderOf(code),
  };
  const merged = mergeHeaders(ours, headers);
  const { Reason: reason } = merged;
  return status === 503 && typeof reason === "string"
    ? { ...merged, Reason: reasonWithTried(reason, status, tried) }
    : merged;
}
