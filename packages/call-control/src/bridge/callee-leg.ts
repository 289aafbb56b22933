import type { Logger } from "@mss/runtime";
import type { ClientResponse, ClientTransaction, SentRequest } from "../drachtio/client-transaction.ts";
import { mergeHeaders } from "../drachtio/header-text.ts";
import { nextAttempt } from "../drachtio/request-once.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import { ERRORS } from "../errors.ts";
import type { CallErrorCode } from "../errors.ts";
import { alerts, codeOf, reasonHeaderOf, statusFor } from "./failure.ts";
import type { LegFailure } from "./failure.ts";
import { responseHeaders } from "./header-policy.ts";
import { longerOffer } from "./session-timer.ts";
import type { CallTarget } from "./types.ts";

/** What a leg is made of, beside its target. */
export interface LegOffer {
  /** Headers of the INVITE, by the header policy. */
  readonly headers: SipHeaders;
  /** The caller's SDP; empty for a delayed offer. */
  readonly body: string;
  readonly firstResponseTimeoutMs: number;
  readonly ringTimeoutMs: number;
}

/** `onAnswered` or `onFailed` comes at most once, and nothing after it or after `cancel`. */
export interface LegEvents {
  onProvisional(leg: CalleeLeg, response: ClientResponse): void;
  onAnswered(leg: CalleeLeg, answer: LegAnswer): void;
  onFailed(leg: CalleeLeg, failure: LegFailure): void;
}

export interface LegAnswer {
  readonly response: ClientResponse;
  readonly dialogId: string;
  /** Our Contact of that leg, as the engine sent it. */
  readonly contact: string | undefined;
  /** The SDP that it answers; empty when it was asked for an offer. */
  readonly offered: string;
}

const MAX_ATTEMPTS = 2; // one answer to a challenge; a peer that challenges for ever gets no third INVITE
const TOO_SHORT = 422;
const BYE_LIMIT_MS = 8_000;
/** Longer than another attempt of the same call takes to the callee's node, over lines that lose a fifth of all messages. */
const LINGER_MS = 5_000;
const AFTER_CANCEL_LIMIT_MS = 40_000; // above Timer B and Timer F: a cancelled INVITE has its final answer by then

type LegState = "calling" | "ringing" | "over";

/** One INVITE towards one target, from the sending until it is answered, has failed or was called off. */
export class CalleeLeg {
  readonly target: CallTarget;
  readonly #server: SipServerCore;
  readonly #log: Logger;
  readonly #offer: LegOffer;
  readonly #events: LegEvents;
  #transaction: ClientTransaction | undefined;
  #sent: SentRequest | undefined;
  #state: LegState = "calling";
  #attempts = 0;
  #heard = false;
  #firstResponseTimer: NodeJS.Timeout | undefined;
  #ringTimer: NodeJS.Timeout | undefined;
  #offGone: (() => void) | undefined;
  /** Runs while the leg lingers. */
  #lingerTimer: NodeJS.Timeout | undefined;
  /** Of an answer that came meanwhile. */
  #heldDialogId: string | undefined;

  constructor(
    target: CallTarget,
    deps: {
      readonly server: SipServerCore;
      readonly log: Logger;
      readonly offer: LegOffer;
      readonly events: LegEvents;
    },
  ) {
    this.target = target;
    this.#server = deps.server;
    this.#log = deps.log;
    this.#offer = deps.offer;
    this.#events = deps.events;
  }

  start(): void {
    const { target } = this;
    this.#ringTimer = setTimeout(() => this.#onRingTimeout(), this.#offer.ringTimeoutMs);
    this.#offGone = target.onGone?.(() => this.#onGone());
    this.#waitForFirstResponse();
    const known =
      target.credentials === undefined
        ? undefined
        : this.#server.digestClient.preempt(this.#signed(target.credentials));
    this.#send(mergeHeaders(this.#offer.headers, known));
  }

  /** Calls the leg off, also one that lingers. Should it be answered all the same, the answer is acknowledged and the leg ended with BYE. */
  cancel(headers: SipHeaders): void {
    if (this.#state !== "over") {
      this.#end();
      this.#callOff(headers);
    } else if (this.isLingering) {
      this.#stopLingering(headers);
    }
  }

  /** It has failed, and will be called off a little later. */
  get isLingering(): boolean {
    return this.#lingerTimer !== undefined;
  }

  /**
   * A peer that was not heard may have the call all the same, and its phone may ring. Another attempt is to find it ringing, or
   * answered: a CANCEL or BYE that came before it would make the callee's node ring a second time, or not at all.
   */
  #linger(headers: SipHeaders): void {
    this.#end();
    this.#lingerTimer = setTimeout(() => this.#stopLingering(headers), LINGER_MS).unref();
  }

  #stopLingering(headers: SipHeaders): void {
    clearTimeout(this.#lingerTimer);
    this.#lingerTimer = undefined;
    if (this.#heldDialogId === undefined) {
      this.#callOff(headers);
    } else {
      this.#hangUp(this.#heldDialogId);
    }
  }

  #callOff(headers: SipHeaders): void {
    this.#transaction?.cancel(headers);
    setTimeout(() => this.#transaction?.abandon(), AFTER_CANCEL_LIMIT_MS).unref();
  }

  #signed(credentials: NonNullable<CallTarget["credentials"]>) {
    const { uri, proxy } = this.target;
    return { peer: proxy ?? uri.slice(uri.lastIndexOf("@") + 1), credentials, method: "INVITE", uri };
  }

  #send(headers: SipHeaders): void {
    const { uri, proxy } = this.target;
    const { body } = this.#offer;
    this.#attempts += 1;
    this.#transaction = this.#server.send(
      { method: "INVITE", uri, headers, body, ...(proxy === undefined ? {} : { proxy }) },
      {
        onSent: (sent) => (this.#sent = sent),
        onProvisional: (response) => this.#onProvisional(response),
        onFinal: (response) => this.#onFinal(response),
        onFailure: (failure, reason) => {
          this.#log.info({ route: this.target.label, reason }, "target could not be called");
          this.#fail(failure === "linkLost" ? "ENGINE_LINK_LOST" : this.#unheard("TARGET_UNREACHABLE"));
        },
      },
    );
  }

  #waitForFirstResponse(): void {
    clearTimeout(this.#firstResponseTimer);
    const timer = setTimeout(() => {
      // A thread that was held up for as long may have the response in its socket: what waits there is read first.
      setImmediate(() => {
        if (this.#firstResponseTimer === timer) {
          this.#giveUp(this.#unheard("TARGET_SILENT"));
        }
      });
    }, this.#offer.firstResponseTimeoutMs);
    this.#firstResponseTimer = timer;
  }

  #stopWaiting(): void {
    clearTimeout(this.#firstResponseTimer);
    this.#firstResponseTimer = undefined;
  }

  #onProvisional(response: ClientResponse): void {
    this.#heard = true;
    if (this.#state === "over" || response.status === 100) {
      return;
    }
    this.#stopWaiting();
    if (alerts(response)) {
      this.#state = "ringing";
    }
    this.#events.onProvisional(this, response);
  }

  #onFinal(response: ClientResponse): void {
    if (response.status < 300) {
      this.#onSuccess(response);
    } else if (this.#state !== "over" && !this.#answerChallenge(response) && !this.#lengthen(response)) {
      this.#failBy(response);
    }
  }

  #onSuccess(response: ClientResponse): void {
    const { dialogId } = response;
    if (this.#state === "over" || dialogId === undefined) {
      // The answer crossed our CANCEL (RFC 3261 §9.1): there is a dialog now, and nobody in it.
      response.ack();
      if (dialogId !== undefined && this.isLingering) {
        this.#heldDialogId = dialogId;
      } else if (dialogId !== undefined) {
        this.#hangUp(dialogId);
      }
      this.#fail("TARGET_FAILED");
      return;
    }
    this.#end();
    this.#events.onAnswered(this, {
      response,
      dialogId,
      contact: this.#sent?.contact,
      offered: this.#offer.body,
    });
  }

  #hangUp(dialogId: string): void {
    this.#server.send(
      { method: "BYE", dialogId, limitMs: BYE_LIMIT_MS },
      {
        onFinal: () => undefined,
        onFailure: (_failure, reason) => {
          // one that was held has been ended by the callee's node already, which has the call by another way
          const level = dialogId === this.#heldDialogId ? "debug" : "warn";
          this.#log[level]({ route: this.target.label, reason }, "cannot end a late answer");
        },
      },
    );
  }

  #answerChallenge(response: ClientResponse): boolean {
    const { credentials } = this.target;
    if (credentials === undefined || this.#sent === undefined || this.#attempts >= MAX_ATTEMPTS) {
      return false;
    }
    const answer = this.#server.digestClient.answer({ ...this.#signed(credentials), response });
    if (answer === undefined) {
      return false;
    }
    this.#waitForFirstResponse();
    this.#send(mergeHeaders(this.#offer.headers, mergeHeaders(nextAttempt(this.#sent, "INVITE"), answer)));
    return true;
  }

  /** Whatever rings behind a peer that is gone is out of reach, so that another way may be tried. */
  #onGone(): void {
    if (this.#state !== "over") {
      this.#linger({ Reason: reasonHeaderOf("PEER_AWAY") });
      this.#tellFailure("PEER_AWAY", false);
    }
  }

  /** 422: the same call with the interval that somebody on the way asks for. RFC 4028 §7.3. */
  #lengthen(response: ClientResponse): boolean {
    const { headers } = this.#offer;
    const longer = response.status === TOO_SHORT ? longerOffer(headers, (name) => response.header(name)) : undefined;
    if (longer === undefined || this.#sent === undefined || this.#attempts > MAX_ATTEMPTS) {
      return false;
    }
    this.#waitForFirstResponse();
    this.#send(mergeHeaders(headers, mergeHeaders(nextAttempt(this.#sent, "INVITE"), longer)));
    return true;
  }

  #onRingTimeout(): void {
    this.#giveUp(this.#state === "ringing" ? "TARGET_NO_ANSWER" : this.#unheard("TARGET_SILENT"));
  }

  /** A server that says nothing is in trouble, which a 503 tells the one before it; a phone is switched off. */
  #unheard(code: CallErrorCode): CallErrorCode {
    const silent = code === "TARGET_SILENT" || code === "TARGET_UNREACHABLE";
    return silent && this.target.phone === true ? "PHONE_SILENT" : code;
  }

  #giveUp(code: CallErrorCode): void {
    if (this.#state === "over") {
      return;
    }
    const rang = this.#state === "ringing";
    const headers = { Reason: reasonHeaderOf(code) };
    if (code === "TARGET_SILENT" && this.target.trusted === true) {
      this.#linger(headers);
    } else {
      this.cancel(headers);
    }
    this.#tellFailure(code, rang);
  }

  #tellFailure(code: CallErrorCode, rang: boolean): void {
    this.#events.onFailed(this, { code, rang, target: this.target.label, status: ERRORS[code].sip });
  }

  #fail(code: CallErrorCode): void {
    if (this.#state === "over") {
      return;
    }
    const rang = this.#state === "ringing";
    this.#end();
    this.#tellFailure(code, rang);
  }

  #failBy(response: ClientResponse): void {
    const rang = this.#state === "ringing";
    this.#end();
    const read = (name: string): string | undefined => response.header(name);
    const code = this.#unheard(codeOf(response.status, { heard: this.#heard, rang, reason: read("Reason") }));
    const status = statusFor(code, response.status);
    if (code === "TARGET_CHALLENGED") {
      this.#log.error({ route: this.target.label, sip: response.status }, "target refuses our credentials");
    }
    this.#events.onFailed(this, {
      code,
      rang,
      byTarget: true,
      target: this.target.label,
      status,
      headers: responseHeaders(read),
      ...(status === response.status && response.reason !== "" ? { reason: response.reason } : {}),
    });
  }

  #end(): void {
    this.#state = "over";
    this.#offGone?.();
    this.#stopWaiting();
    clearTimeout(this.#ringTimer);
  }
}
