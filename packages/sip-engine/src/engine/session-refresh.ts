import type { SipRequest, SipResponse } from "@mss/sip-message";
import { parseCSeq } from "@mss/sip-message";
import { updateTarget } from "../dialog/dialog-rules.ts";
import { SESSION_SECONDS_MAX } from "../dialog/session.ts";
import type { Session } from "../dialog/session.ts";
import { parseMinSe } from "../dialog/session-expires.ts";
import type { Flow } from "../transport/types.ts";
import type { AppDialog, Core } from "./core.ts";
import type { Outgoing } from "./dialog-message.ts";
import { dialogRequest } from "./dialog-message.ts";
import { keepFlow } from "./dialog-path.ts";
import { END_REASONS, acknowledge, hangUp } from "./hang-up.ts";
import { sessionOffer } from "./session-terms.ts";

/** How a refresh goes on; one of them at most, and none when the dialog has ended. */
export interface RefreshEvents {
  /** A 2xx. */
  onAccepted(exchange: { readonly request: SipRequest; readonly response: SipResponse }): void;
  /** Another answer of a peer that knows the dialog; the next refresh after that time, or when it is due. */
  onAlive(againMs?: number): void;
  /** Nothing was sent, or nothing arrived. */
  onPostponed(againMs: number): void;
}

const BUSY_MS = 2_000;
const UNSENT_MS = 5_000;
const GONE: ReadonlySet<number> = new Set([408, 481]); // RFC 4028 §10
const NO_UPDATE: ReadonlySet<number> = new Set([405, 501]);
const TOO_SHORT = 422;
const GLARE = 491;
const GLARE_SPREAD_MS = 1_900;
const GLARE_OWNER_MS = 2_100;

/** Something that changes the session is under way: it refreshes the session itself, or must be over first. */
function isBusy({ ownInvite, ownUpdate, peerUpdate, peerInvite, awaitedAck, unacknowledged }: AppDialog): boolean {
  return ownUpdate || peerUpdate || peerInvite || (ownInvite ?? awaitedAck ?? unacknowledged) !== undefined;
}

/** RFC 3261 §14.1: who made the Call-ID waits longer. */
function afterGlareMs({ state }: AppDialog): number {
  return (state.role === "uac" ? GLARE_OWNER_MS : 0) + Math.random() * GLARE_SPREAD_MS;
}

/**
 * Shows that the peer is still there, and shows it that we are: by UPDATE where it takes one, else by the same offer as
 * last time. The application does not hear of it; what it wants to change meanwhile waits. RFC 4028 §7.4.
 */
export function refreshSession(core: Core, dialog: AppDialog, session: Session, events: RefreshEvents): void {
  if (isBusy(dialog)) {
    events.onPostponed(BUSY_MS);
    return;
  }
  const { description } = session;
  const method = session.allowsUpdate || description === undefined ? "UPDATE" : "INVITE";
  const outgoing = dialogRequest(core, dialog, {
    method,
    others: sessionOffer(core, dialog, { method, others: [] }),
    ...(method === "INVITE" ? description : {}),
  });
  if (outgoing === undefined) {
    events.onPostponed(UNSENT_MS);
    return;
  }
  new Refresh({ core, dialog, session, events, outgoing }).start();
}

/** One refresh, until its final answer. */
class Refresh {
  readonly #core: Core;
  readonly #dialog: AppDialog;
  readonly #session: Session;
  readonly #events: RefreshEvents;
  readonly #outgoing: Outgoing;
  readonly #sequence: number;
  #isAnswered = false;

  constructor(parts: {
    readonly core: Core;
    readonly dialog: AppDialog;
    readonly session: Session;
    readonly events: RefreshEvents;
    readonly outgoing: Outgoing;
  }) {
    this.#core = parts.core;
    this.#dialog = parts.dialog;
    this.#session = parts.session;
    this.#events = parts.events;
    this.#outgoing = parts.outgoing;
    this.#sequence = parseCSeq(parts.outgoing.request.headers.get("CSeq") ?? "")?.sequence ?? 0;
  }

  start(): void {
    const { request, target } = this.#outgoing;
    this.#session.waiting = [];
    const transaction = this.#core.transactions.request(request, target, {
      onResponse: (response, flow) => {
        if (response.status >= 200) {
          this.#onFinal(response, flow);
        }
      },
      onFailure: (failure) => {
        this.#settle();
        if (this.#isOver()) {
          return;
        }
        if (failure === "timeout") {
          hangUp(this.#core, this.#dialog, END_REASONS.sessionExpired);
        } else {
          this.#events.onPostponed(UNSENT_MS);
        }
        this.#goOn();
      },
    });
    if (request.method === "INVITE" && !this.#isAnswered) {
      this.#dialog.ownInvite = transaction;
    }
  }

  #onFinal(response: SipResponse, flow: Flow): void {
    const { request } = this.#outgoing;
    if (this.#isAnswered) {
      this.#acknowledgeAgain();
      return;
    }
    this.#settle();
    if (response.status < 300 && request.method === "INVITE") {
      acknowledge(this.#core, this.#dialog, this.#sequence); // of an ended dialog too: RFC 3261 §13.2.2.4
    }
    if (!this.#isOver()) {
      this.#judge(response, flow);
    }
    this.#goOn();
  }

  /** The 2xx to our re-INVITE again: its ACK was lost. */
  #acknowledgeAgain(): void {
    const { sentAck } = this.#dialog;
    if (sentAck?.sequence === this.#sequence) {
      this.#core.transactions.sendAck(sentAck.request, sentAck.target);
    }
  }

  #judge(response: SipResponse, flow: Flow): void {
    const { status } = response;
    const { request } = this.#outgoing;
    if (status < 300) {
      this.#dialog.state = updateTarget(this.#dialog.state, response);
      keepFlow(this.#core, this.#dialog, flow);
      this.#events.onAccepted({ request, response });
    } else if (GONE.has(status)) {
      hangUp(this.#core, this.#dialog, END_REASONS.sessionExpired);
    } else if (NO_UPDATE.has(status) && request.method === "UPDATE" && this.#session.description !== undefined) {
      this.#session.allowsUpdate = false;
      this.#events.onAlive(0);
    } else if (status === TOO_SHORT && this.#lengthen(response)) {
      this.#events.onAlive(0);
    } else {
      this.#events.onAlive(status === GLARE ? afterGlareMs(this.#dialog) : undefined);
    }
  }

  /** Takes the longer interval that somebody on the way asks for. RFC 4028 §7.3. */
  #lengthen({ headers }: SipResponse): boolean {
    const minimum = Math.min(parseMinSe(headers.get("Min-SE")) ?? 0, SESSION_SECONDS_MAX);
    if (minimum <= this.#session.seconds) {
      return false;
    }
    this.#session.minimum = minimum;
    this.#session.seconds = minimum;
    return true;
  }

  #settle(): void {
    this.#isAnswered = true;
    if (this.#outgoing.request.method === "INVITE") {
      this.#dialog.ownInvite = undefined;
    }
  }

  #isOver(): boolean {
    return this.#dialog.ending || this.#dialog.session !== this.#session;
  }

  /** What the application wanted to send meanwhile. */
  #goOn(): void {
    const waiting = this.#session.waiting ?? [];
    this.#session.waiting = undefined;
    for (const send of waiting) {
      send();
    }
  }
}
