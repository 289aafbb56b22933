import type { TransportAddress } from "@mss/model";
import type { Logger } from "@mss/runtime";
import { PEER_NAMES_HEADER } from "@mss/sip-message";
import type { EngineLink } from "./engine-link.ts";
import { addressOf, userOf } from "./address-header.ts";
import { bodyText, headerOf, headerText } from "./header-text.ts";
import type { NativeMessage, NativeReplier, NativeRequest } from "./native.ts";
import type { AddressHeader, IncomingInvite, ReplyOptions } from "./types.ts";

export type AnswerOutcome =
  | {
      readonly kind: "sent";
      readonly dialogId: string;
      readonly contact: string | undefined;
      /** Our To tag. */
      readonly localTag: string;
    }
  /** The engine did not send it: the caller had cancelled, or the link is gone. */
  | { readonly kind: "lost"; readonly reason: string };

export interface ServerTransactionDeps {
  readonly link: EngineLink;
  readonly log: Logger;
  readonly serverHeaders: Readonly<Record<string, string>>;
  /** UPDATE before the answer comes by the event of the INVITE, not by the middleware. */
  readonly onRequest: (request: NativeRequest, replier: NativeReplier) => void;
  /** Whether the engine's header of peer names is its own. */
  readonly tellsPeerNames: boolean;
}

const ANSWER_LIMIT_MS = 5_000;
const MAX_FORWARDS_DEFAULT = 70; // RFC 3261 §8.1.1.6
const MAX_FORWARDS = /^[0-9]{1,3}$/;
const DIGITS = /^[0-9]{1,10}/;
const TRANSPORT_NAMES: Readonly<Record<string, TransportAddress["transport"]>> = { tcp: "tcp", tls: "tls" };

/** A request from the network with its response side. */
export class ServerTransaction implements IncomingInvite {
  readonly #native: NativeRequest;
  readonly #replier: NativeReplier;
  readonly #deps: ServerTransactionDeps;
  #from: AddressHeader | undefined;
  #to: AddressHeader | undefined;
  #cancelReason: { readonly reason: string | undefined } | undefined;
  #cancelListeners: ((reason: string | undefined) => void)[] = [];

  constructor(native: NativeRequest, replier: NativeReplier, deps: ServerTransactionDeps) {
    this.#native = native;
    this.#replier = replier;
    this.#deps = deps;
    if (native.method === "INVITE") {
      native.on("cancel", (cancel) => this.#onCancel(cancel));
      native.on("update", deps.onRequest);
    }
  }

  get method(): string {
    return this.#native.method;
  }

  get requestUri(): string {
    return this.#native.uri;
  }

  get called(): string {
    return userOf(this.#native.uri);
  }

  get from(): AddressHeader {
    return (this.#from ??= addressOf(this.header("from")));
  }

  get to(): AddressHeader {
    return (this.#to ??= addressOf(this.header("to")));
  }

  get callId(): string {
    return this.header("call-id") ?? "";
  }

  get cseq(): number {
    return Number(DIGITS.exec(this.header("cseq") ?? "")?.[0] ?? 0);
  }

  get source(): TransportAddress {
    const { protocol, source_address: host, source_port: port } = this.#native;
    return { transport: TRANSPORT_NAMES[protocol] ?? "udp", host, port };
  }

  get peerNames(): readonly string[] {
    const names = this.#deps.tellsPeerNames ? this.header(PEER_NAMES_HEADER) : undefined;
    return names === undefined ? [] : names.split(",").map((name) => name.trim());
  }

  get body(): string {
    return this.#native.body ?? "";
  }

  get maxForwards(): number {
    const text = this.header("max-forwards") ?? "";
    return MAX_FORWARDS.test(text) ? Number(text) : MAX_FORWARDS_DEFAULT;
  }

  get cancelled(): boolean {
    return this.#cancelReason !== undefined;
  }

  /** Empty outside of a dialog. */
  get dialogId(): string {
    return this.#native.stackDialogId ?? "";
  }

  get answered(): boolean {
    return this.#replier.finalResponseSent;
  }

  /** Made by the engine, which wants no answer. */
  get fromEngine(): boolean {
    return this.#native.source === "application";
  }

  header(name: string): string | undefined {
    return headerOf(this.#native.msg, name);
  }

  onCancel(listener: (reason: string | undefined) => void): void {
    if (this.#cancelReason === undefined) {
      this.#cancelListeners.push(listener);
    } else {
      listener(this.#cancelReason.reason);
    }
  }

  reply(status: number, options: ReplyOptions = {}): void {
    this.#send(status, options);
  }

  /** A provisional response to an INVITE; `listener` hears the id of the early dialog when it has left, which may be empty. */
  progress(status: number, options: ReplyOptions, listener: (dialogId: string) => void): void {
    this.#send(status, options, (error) => {
      if (error === null || error === undefined) {
        this.#tell(() => listener(this.#replier.stackDialogId ?? ""));
      } else {
        this.#deps.log.info({ callId: this.callId, sip: status, reason: error }, "progress was not sent");
      }
    });
  }

  /**
   * 2xx to an INVITE. `listener` is called exactly once, and before anything of the dialog that this makes: it tells
   * whether there is one now.
   */
  answer(options: ReplyOptions, listener: (outcome: AnswerOutcome) => void): void {
    if (this.cancelled || this.answered) {
      listener({ kind: "lost", reason: "already answered or cancelled" });
      return;
    }
    let settled = false;
    const settle = (outcome: AnswerOutcome): void => {
      if (!settled) {
        settled = true;
        clearTimeout(timer);
        noLongerPending();
        this.#tell(() => listener(outcome));
      }
    };
    const lost = (reason: string): void => settle({ kind: "lost", reason });
    const timer = setTimeout(() => lost("engine does not answer"), ANSWER_LIMIT_MS);
    const noLongerPending = this.#deps.link.untilDown(() => lost("link to the engine is lost"));
    const sent = this.#send(200, options, (error, echo) => {
      if (error === null || error === undefined) {
        const contact = echo === undefined ? undefined : headerOf(echo, "contact");
        const localTag = echo === undefined ? undefined : addressOf(headerOf(echo, "to")).tag;
        settle({ kind: "sent", dialogId: this.#replier.stackDialogId ?? "", contact, localTag: localTag ?? "" });
      } else {
        lost(error instanceof Error ? error.message : "engine did not send the answer");
      }
    });
    if (!sent) {
      lost("answer could not be sent");
    }
  }

  #send(status: number, options: ReplyOptions, callback?: (error: unknown, echo?: NativeMessage) => void): boolean {
    const { log, serverHeaders } = this.#deps;
    if (this.#replier.finalResponseSent) {
      log.debug({ callId: this.callId, sip: status }, "response after the final one dropped");
      return false;
    }
    const text = headerText(options.headers);
    if (text.kind === "bad") {
      log.error({ callId: this.callId, header: text.name }, "response header is not fit to be sent");
      this.#sendRaw(500, {});
      return false;
    }
    const body = bodyText(options.body);
    const headers = { ...serverHeaders, ...text.headers };
    return this.#sendRaw(status, {
      headers,
      ...(options.reason === undefined ? {} : { reason: options.reason.replaceAll(/[\r\n\0]+/g, " ") }),
      ...(body === undefined ? {} : { body }),
      ...(callback === undefined ? {} : { callback }),
    });
  }

  #sendRaw(
    status: number,
    options: {
      readonly headers?: Record<string, string>;
      readonly reason?: string;
      readonly body?: unknown;
      readonly callback?: (error: unknown, echo?: NativeMessage) => void;
    },
  ): boolean {
    try {
      const { headers = {}, body, reason, callback } = options;
      this.#replier.send(status, reason, body === undefined ? { headers } : { headers, body }, callback);
      return true;
    } catch (err) {
      // drachtio-srf throws for a status it does not know
      this.#deps.log.error({ err, callId: this.callId, sip: status }, "cannot send response");
      if (status !== 500 && !this.#replier.finalResponseSent) {
        this.#sendRaw(500, {});
      }
      return false;
    }
  }

  /** An error in what listens must not reach the socket's listener, which would end the process. */
  #tell(run: () => void): void {
    try {
      run();
    } catch (err) {
      this.#deps.log.error({ err, callId: this.callId }, "listener of a request failed");
    }
  }

  #onCancel(cancel: NativeMessage): void {
    if (this.#cancelReason !== undefined) {
      return;
    }
    const reason = headerOf(cancel, "reason");
    this.#cancelReason = { reason };
    const listeners = this.#cancelListeners;
    this.#cancelListeners = [];
    for (const listener of listeners) {
      this.#tell(() => listener(reason));
    }
  }
}
