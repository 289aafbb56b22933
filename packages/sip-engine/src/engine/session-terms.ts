import type { HeaderField, SipRequest } from "@mss/sip-message";
import type { RefresherRole } from "../dialog/session-expires.ts";
import { formatSessionExpires, parseSessionExpires } from "../dialog/session-expires.ts";
import type { AppDialog, Core } from "./core.ts";
import type { OpenRequest } from "./open-request.ts";
import type { Refusal } from "./refusals.ts";
import { hasOption } from "./reliable-answers.ts";

/*
 * What is said of session timers in the messages that applications send: by the application where it says anything, else
 * by the engine, as drachtio-server does.
 */

/** Requests that agree on a session timer and refresh it. RFC 4028 §7, RFC 3311. */
const REFRESHES: ReadonlySet<string> = new Set(["INVITE", "UPDATE"]);

function isNamed(fields: readonly HeaderField[], name: string): boolean {
  return fields.some((field) => field.name === name);
}

/** 422 for an interval below our minimum, to a peer that knows what this means. RFC 4028 §9. */
export function refusalOfInterval(core: Core, request: SipRequest): Refusal | undefined {
  if (!REFRESHES.has(request.method)) {
    return undefined;
  }
  const { minimumSeconds } = core.sessionTimers;
  const offered = parseSessionExpires(request.headers.get("Session-Expires"));
  if (offered === undefined || offered.seconds >= minimumSeconds || !hasOption(request, "Supported", "timer")) {
    return undefined;
  }
  const others = [{ name: "Min-SE", value: String(minimumSeconds) }];
  return { status: 422, reason: "Session Interval Too Small", others };
}

/** What our re-INVITE or UPDATE must add so that the timer of its dialog goes on. RFC 4028 §7.4. */
export function sessionOffer(
  core: Core,
  { session, state }: AppDialog,
  parts: { readonly method: string; readonly others: readonly HeaderField[] },
): readonly HeaderField[] {
  const isSilent = session === undefined || state.phase === "early" || !REFRESHES.has(parts.method);
  if (isSilent || isNamed(parts.others, "Session-Expires")) {
    return [];
  }
  const refresher = session.refresher === "us" ? "uac" : "uas";
  return [
    { name: "Supported", value: "timer" },
    { name: "Session-Expires", value: formatSessionExpires(session.seconds, refresher) },
    { name: "Min-SE", value: String(Math.max(session.minimum, core.sessionTimers.minimumSeconds)) },
  ];
}

/** What the 2xx to a request must add: the answer to an offered timer, or the running one once more. RFC 4028 §9. */
export function sessionAnswer(
  core: Core,
  { transaction: { request }, within }: OpenRequest,
  others: readonly HeaderField[],
): readonly HeaderField[] {
  const isSilent = !REFRESHES.has(request.method) || within?.state.phase === "early";
  if (isSilent || isNamed(others, "Session-Expires")) {
    return [];
  }
  const offered = parseSessionExpires(request.headers.get("Session-Expires"));
  const seconds = offered?.seconds ?? within?.session?.seconds;
  if (seconds === undefined) {
    return [];
  }
  const knowsTimers = hasOption(request, "Supported", "timer");
  const refresher = offered?.refresher ?? openRole(core, within, knowsTimers);
  if (refresher === "none") {
    return [];
  }
  const fields = [
    {
      name: "Session-Expires",
      value: formatSessionExpires(Math.max(seconds, core.sessionTimers.minimumSeconds), refresher),
    },
  ];
  return refresher === "uac" && knowsTimers && !isNamed(others, "Require")
    ? [...fields, { name: "Require", value: "timer" }]
    : fields;
}

/** Who refreshes where the request leaves it open: who did before. A peer that has no timers cannot. */
function openRole(core: Core, within: AppDialog | undefined, knowsTimers: boolean): RefresherRole | "none" {
  const session = within?.session;
  if (session === undefined) {
    return core.sessionTimers.defaultRefresher;
  }
  return session.refresher === "us" || !knowsTimers ? "uas" : "uac";
}
