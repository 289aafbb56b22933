import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { DialogSide } from "./dialog-side.ts";

const NOTIFY_LIMIT_MS = 10_000;
const LIFE_SECONDS = 300; // above every ring timeout

/**
 * Tells the side that asked for a transfer how it goes: NOTIFY with the status line of the new call. RFC 3515 §2.4.4.
 * One NOTIFY at a time, so that none overtakes another; of those that wait only the newest is sent.
 */
export class ReferNotifier {
  readonly #side: DialogSide;
  /** RFC 4488: the asking side wants no NOTIFY. */
  readonly #silent: boolean;
  readonly #event: string;
  #waiting: { readonly line: string; readonly final: boolean } | undefined;
  #sending = false;
  #finished = false;

  constructor(side: DialogSide, refer: ServerTransaction) {
    this.#side = side;
    this.#silent = refer.header("refer-sub")?.trim().toLowerCase() === "false";
    this.#event = `refer;id=${refer.cseq}`; // RFC 3515 §2.4.6: which REFER of this dialog it is
  }

  /** Answers the REFER. */
  accept(refer: ServerTransaction): void {
    refer.reply(202, {
      headers: { ...this.#side.contactHeader, ...(this.#silent ? { "Refer-Sub": "false" } : {}) },
    });
    this.progress(100, "Trying");
  }

  progress(status: number, reason: string): void {
    this.#tell(status, reason, false);
  }

  /** The last one; nothing is told after it. */
  finish(status: number, reason: string): void {
    this.#tell(status, reason, true);
    this.#finished = true;
  }

  #tell(status: number, reason: string, final: boolean): void {
    if (this.#silent || this.#finished) {
      return;
    }
    this.#waiting = { line: `SIP/2.0 ${status} ${reason.replaceAll(/[\r\n\0]+/g, " ")}`, final };
    this.#next();
  }

  #next(): void {
    const told = this.#waiting;
    if (told === undefined || this.#sending || this.#side.isOver) {
      return;
    }
    this.#waiting = undefined;
    this.#sending = true;
    const sent = (): void => {
      this.#sending = false;
      this.#next();
    };
    this.#side.send(
      {
        method: "NOTIFY",
        headers: {
          Event: this.#event,
          "Subscription-State": told.final ? "terminated;reason=noresource" : `active;expires=${LIFE_SECONDS}`,
          "Content-Type": "message/sipfrag;version=2.0",
          ...this.#side.contactHeader,
        },
        body: `${told.line}\r\n`,
        limitMs: NOTIFY_LIMIT_MS,
      },
      { onFinal: sent, onFailure: sent },
    );
  }
}
