import type { Logger } from "@mss/runtime";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import { ALLOWED_METHODS } from "../drachtio/sip-server.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import type { LegAnswer } from "./callee-leg.ts";
import { DialogSide } from "./dialog-side.ts";
import { inDialogHeaders, responseHeaders } from "./header-policy.ts";
import { ReinviteRelay } from "./reinvite-relay.ts";
import type { EndedBy } from "./types.ts";

export interface SessionOptions {
  readonly server: SipServerCore;
  readonly log: Logger;
  readonly invite: ServerTransaction;
  readonly answer: LegAnswer;
  readonly events: SessionEvents;
}

/** `onOpen` and then `onEnd`, or `onLost` alone; each at most once, and none after `abandon`. */
export interface SessionEvents {
  /** The caller has its answer. */
  onOpen(): void;
  /** The caller was gone before the answer reached it; the callee's side is ended. */
  onLost(reason: string): void;
  /** The BYEs are on their way. */
  onEnd(endedBy: EndedBy): void;
}

interface SessionEnd {
  readonly endedBy: EndedBy;
  readonly headers: SipHeaders;
}

const RELAY_LIMIT_MS = 31_000; // below Timer F: the asking side still waits for our answer then
const RELAYED: ReadonlySet<string> = new Set(["INFO", "MESSAGE", "UPDATE", "OPTIONS", "NOTIFY"]);

/**
 * An answered call: two dialogs, and everything that passes between them. A request within one dialog goes to the other
 * and is answered with its answer, whatever it is; nothing is answered on behalf of an end point but BYE.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #callee: DialogSide;
  readonly #reinvites: ReinviteRelay;
  #caller: DialogSide | undefined;
  /** From the callee, before the caller's dialog exists. */
  #early: ServerTransaction[] = [];
  /** Delayed offer: the callee's 200 waits for the SDP in the caller's ACK. */
  #unacknowledged: LegAnswer["response"] | undefined;
  #end: SessionEnd | undefined;
  #abandoned = false;

  /** Opens the callee's side at once, because its next request may be in the same packet as its answer. */
  constructor(options: SessionOptions) {
    const { server, log, answer, invite } = options;
    this.#options = options;
    this.#callee = new DialogSide({
      name: "callee",
      dialogId: answer.dialogId,
      contact: answer.contact,
      server,
      log,
      onRequest: (request) => this.#onRequest(this.#callee, request),
    });
    this.#reinvites = new ReinviteRelay(log, (side) => this.#onDialogGone(side));
    if (invite.body === "") {
      this.#unacknowledged = answer.response;
    } else {
      answer.response.ack();
    }
  }

  /** Answers the caller. */
  start(): void {
    const { invite, answer } = this.#options;
    const headers = responseHeaders((name) => answer.response.header(name));
    invite.answer({ headers, body: answer.response.body }, (outcome) => {
      if (this.#abandoned) {
        return;
      }
      if (outcome.kind === "sent") {
        this.#open(outcome.dialogId, outcome.contact);
      } else {
        this.#endCallee({ endedBy: "system", headers: {} });
        this.#options.events.onLost(outcome.reason);
      }
    });
  }

  /** Ends both dialogs; what is under way is answered first. Idempotent. */
  end(endedBy: EndedBy, headers: SipHeaders = {}): void {
    if (this.#end === undefined) {
      this.#endCallee({ endedBy, headers });
      this.#endCaller();
    }
  }

  #open(dialogId: string, contact: string | undefined): void {
    const { server, log, events } = this.#options;
    const caller = new DialogSide({
      name: "caller",
      dialogId,
      contact,
      server,
      log,
      onRequest: (request) => this.#onRequest(caller, request),
    });
    this.#caller = caller;
    events.onOpen();
    if (this.#end !== undefined) {
      this.#endCaller();
      return;
    }
    const early = this.#early;
    this.#early = [];
    for (const request of early) {
      this.#onRequest(this.#callee, request);
    }
  }

  #endCallee(end: SessionEnd): void {
    if (this.#end !== undefined) {
      return;
    }
    this.#end = end;
    this.#reinvites.end();
    this.#unacknowledged?.ack(); // RFC 3261 §13.2.2.4: a dialog is acknowledged before it is ended
    this.#unacknowledged = undefined;
    for (const request of this.#early) {
      request.reply(481);
    }
    this.#early = [];
    this.#callee.bye(end.headers);
  }

  /** When the answer is still on its way to the caller, this comes again when it has arrived. */
  #endCaller(): void {
    if (this.#caller !== undefined && this.#end !== undefined) {
      this.#caller.bye(this.#end.headers);
      this.#options.events.onEnd(this.#end.endedBy);
    }
  }

  /** The engine is away: both dialogs are lost to us. Returns their ids, to be ended when it is back. */
  abandon(): readonly string[] {
    this.#abandoned = true;
    const sides = [this.#callee, this.#caller].flatMap((side) => side ?? []);
    for (const side of sides) {
      side.closed();
    }
    return sides.map((side) => side.dialogId);
  }

  #onRequest(from: DialogSide, request: ServerTransaction): void {
    const method = request.method;
    if (method === "ACK") {
      this.#onAck(from, request);
    } else if (method === "BYE") {
      this.#onBye(from, request);
    } else if (this.#end !== undefined) {
      request.reply(481);
    } else if (this.#caller === undefined) {
      this.#early.push(request);
    } else {
      this.#relay(from, from === this.#caller ? this.#callee : this.#caller, request);
    }
  }

  #relay(from: DialogSide, to: DialogSide, request: ServerTransaction): void {
    const method = request.method;
    if (method === "INVITE") {
      this.#reinvites.relay(from, to, request);
    } else if (RELAYED.has(method)) {
      this.#relayRequest(from, to, request);
    } else if (method === "REFER") {
      // Refer-To names a place as the asking side sees it; on the other leg it would mean somewhere else.
      request.reply(501, { reason: "Transfer Not Available" });
    } else {
      request.reply(405, { headers: { Allow: ALLOWED_METHODS } });
    }
  }

  #relayRequest(from: DialogSide, to: DialogSide, request: ServerTransaction): void {
    const method = request.method;
    const refreshesTarget = method === "UPDATE";
    to.send(
      {
        method,
        headers: {
          ...inDialogHeaders(method, (name) => request.header(name)),
          ...(refreshesTarget ? to.contactHeader : {}),
        },
        body: request.body,
        limitMs: RELAY_LIMIT_MS,
      },
      {
        onFinal: (response) => {
          const headers = responseHeaders((name) => response.header(name));
          request.reply(response.status, {
            headers: refreshesTarget && response.status < 300 ? { ...headers, ...from.contactHeader } : headers,
            body: response.body,
            ...(response.reason === "" ? {} : { reason: response.reason }),
          });
          if (response.status === 481) {
            this.#onDialogGone(to);
          }
        },
        onFailure: (failure) => {
          request.reply(failure === "timeout" ? 408 : 481);
          if (failure === "unsent") {
            this.#onDialogGone(to);
          }
        },
      },
    );
  }

  #onAck(from: DialogSide, ack: ServerTransaction): void {
    if (this.#reinvites.onAck(from, ack) || from === this.#callee || this.#unacknowledged === undefined) {
      return;
    }
    const response = this.#unacknowledged;
    this.#unacknowledged = undefined;
    response.ack(ack.body, ack.header("Content-Type"));
    if (ack.body === "") {
      this.#options.log.info("delayed offer was never answered");
      this.end("system", { Reason: 'SIP;cause=488;text="No Answer In ACK"' });
    }
  }

  #onBye(from: DialogSide, bye: ServerTransaction): void {
    if (!bye.fromEngine) {
      bye.reply(200);
    }
    from.closed();
    const reason = bye.header("Reason");
    this.end(bye.fromEngine ? "system" : from.name, reason === undefined ? {} : { Reason: reason });
  }

  /** RFC 3261 §12.2.1.2: an end point that does not know the dialog is not in it. */
  #onDialogGone(side: DialogSide): void {
    this.#options.log.info({ leg: side.name }, "end point does not know the dialog");
    side.closed();
    this.end("system");
  }
}
