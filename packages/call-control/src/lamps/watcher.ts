import type { Logger } from "@mss/runtime";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import { DIALOG_INFO, dialogInfo } from "./dialog-info.ts";
import type { LampState } from "./dialog-info.ts";

export interface WatcherOptions {
  readonly server: SipServerCore;
  readonly log: Logger;
  readonly dialogId: string;
  /** Value of Event, with its id. */
  readonly event: string;
  readonly entity: string;
  readonly origin: string;
  readonly expiresSeconds: number;
  readonly expiresOf: (request: ServerTransaction) => number;
  /** The subscription is over; nothing is sent any more. */
  readonly onOver: (watcher: Watcher) => void;
}

const NOTIFY_LIMIT_MS = 10_000;

/** How a subscription ends, as Subscription-State tells it. RFC 6665 §4.1.3. */
export type End = "timeout" | "deactivated" | { readonly retryAfterSeconds: number };

function ending(end: End): string {
  return typeof end === "string"
    ? `terminated;reason=${end}`
    : `terminated;reason=probation;retry-after=${end.retryAfterSeconds}`;
}

/** One subscription to a lamp, from our 200 to its end. One NOTIFY at a time: a phone that is slow hears the last state only. */
export class Watcher {
  readonly origin: string;
  readonly #options: WatcherOptions;
  readonly #close: () => void;
  #state: LampState | undefined;
  #told: LampState | undefined;
  #version = 0;
  #sending = false;
  #owed = false;
  #end: End | undefined;
  #over = false;
  #expiresAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.origin = options.origin;
    this.#close = options.server.openDialog(options.dialogId, (request) => this.#onRequest(request));
    this.#extend(options.expiresSeconds);
  }

  /** Tells the state, unless it has been told; the first one always. */
  show(state: LampState): void {
    this.#state = state;
    if (state !== this.#told) {
      this.#notify();
    }
  }

  end(end: End, state = this.#state): void {
    if (this.#end === undefined && !this.#over) {
      this.#end = end;
      this.#state = state;
      clearTimeout(this.#timer);
      this.#notify();
    }
  }

  #extend(seconds: number): void {
    clearTimeout(this.#timer);
    this.#expiresAt = performance.now() + seconds * 1000;
    this.#timer = setTimeout(() => this.end("timeout"), seconds * 1000);
    this.#timer.unref();
  }

  #onRequest(request: ServerTransaction): void {
    if (request.method !== "SUBSCRIBE") {
      request.reply(405, { headers: { Allow: "SUBSCRIBE, NOTIFY" } });
      return;
    }
    const seconds = this.#options.expiresOf(request);
    request.reply(200, { headers: { Expires: String(seconds) } });
    if (seconds === 0) {
      this.end("timeout");
    } else if (this.#end === undefined) {
      this.#extend(seconds);
      this.#notify(); // RFC 6665 §4.2.1.2: each SUBSCRIBE is answered by the whole state
    }
  }

  #notify(): void {
    if (this.#over || this.#state === undefined) {
      return;
    }
    if (this.#sending) {
      this.#owed = true;
      return;
    }
    const { server, log, dialogId, event, entity } = this.#options;
    const left = Math.max(0, Math.round((this.#expiresAt - performance.now()) / 1000));
    const isLast = this.#end !== undefined;
    const headers = {
      Event: event,
      "Subscription-State": this.#end === undefined ? `active;expires=${left}` : ending(this.#end),
      "Content-Type": DIALOG_INFO,
    };
    this.#sending = true;
    this.#owed = false;
    this.#told = this.#state;
    const body = dialogInfo({ entity, version: this.#version, state: this.#state });
    this.#version += 1;
    server.send(
      { method: "NOTIFY", dialogId, headers, body, limitMs: NOTIFY_LIMIT_MS },
      {
        onFinal: ({ status }) => this.#onNotified(status < 300 && !isLast),
        onFailure: (failure) => {
          log.info({ from: this.origin, failure }, "watcher did not take its notification");
          this.#onNotified(false);
        },
      },
    );
  }

  /** A watcher that refuses, or is gone, is forgotten: RFC 6665 §4.2.2. */
  #onNotified(goesOn: boolean): void {
    this.#sending = false;
    if (!goesOn) {
      this.forget();
    } else if (this.#owed || this.#state !== this.#told) {
      this.#notify();
    }
  }

  /** Over without a word: the engine is away, or the watcher. */
  forget(): void {
    if (!this.#over) {
      this.#over = true;
      clearTimeout(this.#timer);
      this.#close();
      this.#options.onOver(this);
    }
  }
}
