import type { Logger } from "@mss/runtime";
import type { ClientResponse } from "../drachtio/client-transaction.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import { ALLOWED_METHODS } from "../drachtio/sip-server.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import { mediaOf, noteMedia } from "./dialog-side.ts";
import type { DialogSide } from "./dialog-side.ts";
import { saysPeerAway } from "./failure.ts";
import { sayFarewell } from "./farewell.ts";
import { ReinviteRelay } from "./reinvite-relay.ts";
import { RELAYED, relayRequest } from "./request-relay.ts";
import type { EndedBy } from "./types.ts";

export interface SessionOptions {
  readonly log: Logger;
  readonly caller: DialogSide;
  readonly callee: DialogSide;
  /** Delayed offer: the callee's 200, which is acknowledged with the SDP of the caller's ACK. */
  readonly owedAck?: ClientResponse;
  readonly events: SessionEvents;
}

const MOVED = 'SIP;cause=200;text="Call goes on by another way"';

interface Replacement {
  readonly side: DialogSide;
  readonly onEnd: () => void;
}

export interface SessionEvents {
  /** Both dialogs are over, or on their way to it. At most once. */
  onEnd(endedBy: EndedBy): void;
  /** The callee's node says that it has lost the callee's side. True: another way is looked for, and the session stays. */
  onCalleeLost?(): boolean;
  /** One side asks that the other be given somebody else to talk to. Absent: refused with 501. */
  onRefer?(session: Session, transferor: DialogSide, refer: ServerTransaction): void;
}

/**
 * An answered call: two dialogs, and everything that passes between them. A request within one dialog goes to the other
 * and is answered with its answer, whatever it is; nothing is answered on behalf of an end point but BYE and REFER.
 */
export class Session {
  readonly #log: Logger;
  readonly #events: SessionEvents;
  readonly #caller: DialogSide;
  readonly #callee: DialogSide;
  readonly #reinvites: ReinviteRelay;
  #owedAck: ClientResponse | undefined;
  /** A side that is being replaced: its BYE does not end the other side's call. */
  #replacement: Replacement | undefined;
  #over = false;

  constructor({ log, caller, callee, owedAck, events }: SessionOptions) {
    this.#log = log;
    this.#events = events;
    this.#caller = caller;
    this.#callee = callee;
    this.#owedAck = owedAck;
    this.#reinvites = new ReinviteRelay(log, (side) => this.#onDialogGone(side));
    for (const side of [caller, callee]) {
      side.listen((request) => this.receive(side, request));
    }
  }

  get sides(): readonly [caller: DialogSide, callee: DialogSide] {
    return [this.#caller, this.#callee];
  }

  otherSide(side: DialogSide): DialogSide {
    return side === this.#caller ? this.#callee : this.#caller;
  }

  /** Whether somebody is about to be put in the place of a side. */
  get isBeingReplaced(): boolean {
    return this.#replacement !== undefined;
  }

  /** Ends both dialogs; what is under way is answered first. Idempotent. */
  end(endedBy: EndedBy, headers: SipHeaders = {}): void {
    if (!this.#finish()) {
      return;
    }
    this.#callee.bye(headers);
    this.#caller.bye(headers);
    this.#events.onEnd(endedBy);
    this.#replacement?.onEnd();
  }

  /** Until `keep` or `release` the side may hang up and the other one stays. `onEnd`: the session ended all the same. */
  expectReplacement(side: DialogSide, onEnd: () => void): void {
    this.#replacement = { side, onEnd };
  }

  /** Nobody took the place of the side: when it has hung up meanwhile, the session ends with these headers. */
  keep(headers: SipHeaders): void {
    const gone = this.#replacement?.side.isOver === true;
    this.#replacement = undefined;
    if (gone) {
      this.end("system", headers);
    }
  }

  /** Gives `side` away to another session. The other side has ended this one; its dialog is no longer looked after here. */
  release(side: DialogSide): void {
    if (this.#finish()) {
      side.listen((request) => request.reply(491)); // until the next owner listens
      this.#events.onEnd(this.#roleOf(this.otherSide(side)));
    }
  }

  /**
   * The node at the end of `side` is lost, or somebody else has come in its place: the session is over without an end, and
   * the other side goes on in another one. Returns the 2xx of the callee that waits for the SDP of the caller's ACK.
   */
  handOver(side: DialogSide): { readonly owedAck: ClientResponse | undefined } {
    const owedAck = this.#owedAck;
    this.#owedAck = undefined;
    this.#finish();
    sayFarewell(side, { Reason: MOVED });
    return { owedAck };
  }

  /** The engine is away: both dialogs are lost to us. Returns their ids, to be ended when it is back. */
  abandon(): readonly string[] {
    this.#over = true;
    for (const side of this.sides) {
      side.closed();
    }
    return this.sides.map(({ dialogId }) => dialogId);
  }

  receive(from: DialogSide, request: ServerTransaction): void {
    const method = request.method;
    if (method === "ACK") {
      this.#onAck(from, request);
    } else if (method === "BYE") {
      this.#onBye(from, request);
    } else if (this.#over) {
      request.reply(481);
    } else {
      this.#relay(from, this.otherSide(from), request);
    }
  }

  /** Who a side is in this call; in the call before a transfer it may have been the other one. */
  #roleOf(side: DialogSide): "caller" | "callee" {
    return side === this.#caller ? "caller" : "callee";
  }

  /** True the first time: what is under way is answered, and nothing is relayed any more. */
  #finish(): boolean {
    if (this.#over) {
      return false;
    }
    this.#over = true;
    this.#reinvites.end();
    this.#owedAck?.ack(); // RFC 3261 §13.2.2.4: a dialog is acknowledged before it is ended
    this.#owedAck = undefined;
    return true;
  }

  #relay(from: DialogSide, to: DialogSide, request: ServerTransaction): void {
    const method = request.method;
    if (method === "REFER") {
      this.#onRefer(from, request);
    } else if (to.isOver) {
      request.reply(491); // its partner has hung up, the next one is not there yet
    } else if (method === "INVITE") {
      this.#reinvites.relay(from, to, request);
    } else if (RELAYED.has(method)) {
      relayRequest({ from, to, request, onGone: () => this.#onDialogGone(to), onAccepted: noteMedia(from, to) });
    } else if (method === "PRACK") {
      request.reply(200); // it crossed the answer to the INVITE, which ends what it acknowledges
    } else {
      request.reply(405, { headers: { Allow: ALLOWED_METHODS } });
    }
  }

  #onRefer(from: DialogSide, refer: ServerTransaction): void {
    if (this.#events.onRefer === undefined) {
      // Refer-To names a place as the asking side sees it; on the other leg it would mean somewhere else.
      refer.reply(501, { reason: "Transfer Not Available" });
    } else {
      this.#events.onRefer(this, from, refer);
    }
  }

  #onAck(from: DialogSide, ack: ServerTransaction): void {
    if (this.#reinvites.onAck(from, ack) || from === this.#callee || this.#owedAck === undefined) {
      return;
    }
    const response = this.#owedAck;
    this.#owedAck = undefined;
    response.ack(ack.body, ack.header("Content-Type"));
    this.#caller.media = mediaOf(ack);
    if (ack.body === "") {
      this.#log.info("delayed offer was never answered");
      this.end("system", { Reason: 'SIP;cause=488;text="No Answer In ACK"' });
    }
  }

  #onBye(from: DialogSide, bye: ServerTransaction): void {
    if (!bye.fromEngine) {
      bye.reply(200);
    }
    const reason = bye.header("Reason");
    if (from === this.#callee && !this.#over && saysPeerAway(reason) && this.#events.onCalleeLost?.() === true) {
      from.lost();
      return;
    }
    from.closed();
    if (from === this.#replacement?.side && !this.#over) {
      return; // the transferor may leave before the target answers (RFC 5589 §6)
    }
    this.end(bye.fromEngine ? "system" : this.#roleOf(from), reason === undefined ? {} : { Reason: reason });
  }

  /** RFC 3261 §12.2.1.2: an end point that does not know the dialog is not in it. */
  #onDialogGone(side: DialogSide): void {
    if (this.#over) {
      return;
    }
    this.#log.info({ leg: side.name }, "end point does not know the dialog");
    side.closed();
    this.end("system", { Reason: 'SIP;cause=481;text="Call Does Not Exist At The Other End"' });
  }
}
