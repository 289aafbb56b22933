import type { Logger } from "@mss/runtime";
import { DigestClient } from "../auth/digest-client.ts";
import { ClientTransaction } from "./client-transaction.ts";
import type { ClientEvents, ClientRequest } from "./client-transaction.ts";
import { EngineLink } from "./engine-link.ts";
import type { NativeReplier, NativeRequest } from "./native.ts";
import { requestOnce } from "./request-once.ts";
import { ServerTransaction } from "./server-transaction.ts";
import type {
  LinkState,
  OutgoingRequest,
  RequestHandlers,
  RequestOutcome,
  SipServer,
  SipServerOptions,
} from "./types.ts";

/** Methods that a call of ours understands: value of Allow. */
export const ALLOWED_METHODS = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, MESSAGE, UPDATE, PRACK, NOTIFY";

/** The last BYEs of a call are answered after its record is written: a phone must not be left in a call by our stop. */
const STOP_GRACE_MS = 1_000;

/** As the public options, but the invite handler gets the transaction itself. */
export interface SipServerCoreOptions extends Omit<SipServerOptions, "handlers"> {
  readonly handlers: RequestHandlers & { readonly invite?: (invite: ServerTransaction) => Promise<void> | void };
}

type Handler = (request: ServerTransaction) => Promise<void> | void;
type DialogListener = (request: ServerTransaction) => void;

/**
 * The side of the SIP server that bridging needs: requests of its own, and what comes within its dialogs.
 * `createSipServer` gives the public side of it only.
 */
export class SipServerCore implements SipServer {
  readonly #options: SipServerCoreOptions;
  readonly #log: Logger;
  readonly #link: EngineLink;
  readonly #dialogs = new Map<string, DialogListener>();
  readonly #notified = new Map<string, DialogListener>();
  readonly #serverHeaders: Readonly<Record<string, string>>;
  readonly digestClient = new DigestClient();

  constructor(options: SipServerCoreOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#serverHeaders = options.product === undefined ? {} : { Server: options.product };
    this.#link = new EngineLink({ engine: options.engine, log: options.log, onRequest: this.#onRequest });
  }

  get linkState(): LinkState {
    return this.#link.state;
  }

  get dialogCount(): number {
    return this.#dialogs.size;
  }

  start(): Promise<void> {
    return this.#link.start();
  }

  async stop(): Promise<void> {
    await this.#link.settled(this.#options.stopGraceMs ?? STOP_GRACE_MS);
    await this.#link.stop();
  }

  onLink(listener: (state: LinkState) => void): () => void {
    return this.#link.onLink(listener);
  }

  request(request: OutgoingRequest): Promise<RequestOutcome> {
    return requestOnce(this, request);
  }

  /** Sends a request; the events tell how it goes on. Never throws. */
  send(request: ClientRequest, events: ClientEvents): ClientTransaction {
    const { product } = this.#options;
    const transaction = new ClientTransaction({ link: this.#link, log: this.#log, onRequest: this.#onRequest }, events);
    transaction.send(
      product === undefined || request.dialogId !== undefined
        ? request
        : { ...request, headers: { "User-Agent": product, ...request.headers } },
    );
    return transaction;
  }

  /** From now on requests within that dialog go to the listener. Returns the function that ends this. */
  openDialog(dialogId: string, listener: DialogListener): () => void {
    this.#dialogs.set(dialogId, listener);
    return () => {
      if (this.#dialogs.get(dialogId) === listener) {
        this.#dialogs.delete(dialogId);
      }
    };
  }

  /** NOTIFY of that Call-ID in no dialog that is open goes to the listener: it may come before the answer to our SUBSCRIBE. */
  expectNotify(callId: string, listener: DialogListener): () => void {
    this.#notified.set(callId, listener);
    return () => {
      if (this.#notified.get(callId) === listener) {
        this.#notified.delete(callId);
      }
    };
  }

  readonly #onRequest = (native: NativeRequest, replier: NativeReplier): void => {
    const request = new ServerTransaction(native, replier, {
      link: this.#link,
      log: this.#log,
      serverHeaders: this.#serverHeaders,
      onRequest: this.#onRequest,
      tellsPeerNames: this.#options.engine.tellsPeerNames === true,
    });
    try {
      this.#dispatch(request);
    } catch (err) {
      this.#onHandlerFailure(request, err);
    }
  };

  #dispatch(request: ServerTransaction): void {
    const dialogListener = request.dialogId === "" ? undefined : this.#dialogs.get(request.dialogId);
    const listener = dialogListener ?? (request.method === "NOTIFY" ? this.#notified.get(request.callId) : undefined);
    if (listener !== undefined) {
      listener(request);
      return;
    }
    if (request.method === "ACK" || request.fromEngine) {
      return; // belongs to a dialog that is over
    }
    if (request.to.tag !== undefined) {
      request.reply(481); // RFC 3261 §12.2.2; never routed as a new call
      return;
    }
    void this.#handle(request);
  }

  async #handle(request: ServerTransaction): Promise<void> {
    const handler = this.#handlerOf(request.method);
    if (handler === undefined) {
      request.reply(405, { headers: { Allow: this.#allowed() } });
      return;
    }
    try {
      await handler(request);
    } catch (err) {
      this.#onHandlerFailure(request, err);
    }
  }

  #handlerOf(method: string): Handler | undefined {
    const { invite, register, options, message, other } = this.#options.handlers;
    const known: Readonly<Record<string, Handler | undefined>> = {
      INVITE: invite,
      REGISTER: register,
      OPTIONS: options,
      MESSAGE: message,
    };
    return Object.hasOwn(known, method) ? known[method] : other;
  }

  #allowed(): string {
    return this.#options.handlers.register === undefined ? ALLOWED_METHODS : `${ALLOWED_METHODS}, REGISTER`;
  }

  #onHandlerFailure(request: ServerTransaction, err: unknown): void {
    this.#log.error({ err, callId: request.callId, method: request.method }, "handling of a request failed");
    if (!request.answered && request.method !== "ACK" && !request.fromEngine) {
      request.reply(500);
    }
  }
}

/** The application's side of one SIP engine: a drachtio server or the embedded engine. */
export function createSipServer(options: SipServerOptions): SipServer {
  return new SipServerCore(options);
}
