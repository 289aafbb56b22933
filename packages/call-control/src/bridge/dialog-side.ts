import type { Logger } from "@mss/runtime";
import type { ClientEvents, ClientRequest, ClientResponse, ClientTransaction } from "../drachtio/client-transaction.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import type { Party } from "./types.ts";

/** A dialog as RFC 3891 names it, from our end. */
export interface DialogIds {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
}

export interface DialogSideOptions {
  readonly name: "caller" | "callee";
  /** Who is at the other end of this dialog. */
  readonly party: Party;
  readonly dialogId: string;
  readonly ids: DialogIds;
  /** Our Contact in this dialog: goes into every request and response that refreshes the target. */
  readonly contact: string | undefined;
  readonly server: SipServerCore;
  readonly log: Logger;
  readonly onRequest: (request: ServerTransaction) => void;
}

/** What an end point has said of its media: an offer or an answer of SDP. */
export interface MediaDescription {
  readonly body: string;
  readonly contentType: string | undefined;
}

const BYE_LIMIT_MS = 35_000; // a little above Timer F

/** One dialog of a call. It belongs to one session at a time; `listen` hands it to another owner. */
export class DialogSide {
  readonly name: "caller" | "callee";
  readonly party: Party;
  readonly dialogId: string;
  readonly ids: DialogIds;
  readonly contact: string | undefined;
  /** What the end point said last of its media; undefined before it has said anything. */
  media: MediaDescription | undefined;
  readonly #server: SipServerCore;
  readonly #log: Logger;
  readonly #close: () => void;
  #listener: (request: ServerTransaction) => void;
  #ended = false;
  #heard = false;

  constructor(options: DialogSideOptions) {
    this.name = options.name;
    this.party = options.party;
    this.dialogId = options.dialogId;
    this.ids = options.ids;
    this.contact = options.contact;
    this.#server = options.server;
    this.#log = options.log;
    this.#listener = options.onRequest;
    this.#close = options.server.openDialog(options.dialogId, (request) => this.#listener(request));
  }

  /** Contact header, for messages that need one. */
  get contactHeader(): SipHeaders {
    return this.contact === undefined ? {} : { Contact: this.contact };
  }

  get isOver(): boolean {
    return this.#ended;
  }

  /** The other end knows that the dialog is over. */
  get isHeard(): boolean {
    return this.#heard;
  }

  /** From now on requests of this dialog go there. */
  listen(onRequest: (request: ServerTransaction) => void): void {
    this.#listener = onRequest;
  }

  send(request: Omit<ClientRequest, "dialogId">, events: ClientEvents): ClientTransaction {
    return this.#server.send({ ...request, dialogId: this.dialogId }, events);
  }

  /** The other end has said BYE, or there is no way to it: nothing more is sent. */
  closed(): void {
    this.#heard = true;
    this.#end();
  }

  /** The node at the other end has lost its own way onwards: the dialog is over, and the end point behind it does not know. */
  lost(): void {
    this.#end();
  }

  /** Ends the dialog. Whatever becomes of the BYE, it is over for us. */
  bye(headers: SipHeaders): void {
    if (this.#ended) {
      return;
    }
    this.#end();
    this.send(
      { method: "BYE", headers, limitMs: BYE_LIMIT_MS },
      {
        onFinal: ({ status }) => {
          this.#heard = true;
          if (status >= 300) {
            this.#log.info({ leg: this.name, sip: status }, "bye was refused");
          }
        },
        onFailure: (failure, reason) => this.#log.warn({ leg: this.name, failure, reason }, "bye was not answered"),
      },
    );
  }

  #end(): void {
    this.#ended = true;
    this.#close();
  }
}

type Described = Pick<ServerTransaction | ClientResponse, "body" | "header">;

/** What a message says of the media of who sent it; undefined when it says nothing. */
export function mediaOf(message: Described): MediaDescription | undefined {
  return message.body === "" ? undefined : { body: message.body, contentType: message.header("Content-Type") };
}

/** For an offer of `from` that `to` has accepted. */
export function noteMedia(from: DialogSide, to: DialogSide) {
  return (request: Described, response: Described): void => {
    from.media = mediaOf(request) ?? from.media;
    to.media = mediaOf(response) ?? to.media;
  };
}
