import type { Logger } from "@mss/runtime";
import type { ClientResponse } from "../drachtio/client-transaction.ts";
import { addressOf } from "../drachtio/address-header.ts";
import type { AnswerOutcome, ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import type { LegAnswer } from "./callee-leg.ts";
import { DialogSide } from "./dialog-side.ts";
import { responseHeaders } from "./header-policy.ts";
import { sessionAnswer } from "./session-timer.ts";
import type { SessionInterval } from "./session-timer.ts";
import { Session } from "./session.ts";
import type { SessionEvents } from "./session.ts";
import type { EndedBy, Party } from "./types.ts";

export interface OpeningOptions {
  readonly server: SipServerCore;
  readonly log: Logger;
  readonly invite: ServerTransaction;
  readonly answer: LegAnswer;
  /** A delayed offer came and was answered before the 2xx, by reliable responses. False when absent. */
  readonly isOfferAnswered?: boolean;
  readonly parties: { readonly caller: Party; readonly callee: Party };
  readonly session: SessionEvents;
  readonly interval: SessionInterval;
  readonly events: OpeningEvents;
}

/** `onOpen` or `onLost`, at most once, and neither after `abandon`. */
export interface OpeningEvents {
  /** The caller has its answer. */
  onOpen(session: Session): void;
  /** The caller was gone before the answer reached it; the callee's side is ended. */
  onLost(reason: string): void;
}

interface End {
  readonly endedBy: EndedBy;
  readonly headers: SipHeaders;
}

/** The dialog that an answer of a target has made. */
export function calleeSide(
  options: Pick<OpeningOptions, "server" | "log" | "answer">,
  party: Party,
  onRequest: (request: ServerTransaction) => void,
): DialogSide {
  const { server, log, answer } = options;
  const { response, dialogId, contact } = answer;
  return new DialogSide({
    name: "callee",
    party,
    dialogId,
    ids: {
      callId: response.header("call-id") ?? "",
      localTag: addressOf(response.header("from")).tag ?? "",
      remoteTag: addressOf(response.header("to")).tag ?? "",
    },
    contact,
    server,
    log,
    onRequest,
  });
}

/** From the callee's answer until the caller has it: one dialog is there, the other is about to be. */
export class Opening {
  readonly #options: OpeningOptions;
  readonly #callee: DialogSide;
  /** From the callee, before the caller's dialog exists. */
  #early: ServerTransaction[] = [];
  /** Delayed offer: the callee's 200 waits for the SDP in the caller's ACK. */
  #owedAck: ClientResponse | undefined;
  #end: End | undefined;
  #abandoned = false;

  /** Opens the callee's side at once, because its next request may be in the same packet as its answer. */
  constructor(options: OpeningOptions) {
    const { invite, answer, parties } = options;
    this.#options = options;
    this.#callee = calleeSide(options, parties.callee, (request) => this.#onRequest(request));
    if (invite.body === "" && options.isOfferAnswered !== true) {
      this.#owedAck = answer.response;
    } else {
      answer.response.ack();
    }
  }

  /** Answers the caller. */
  start(): void {
    const { invite, answer } = this.#options;
    const headers = {
      ...responseHeaders((name) => answer.response.header(name)),
      ...sessionAnswer((name) => invite.header(name), this.#options.interval),
    };
    invite.answer({ headers, body: answer.response.body }, (outcome) => {
      if (this.#abandoned) {
        return;
      }
      if (outcome.kind === "sent") {
        this.#open(outcome);
      } else {
        this.end("system");
        this.#options.events.onLost(outcome.reason);
      }
    });
  }

  /** Ends the callee's dialog; the caller's is ended as soon as it is there. */
  end(endedBy: EndedBy, headers: SipHeaders = {}): void {
    if (this.#end !== undefined) {
      return;
    }
    this.#end = { endedBy, headers };
    this.#owedAck?.ack(); // RFC 3261 §13.2.2.4: a dialog is acknowledged before it is ended
    this.#owedAck = undefined;
    for (const request of this.#early) {
      request.reply(481);
    }
    this.#early = [];
    this.#callee.bye(headers);
  }

  /** The engine is away. Returns the ids of the dialogs to be ended when it is back. */
  abandon(): readonly string[] {
    this.#abandoned = true;
    this.#callee.closed();
    return [this.#callee.dialogId];
  }

  #open({ dialogId, contact, localTag }: Extract<AnswerOutcome, { kind: "sent" }>): void {
    const { server, log, invite, parties, session: events } = this.#options;
    const caller = new DialogSide({
      name: "caller",
      party: parties.caller,
      dialogId,
      ids: { callId: invite.callId, localTag, remoteTag: invite.from.tag ?? "" },
      contact,
      server,
      log,
      onRequest: () => undefined,
    });
    const owedAck = this.#owedAck;
    const session = new Session({
      log,
      caller,
      callee: this.#callee,
      events,
      ...(owedAck === undefined ? {} : { owedAck }),
    });
    this.#options.events.onOpen(session);
    if (this.#end !== undefined) {
      session.end(this.#end.endedBy, this.#end.headers);
      return;
    }
    for (const request of this.#early) {
      session.receive(this.#callee, request);
    }
    this.#early = [];
  }

  #onRequest(request: ServerTransaction): void {
    if (request.method === "BYE") {
      if (!request.fromEngine) {
        request.reply(200);
      }
      this.#callee.closed();
      const reason = request.header("Reason");
      this.end(request.fromEngine ? "system" : "callee", reason === undefined ? {} : { Reason: reason });
    } else if (this.#end !== undefined) {
      request.reply(481);
    } else if (request.method !== "ACK") {
      this.#early.push(request);
    }
  }
}
