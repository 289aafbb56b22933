import { randomInt } from "node:crypto";
import type { Logger } from "@mss/runtime";
import type { ClientResponse, ClientTransaction } from "../drachtio/client-transaction.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import { noteMedia } from "./dialog-side.ts";
import type { DialogSide } from "./dialog-side.ts";
import { inDialogHeaders, responseHeaders, unsupportedRequirements } from "./header-policy.ts";

interface Relay {
  readonly from: DialogSide;
  readonly to: DialogSide;
  readonly request: ServerTransaction;
  transaction?: ClientTransaction;
  /** Delayed offer: the 200 that is acknowledged with the SDP of the asking side's ACK. */
  waitingForAck?: ClientResponse;
}

const REINVITE_LIMIT_MS = 190_000; // above Timer C: the engine ends it first
const MAX_RETRY_SECONDS = 10; // RFC 3261 §14.2

/** One re-INVITE at a time between the two dialogs of a session: hold, resume, change of codecs, delayed offer. */
export class ReinviteRelay {
  readonly #log: Logger;
  /** The other side says that its dialog does not exist (any more): RFC 3261 §12.2.1.2. */
  readonly #onDialogGone: (side: DialogSide) => void;
  #current: Relay | undefined;

  constructor(log: Logger, onDialogGone: (side: DialogSide) => void) {
    this.#log = log;
    this.#onDialogGone = onDialogGone;
  }

  relay(from: DialogSide, to: DialogSide, request: ServerTransaction): void {
    if (this.#current !== undefined) {
      this.#refuse(request, this.#current.from === from);
      return;
    }
    const unsupported = unsupportedRequirements((name) => request.header(name), "within a call");
    if (unsupported.length > 0) {
      request.reply(420, { headers: { Unsupported: unsupported.join(", ") } });
      return;
    }
    const relay: Relay = { from, to, request };
    this.#current = relay;
    relay.transaction = to.send(
      {
        method: "INVITE",
        headers: { ...inDialogHeaders("INVITE", (name) => request.header(name)), ...to.contactHeader },
        body: request.body,
        limitMs: REINVITE_LIMIT_MS,
      },
      {
        onFinal: (response) => this.#onFinal(relay, to, response),
        onFailure: (failure, reason) => {
          this.#log.info({ leg: to.name, failure, reason }, "re-invite could not be relayed");
          this.#finish(relay);
          request.reply(failure === "timeout" ? 408 : 481);
          if (failure !== "linkLost") {
            this.#onDialogGone(to);
          }
        },
      },
    );
    request.onCancel((reason) => relay.transaction?.cancel(reason === undefined ? {} : { Reason: reason }));
  }

  /** True when the ACK was the one a delayed offer waited for. */
  onAck(from: DialogSide, ack: ServerTransaction): boolean {
    const relay = this.#current;
    if (relay?.waitingForAck === undefined || relay.from !== from) {
      return false;
    }
    relay.waitingForAck.ack(ack.body, ack.header("Content-Type"));
    noteMedia(from, relay.to)(ack, relay.waitingForAck);
    this.#finish(relay);
    return true;
  }

  /** The session ends: what is under way is answered. */
  end(): void {
    const relay = this.#current;
    if (relay !== undefined) {
      this.#finish(relay);
      relay.waitingForAck?.ack();
      if (!relay.request.answered) {
        relay.request.reply(487);
      }
    }
  }

  #refuse(request: ServerTransaction, sameSide: boolean): void {
    if (sameSide) {
      request.reply(500, { headers: { "Retry-After": String(randomInt(MAX_RETRY_SECONDS)) } }); // RFC 3261 §14.2
    } else {
      request.reply(491);
    }
  }

  #onFinal(relay: Relay, to: DialogSide, response: ClientResponse): void {
    const { request } = relay;
    const headers: SipHeaders = responseHeaders((name) => response.header(name));
    if (this.#current !== relay) {
      if (response.status < 300) {
        response.ack(); // the session ended meanwhile
      }
      return;
    }
    if (response.status >= 300) {
      this.#finish(relay);
      request.reply(response.status, { headers, ...(response.reason === "" ? {} : { reason: response.reason }) });
      if (response.status === 481 || response.status === 408) {
        this.#onDialogGone(to);
      }
      return;
    }
    if (request.body === "") {
      relay.waitingForAck = response;
    } else {
      response.ack();
      noteMedia(relay.from, to)(request, response);
    }
    this.#answer(relay, response, headers);
  }

  #answer(relay: Relay, response: ClientResponse, headers: SipHeaders): void {
    const { request, from } = relay;
    request.answer({ headers: { ...headers, ...from.contactHeader }, body: response.body }, (outcome) => {
      if (relay.waitingForAck === undefined) {
        this.#finish(relay);
      } else if (outcome.kind === "lost") {
        relay.waitingForAck.ack();
        this.#finish(relay);
      }
    });
  }

  #finish(relay: Relay): void {
    if (this.#current === relay) {
      this.#current = undefined;
    }
  }
}
