import type { SipMessage, SipRequest, SipResponse } from "@mss/sip-message";
import { SESSION_SECONDS_MAX } from "../dialog/session.ts";
import type { Session } from "../dialog/session.ts";
import { parseMinSe, parseSessionExpires } from "../dialog/session-expires.ts";
import type { SessionExpires } from "../dialog/session-expires.ts";
import type { AppDialog, Core } from "./core.ts";
import { END_REASONS, hangUp } from "./hang-up.ts";
import { hasOption } from "./reliable-answers.ts";
import { refreshSession } from "./session-refresh.ts";

const MILLISECONDS = 1000;
const BYE_BEFORE_SECONDS = 32; // RFC 4028 §10: or a third of the interval, when that is less
/** Refreshes are spread over this share of the interval, before its half: calls that began together do not all refresh at once. */
const SPREAD = 0.1;

interface Exchange {
  readonly request: SipRequest;
  readonly response: SipResponse;
}

interface Agreement {
  readonly seconds: number;
  readonly refresher: "us" | "them";
}

/** We have accepted a request that agrees on a timer, or ends it. RFC 4028 §9. */
export function onSessionAnswered(core: Core, dialog: AppDialog, { request, response }: Exchange): void {
  const agreed = parseSessionExpires(response.headers.get("Session-Expires"));
  if (isOf(request)) {
    const refresher = agreed?.refresher === "uas" ? "us" : "them";
    agree(core, dialog, { peer: request, ours: response, agreement: agreed && { ...agreed, refresher } });
  }
}

/** The peer has accepted our request: a peer that says nothing of the timer we asked for leaves it to us. RFC 4028 §7.2. */
export function onSessionAccepted(core: Core, dialog: AppDialog, { request, response }: Exchange): void {
  const agreed = parseSessionExpires(response.headers.get("Session-Expires"));
  const asked = parseSessionExpires(request.headers.get("Session-Expires"));
  const terms: SessionExpires | undefined = agreed ?? asked;
  const refresher = agreed?.refresher === "uas" ? "them" : "us";
  agree(core, dialog, { peer: response, ours: request, agreement: terms && { ...terms, refresher } });
}

/** Remembers how a message of ours describes the session. */
export function describeSession({ session }: AppDialog, { headers, body }: SipMessage): void {
  const contentType = headers.get("Content-Type");
  if (session === undefined || body === "" || contentType === undefined) {
    return;
  }
  if (session.description?.body !== body) {
    session.description = { contentType, body: Buffer.from(body, "latin1").toString("latin1") }; // not a slice of a whole packet
  }
}

function isOf({ method }: SipRequest): boolean {
  return method === "INVITE" || method === "UPDATE";
}

function agree(
  core: Core,
  dialog: AppDialog,
  parts: { readonly peer: SipMessage; readonly ours: SipMessage; readonly agreement: Agreement | undefined },
): void {
  const { peer, ours, agreement } = parts;
  const before = dialog.session;
  before?.stop();
  if (agreement === undefined || dialog.state.phase === "early" || dialog.ending) {
    dialog.session = undefined;
    return;
  }
  const { minimumSeconds } = core.sessionTimers;
  const session: Session = {
    seconds: Math.min(Math.max(agreement.seconds, minimumSeconds), SESSION_SECONDS_MAX),
    minimum: Math.max(parseMinSe(peer.headers.get("Min-SE")) ?? 0, before?.minimum ?? 0),
    refresher: agreement.refresher,
    allowsUpdate: peer.headers.has("Allow") ? hasOption(peer, "Allow", "update") : (before?.allowsUpdate ?? false),
    description: before?.description,
    waiting: undefined,
    stop: () => undefined,
  };
  dialog.session = session;
  describeSession(dialog, ours);
  startSession(core, dialog, session);
}

/**
 * Counts from now: where the peer refreshes the call ends shortly before the interval does; where we do, we refresh at its
 * half or after `refreshMs`, and it ends when nothing at all comes back.
 */
export function startSession(core: Core, dialog: AppDialog, session: Session, refreshMs?: number): void {
  session.stop();
  const { seconds } = session;
  const expiry = setTimeout(
    () => {
      core.log.info({ callId: dialog.state.callId, refresher: session.refresher }, "session expired");
      hangUp(core, dialog, END_REASONS.sessionExpired);
    },
    (seconds - Math.min(BYE_BEFORE_SECONDS, seconds / 3)) * MILLISECONDS,
  );
  const halfMs = (seconds / 2) * MILLISECONDS * (1 - SPREAD * Math.random());
  let refresh = session.refresher === "us" ? setTimeout(attempt, Math.min(refreshMs ?? halfMs, halfMs)) : undefined;

  function attempt(): void {
    refreshSession(core, dialog, session, {
      onAlive: (againMs) => startSession(core, dialog, session, againMs),
      onAccepted: (exchange) => onSessionAccepted(core, dialog, exchange),
      onPostponed: (againMs) => {
        refresh = setTimeout(attempt, Math.min(againMs, halfMs));
      },
    });
  }

  session.stop = () => {
    clearTimeout(expiry);
    clearTimeout(refresh);
  };
}
