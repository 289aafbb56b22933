import type { Logger } from "@mss/runtime";
import type { ClientResponse } from "../drachtio/client-transaction.ts";
import { addressOf } from "../drachtio/address-header.ts";
import type { AnswerOutcome, ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import type { LegAnswer } from "./callee-leg.ts";
import { DialogSide, mediaOf } from "./dialog-side.ts";
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
  readonly callee: DialogSide;
  /** What the caller is answered; its media are those of the callee's side, where it has said any. */
  readonly response: ClientResponse;
  /** Delayed offer: the callee's 2xx, which waits for the SDP in the caller's ACK. */
  readonly owedAck?: ClientResponse | undefined;
  readonly caller: Party;
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

/** The dialog that an answer of a target has made. Until somebody listens its requests are answered 491. */
export function calleeSide(
  { server, log, answer }: Pick<OpeningOptions, "server" | "log"> & { readonly answer: LegAnswer },
  party: Party,
): DialogSide {
  const { response, dialogId, contact } = answer;
  const side = new DialogSide({
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
    onRequest: (request) => request.reply(491),
  });
  side.media = mediaOf(response);
  return side;
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

  /** Listens to the callee's side at once, because its next request may be in the same packet as its answer. */
  constructor(options: OpeningOptions) {
    this.#options = options;
    this.#callee = options.callee;
    this.#callee.listen((request) => this.#onRequest(request));
    this.#owedAck = options.owedAck;
  }

  /** Answers the caller. */
  start(): void {
    const { invite, response, interval } = this.#options;
    const { body = "", contentType } = this.#callee.media ?? {};
    const headers = {
      ...responseHeaders((name) => response.header(name)),
      ...(contentType === undefined ? {} : { "Content-Type": contentType }),
      ...sessionAnswer((name) => invite.header(name), interval),
    };
    invite.answer({ headers, body }, (outcome) => {
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
    const { server, log, invite, session: events } = this.#options;
    const caller = new DialogSide({
      name: "caller",
      party: this.#options.caller,
      dialogId,
      ids: { callId: invite.callId, localTag, remoteTag: invite.from.tag ?? "" },
      contact,
      server,
      log,
      onRequest: () => undefined,
    });
    caller.media = mediaOf(invite);
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
