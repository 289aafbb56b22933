import type { LampPlan, Step } from "@mss/call-control";
import { next } from "@mss/call-control";
import { dialledNumber, reject } from "@mss/call-control/node";
import { steadyNowMs } from "@mss/runtime";
import { callerLabel } from "./caller.ts";
import { findExtension } from "./identify.ts";
import type { IdentifiedCall } from "./identify.ts";
import { awaySteps } from "./plan.ts";
import type { PlanOptions } from "./plan.ts";

/** Who may be watched: who may be called. A number of the branch is watched here, any other one at the hubs. */
export function planWatch(options: PlanOptions): Step<IdentifiedCall, LampPlan> {
  const { settings, bindings, calls } = options;
  return ({ invite, caller }) => {
    const origin = callerLabel(caller);
    if (caller.kind === "carrier") {
      return reject("NOT_PERMITTED", origin); // whether somebody telephones is nobody's business outside
    }
    const dialled = caller.kind === "branch" ? caller.called : dialledNumber(invite.called);
    if (dialled === undefined) {
      return reject("UNKNOWN_NUMBER", origin);
    }
    const watcher = { origin, trusted: caller.kind !== "extension" };
    const cameFrom = caller.kind === "extension" ? "extension" : "hub";
    const route = calls.decide({ number: dialled, cameFrom, atMs: Date.now() });
    if (route.kind === "blocked" || route.kind === "emergency" || route.kind === "outside") {
      return reject("NOT_PERMITTED", origin);
    }
    if (route.kind === "uplink") {
      const who = { caller: caller.kind === "extension" ? caller.number : undefined, sessionId: invite.callId };
      const locate = async () => awaySteps(dialled, { ...options, ...who }).flatMap(({ targets }) => targets);
      return next({ ...watcher, key: dialled, source: { kind: "remote", locate } });
    }
    const extension = route.kind === "local" ? findExtension(settings, route.number) : undefined;
    if (extension === undefined) {
      return reject("UNKNOWN_NUMBER", origin);
    }
    const { number } = extension;
    const registeredUntil = async (): Promise<number> => {
      const contacts = await bindings.find(number, steadyNowMs());
      return Math.max(0, ...contacts.map(({ expiresAt }) => expiresAt));
    };
    return next({ ...watcher, key: number, source: { kind: "own", label: callerLabel(extension), registeredUntil } });
  };
}
