import type { LimitSettings } from "@mss/model";
import type { CallLimits } from "../call-control-types.ts";

const MILLISECONDS = 1000;

/** What a node's settings say of its calls, for call control. Nothing is said: its defaults. */
export function callLimits({ limits }: { readonly limits?: LimitSettings }): CallLimits {
  const { calls } = limits ?? {};
  return calls === undefined
    ? {}
    : {
        maxCalls: calls.atOnce,
        maxCallsInSetUp: calls.inSetUp,
        maxEventLoopDelayMs: calls.eventLoopDelayMs,
        sessionSeconds: calls.sessionSeconds,
        minimumSessionSeconds: calls.minimumSessionSeconds,
        lampRefreshMs: calls.lampRefreshSeconds * MILLISECONDS,
        lampRetrySeconds: calls.lampRetrySeconds,
      };
}
