import { next } from "@mss/call-control";
import type { CallControl, Step } from "@mss/call-control";
import type { Logger } from "@mss/runtime";
import { callerLabel } from "./caller.ts";
import type { IdentifiedCall } from "./identify.ts";

export interface TakeOverOptions {
  readonly calls: () => Pick<CallControl, "activeCalls" | "endCall">;
  readonly log: Logger;
}

/**
 * A call that another hub has brought here already: the calling branch has lost that hub and tries the next one. The
 * first one has nobody at its other end any more; it ends before the phones ring again, so that none is rung by both.
 */
export function takeOver({ calls, log }: TakeOverOptions): Step<IdentifiedCall, IdentifiedCall> {
  return ({ invite, caller }) => {
    const sessionId = invite.header("Session-ID")?.slice(0, SESSION_ID_LENGTH);
    if (caller.kind === "hub" && sessionId !== undefined) {
      const origin = callerLabel(caller);
      for (const call of calls().activeCalls()) {
        const isSame = call.sessionId === sessionId && call.to === invite.called;
        if (isSame && call.origin.startsWith("hub:") && call.origin !== origin) {
          log.info({ call: call.id, sessionId, peer: origin, before: call.origin }, "call comes by another hub");
          calls().endCall(call.id, "PEER_AWAY");
        }
      }
    }
    return next({ invite, caller });
  };
}

/** RFC 7989 §5: what comes after is about one leg. */
const SESSION_ID_LENGTH = 32;
