import type { Logger } from "@mss/runtime";
import { mergeHeaders } from "../drachtio/header-text.ts";
import { nextAttempt } from "../drachtio/request-once.ts";
import type { ClientResponse, SentRequest } from "../drachtio/client-transaction.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import type { CallTarget } from "../bridge/types.ts";
import { DIALOG_INFO, lampStateOf } from "./dialog-info.ts";
import type { LampState } from "./dialog-info.ts";

export interface RemoteLampOptions {
  readonly server: SipServerCore;
  readonly log: Logger;
  readonly locate: () => Promise<readonly CallTarget[]>;
  /** Headers that say who watches, as this target is told. */
  readonly headersFor: (target: CallTarget) => SipHeaders;
  readonly refreshMs: number;
  readonly requestLimitMs: number;
  readonly onState: (state: LampState) => void;
  /** Nobody can be asked any more; or the number is refused, with that status. The lamp is over. */
  readonly onLost: (status: number) => void;
}

const UNREACHABLE = 503;
/** The node that we ask forgets us so many refreshes after the last one that came. */
const REFRESHES_PER_EXPIRY = 3;
const MIN_EXPIRES_SECONDS = 60;
const MAX_ATTEMPTS = 2; // one answer to a challenge

/**
 * The state of a number at another node: a subscription there, refreshed every `refreshMs`. When a refresh fails, it is made
 * anew wherever the number is then; when that fails, too, the lamp is lost. So a state is never older than that.
 */
export class RemoteLamp {
  readonly #options: RemoteLampOptions;
  #dialogId: string | undefined;
  #callId: string | undefined;
  #noLongerExpected: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  /** A state came in this subscription. */
  #heard = false;
  /** Counts subscriptions: what belongs to an earlier one is not heard. */
  #round = 0;
  #over = false;

  constructor(options: RemoteLampOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#subscribe();
  }

  /** Ends the subscription. */
  stop(): void {
    const dialogId = this.#dialogId;
    this.#leave();
    this.#over = true;
    if (dialogId !== undefined) {
      this.#options.server.send(
        {
          method: "SUBSCRIBE",
          dialogId,
          headers: { ...this.#headers(), Expires: "0" },
          limitMs: this.#options.requestLimitMs,
        },
        { onFinal: () => undefined, onFailure: () => undefined },
      );
    }
  }

  #headers(): SipHeaders {
    const seconds = Math.max(MIN_EXPIRES_SECONDS, Math.ceil((this.#options.refreshMs * REFRESHES_PER_EXPIRY) / 1000));
    return { Event: "dialog", Accept: DIALOG_INFO, Expires: String(seconds) };
  }

  #leave(): void {
    this.#round += 1;
    clearTimeout(this.#timer);
    this.#noLongerExpected();
    this.#noLongerExpected = () => undefined;
    this.#dialogId = undefined;
    this.#callId = undefined;
    this.#heard = false;
  }

  async #subscribe(): Promise<void> {
    this.#leave();
    const round = this.#round;
    let refusal = UNREACHABLE;
    try {
      for (const target of await this.#options.locate()) {
        if (this.#over || round !== this.#round) {
          return;
        }
        const status = await this.#ask(target, { number: 1, headers: {} });
        if (status < 300) {
          return;
        }
        refusal =
          status >= 400 && status < 500 && status !== 408 && status !== 480 && status !== 407 ? status : UNREACHABLE;
        if (refusal !== UNREACHABLE) {
          break;
        }
      }
    } catch (err) {
      this.#options.log.error({ err }, "lamp could not be subscribed to");
    }
    if (!this.#over && round === this.#round) {
      this.#lose(refusal);
    }
  }

  /** Resolves with the final status; 408 for silence. */
  #ask(target: CallTarget, attempt: { readonly number: number; readonly headers: SipHeaders }): Promise<number> {
    const { server, requestLimitMs } = this.#options;
    const { uri, proxy, credentials } = target;
    const signed = { peer: proxy ?? uri.slice(uri.lastIndexOf("@") + 1), method: "SUBSCRIBE", uri };
    const { promise, resolve } = Promise.withResolvers<number>();
    let sent: SentRequest | undefined;
    const onFinal = (response: ClientResponse): void => {
      const answer =
        credentials === undefined || sent === undefined || attempt.number >= MAX_ATTEMPTS
          ? undefined
          : server.digestClient.answer({ ...signed, credentials, response });
      if (answer !== undefined && sent !== undefined) {
        const headers = mergeHeaders(nextAttempt(sent, "SUBSCRIBE"), answer);
        resolve(this.#ask(target, { number: attempt.number + 1, headers }));
        return;
      }
      if (response.status < 300) {
        this.#onSubscribed(response);
      }
      resolve(response.status);
    };
    const known = credentials && server.digestClient.preempt({ ...signed, credentials });
    const own = mergeHeaders(this.#options.headersFor(target), this.#headers());
    server.send(
      {
        method: "SUBSCRIBE",
        uri,
        headers: mergeHeaders(mergeHeaders(own, known), attempt.headers),
        limitMs: requestLimitMs,
        ...(proxy === undefined ? {} : { proxy }),
      },
      {
        onSent: (what) => {
          sent = what;
          this.#expect(what.callId);
        },
        onFinal,
        onFailure: () => resolve(408),
      },
    );
    return promise;
  }

  /** A NOTIFY may come before the answer to the SUBSCRIBE (RFC 6665 §4.1.2.4). */
  #expect(callId: string): void {
    this.#noLongerExpected();
    this.#callId = callId;
    this.#noLongerExpected = this.#options.server.expectNotify(callId, (notify) => this.#onNotify(callId, notify));
  }

  #onSubscribed({ dialogId }: ClientResponse): void {
    if (this.#over) {
      return;
    }
    this.#dialogId = dialogId;
    if (this.#heard) {
      this.#refreshLater();
    } else {
      this.#timer = setTimeout(() => this.#lose(UNREACHABLE), this.#options.requestLimitMs); // RFC 6665 §4.1.2.4: Timer N
    }
  }

  #refreshLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh(), this.#options.refreshMs);
    this.#timer.unref();
  }

  #refresh(): void {
    const round = this.#round;
    const again = (): void => {
      if (round === this.#round && !this.#over) {
        void this.#subscribe();
      }
    };
    if (this.#dialogId === undefined) {
      again();
      return;
    }
    this.#options.server.send(
      {
        method: "SUBSCRIBE",
        dialogId: this.#dialogId,
        headers: this.#headers(),
        limitMs: this.#options.requestLimitMs,
      },
      {
        onFinal: ({ status }) => {
          if (status >= 300) {
            again();
          } else if (round === this.#round) {
            this.#refreshLater();
          }
        },
        onFailure: again,
      },
    );
  }

  #onNotify(callId: string, notify: ServerTransaction): void {
    if (callId !== this.#callId || this.#over) {
      notify.reply(481);
      return;
    }
    notify.reply(200);
    const state = lampStateOf(notify.body);
    const subscription = (notify.header("subscription-state") ?? "").toLowerCase();
    if (!subscription.startsWith("terminated")) {
      if (state !== undefined) {
        this.#onHeard();
        this.#options.onState(state);
      }
    } else if (subscription.includes("reason=deactivated") || subscription.includes("reason=timeout")) {
      void this.#subscribe(); // RFC 6665 §4.1.3: at once
    } else {
      this.#lose(UNREACHABLE);
    }
  }

  #onHeard(): void {
    if (!this.#heard) {
      this.#heard = true;
      if (this.#dialogId !== undefined) {
        this.#refreshLater();
      }
    }
  }

  #lose(status: number): void {
    this.#leave();
    this.#over = true;
    this.#options.onLost(status);
  }
}
