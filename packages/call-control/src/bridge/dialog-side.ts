import type { Logger } from "@mss/runtime";
import type { ClientEvents, ClientRequest, ClientTransaction } from "../drachtio/client-transaction.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import type { SipHeaders } from "../drachtio/types.ts";

export interface DialogSideOptions {
  readonly name: "caller" | "callee";
  readonly dialogId: string;
  /** Our Contact in this dialog: goes into every request and response that refreshes the target. */
  readonly contact: string | undefined;
  readonly server: SipServerCore;
  readonly log: Logger;
  readonly onRequest: (request: ServerTransaction) => void;
}

const BYE_LIMIT_MS = 35_000; // a little above Timer F

/** One of the two dialogs of a session. */
export class DialogSide {
  readonly name: "caller" | "callee";
  readonly dialogId: string;
  readonly contact: string | undefined;
  readonly #server: SipServerCore;
  readonly #log: Logger;
  readonly #close: () => void;
  #ended = false;

  constructor(options: DialogSideOptions) {
    this.name = options.name;
    this.dialogId = options.dialogId;
    this.contact = options.contact;
    this.#server = options.server;
    this.#log = options.log;
    this.#close = options.server.openDialog(options.dialogId, options.onRequest);
  }

  /** Contact header, for messages that need one. */
  get contactHeader(): SipHeaders {
    return this.contact === undefined ? {} : { Contact: this.contact };
  }

  send(request: Omit<ClientRequest, "dialogId">, events: ClientEvents): ClientTransaction {
    return this.#server.send({ ...request, dialogId: this.dialogId }, events);
  }

  /** The other end has said BYE, or there is no way to it: nothing more is sent. */
  closed(): void {
    this.#ended = true;
    this.#close();
  }

  /** Ends the dialog. Whatever becomes of the BYE, it is over for us. */
  bye(headers: SipHeaders): void {
    if (this.#ended) {
      return;
    }
    this.closed();
    this.send(
      { method: "BYE", headers, limitMs: BYE_LIMIT_MS },
      {
        onFinal: ({ status }) => {
          if (status >= 300) {
            this.#log.info({ leg: this.name, sip: status }, "bye was refused");
          }
        },
        onFailure: (failure, reason) => this.#log.warn({ leg: this.name, failure, reason }, "bye was not answered"),
      },
    );
  }
}
