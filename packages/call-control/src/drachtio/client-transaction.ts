import type { Logger } from "@mss/runtime";
import type { EngineLink } from "./engine-link.ts";
import { bodyText, headerOf, headerText, isSendableUri } from "./header-text.ts";
import type { NativeAck, NativeReplier, NativeRequest, NativeRequestOptions, NativeResponse } from "./native.ts";
import type { SipHeaders } from "./types.ts";

/** A request of ours: outside of a dialog with `uri`, inside with `dialogId`. */
export interface ClientRequest {
  readonly method: string;
  readonly uri?: string;
  readonly dialogId?: string;
  readonly proxy?: string;
  readonly headers?: SipHeaders;
  readonly body?: string;
  /** Until the final response. None when absent: the caller then cancels by itself. */
  readonly limitMs?: number;
}

/** What went on the wire, as far as a second attempt needs it. */
export interface SentRequest {
  readonly callId: string;
  readonly cseq: number;
  /** With our tag. */
  readonly from: string;
  readonly contact: string | undefined;
}

export type ClientFailure = "unsent" | "timeout" | "linkLost";

/** `onFinal` or `onFailure` comes exactly once, and nothing after it. */
export interface ClientEvents {
  onSent?(sent: SentRequest): void;
  onProvisional?(response: ClientResponse): void;
  onFinal(response: ClientResponse): void;
  onFailure(failure: ClientFailure, reason: string): void;
}

/** A response to a request of ours. */
export class ClientResponse {
  readonly #native: NativeResponse;
  readonly #ack: NativeAck;
  readonly #log: Logger;

  constructor(native: NativeResponse, ack: NativeAck, log: Logger) {
    this.#native = native;
    this.#ack = ack;
    this.#log = log;
  }

  get status(): number {
    return this.#native.status;
  }

  get reason(): string {
    return this.#native.reason ?? "";
  }

  get body(): string {
    return this.#native.body ?? "";
  }

  get dialogId(): string | undefined {
    const id = this.#native.stackDialogId;
    return id === "" ? undefined : id;
  }

  header(name: string): string | undefined {
    return headerOf(this.#native.msg, name);
  }

  /** Acknowledges a 2xx to INVITE; of other responses the engine does it. */
  ack(body?: string, contentType = "application/sdp"): void {
    try {
      this.#ack(
        body === undefined || body === "" ? {} : { headers: { "Content-Type": contentType }, body: bodyText(body) },
      );
    } catch (err) {
      this.#log.warn({ err, callId: this.header("call-id") }, "cannot send ack");
    }
  }
}

export interface ClientTransactionDeps {
  readonly link: EngineLink;
  readonly log: Logger;
  /** UPDATE before the answer comes by the request's own event, not by the middleware. */
  readonly onRequest: (request: NativeRequest, replier: NativeReplier) => void;
}

const UNSENT_LIMIT_MS = 5_000; // the engine answers "sent" or "not sent" at once; this is for one that hangs

/** One request of ours from the sending to the final response. */
export class ClientTransaction {
  readonly #deps: ClientTransactionDeps;
  readonly #events: ClientEvents;
  #native: NativeRequest | undefined;
  #cancelHeaders: Record<string, string> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #noLongerPending: (() => void) | undefined;
  #ended = false;

  constructor(deps: ClientTransactionDeps, events: ClientEvents) {
    this.#deps = deps;
    this.#events = events;
  }

  /** Never throws: what cannot be sent comes by `onFailure`, before `send` returns. */
  send(request: ClientRequest): void {
    const options = nativeOptions(request);
    if (options.kind === "bad") {
      this.#deps.log.warn({ what: options.what, method: request.method }, "request is not fit to be sent");
      this.#fail("unsent", "not fit to be sent");
      return;
    }
    this.#noLongerPending = this.#deps.link.untilDown(() => this.#fail("linkLost", "link to the engine is lost"));
    this.#limit(UNSENT_LIMIT_MS, "engine does not answer");
    try {
      this.#deps.link.srf.request(request.uri ?? "sip:placeholder", options.native, (error, sent) => {
        if (error === null || error === undefined) {
          this.#onSent(sent, request.limitMs);
        } else {
          this.#fail("unsent", error instanceof Error ? error.message : "engine did not send it");
        }
      });
    } catch (error) {
      // drachtio-srf throws when it has no connection
      this.#fail("linkLost", error instanceof Error ? error.message : "no link to the engine");
    }
  }

  /** CANCEL for an INVITE without final response; the engine holds it until a provisional one came (RFC 3261 §9.1). */
  cancel(headers: SipHeaders = {}): void {
    const text = headerText(headers);
    this.#cancelHeaders = text.kind === "ok" ? text.headers : {};
    this.#cancelIfSent();
  }

  /** No event from now on. */
  abandon(): void {
    this.#end();
  }

  #onSent(sent: NativeRequest | undefined, limitMs: number | undefined): void {
    if (this.#ended || sent === undefined) {
      return;
    }
    this.#native = sent;
    clearTimeout(this.#timer);
    if (limitMs !== undefined) {
      this.#limit(limitMs, "no final response in time");
    }
    sent.on("update", this.#deps.onRequest);
    sent.on("response", (response, ack) => this.#onResponse(response, ack));
    this.#guard(() => this.#events.onSent?.(sentRequest(sent)));
    this.#cancelIfSent();
  }

  #onResponse(native: NativeResponse, ack: NativeAck): void {
    if (this.#ended) {
      return;
    }
    const response = new ClientResponse(native, ack, this.#deps.log);
    if (native.status < 200) {
      this.#guard(() => this.#events.onProvisional?.(response));
      return;
    }
    this.#end();
    this.#guard(() => this.#events.onFinal(response));
  }

  #cancelIfSent(): void {
    if (this.#native === undefined || this.#cancelHeaders === undefined || this.#ended) {
      return;
    }
    try {
      this.#native.cancel({ headers: this.#cancelHeaders }, () => undefined);
    } catch (err) {
      this.#deps.log.debug({ err }, "cannot send cancel");
    }
    this.#cancelHeaders = undefined;
  }

  #limit(limitMs: number, reason: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail("timeout", reason), limitMs);
  }

  #fail(failure: ClientFailure, reason: string): void {
    if (!this.#ended) {
      this.#end();
      this.#guard(() => this.#events.onFailure(failure, reason));
    }
  }

  #end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#noLongerPending?.();
  }

  /** An error in what listens must not reach the socket's listener, which would end the process. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (err) {
      this.#deps.log.error({ err }, "handling of a response failed");
    }
  }
}

function sentRequest(native: NativeRequest): SentRequest {
  const cseq = Number.parseInt(headerOf(native.msg, "cseq") ?? "", 10);
  return {
    callId: headerOf(native.msg, "call-id") ?? "",
    cseq: Number.isNaN(cseq) ? 0 : cseq,
    from: headerOf(native.msg, "from") ?? "",
    contact: headerOf(native.msg, "contact"),
  };
}

type OptionsOutcome =
  { readonly kind: "ok"; readonly native: NativeRequestOptions } | { readonly kind: "bad"; readonly what: string };

function nativeOptions(request: ClientRequest): OptionsOutcome {
  const headers = headerText(request.headers);
  if (headers.kind === "bad") {
    return { kind: "bad", what: headers.name };
  }
  for (const uri of [request.uri, request.proxy]) {
    if (uri !== undefined && !isSendableUri(uri)) {
      return { kind: "bad", what: "uri" };
    }
  }
  const body = bodyText(request.body);
  return {
    kind: "ok",
    native: {
      method: request.method,
      headers: headers.headers,
      ...(body === undefined ? {} : { body }),
      ...(request.proxy === undefined ? {} : { proxy: request.proxy }),
      ...(request.dialogId === undefined ? {} : { stackDialogId: request.dialogId }),
    },
  };
}
