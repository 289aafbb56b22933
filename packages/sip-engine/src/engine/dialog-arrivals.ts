import type { SipRequest } from "@mss/sip-message";
import { parseCSeq, tagOf } from "@mss/sip-message";
import { wireIdOf } from "../dialog/dialog.ts";
import { acceptsRequest, afterRequest } from "../dialog/dialog-rules.ts";
import type { Proxies } from "../proxy/proxies.ts";
import type { ServerTransaction } from "../transaction/types.ts";
import type { Flow } from "../transport/types.ts";
import type { ControlClient } from "../wire/control-client.ts";
import { formatFromNetwork } from "../wire/notices.ts";
import type { AppDialog, Core } from "./core.ts";
import { receivedText, remotePath, textOf } from "./core.ts";
import type { IncomingRequests } from "./incoming-requests.ts";
import { isFromPeer } from "./dialog-origin.ts";
import { buildResponse } from "./message-builder.ts";
import type { OutgoingRequests } from "./outgoing-requests.ts";
import type { Refusal } from "./refusals.ts";
import { refusalOfInterval } from "./session-terms.ts";
import { REFUSALS, underWay, refuse, unavailable } from "./refusals.ts";

/** The requests that come from the network within dialogs. */
export class DialogArrivals {
  readonly #core: Core;
  readonly #incoming: IncomingRequests;
  readonly #outgoing: OutgoingRequests;
  readonly #proxies: Proxies;

  constructor(
    core: Core,
    parts: { readonly incoming: IncomingRequests; readonly outgoing: OutgoingRequests; readonly proxies: Proxies },
  ) {
    this.#core = core;
    this.#incoming = parts.incoming;
    this.#outgoing = parts.outgoing;
    this.#proxies = parts.proxies;
  }

  /** A request with a To tag: to the application that owns the dialog, or refused. RFC 3261 §12.2.2. */
  receive(transaction: ServerTransaction, toTag: string): void {
    const { request } = transaction;
    const callId = request.headers.get("Call-ID") ?? "";
    const fromTag = tagOf(request.headers.get("From") ?? "") ?? "";
    const dialog = this.#core.dialogs.find(callId, toTag, fromTag);
    if (dialog === undefined) {
      this.#receiveWithoutDialog(transaction, wireIdOf(callId, toTag));
      return;
    }
    if (!isFromPeer(dialog, transaction.flow, this.#core.sources)) {
      this.#core.log.info({ callId, from: transaction.flow.remote }, "request of a dialog from elsewhere refused");
      refuse(this.#core, transaction, REFUSALS.noDialog);
      return;
    }
    this.#core.sources.onEcho(transaction.flow); // our tag has come back: the source is where it says
    const refusal = this.#refusalOf(dialog, request);
    if (refusal !== undefined) {
      refuse(this.#core, transaction, refusal);
      return;
    }
    const sequence = parseCSeq(request.headers.get("CSeq") ?? "")?.sequence ?? 0;
    dialog.state = afterRequest(dialog.state, sequence);
    if (request.method === "BYE") {
      this.#onBye(transaction, dialog);
    } else if (request.method === "PRACK") {
      this.#onPrack(transaction, dialog);
    } else {
      this.#pass(transaction, dialog);
    }
  }

  /** An ACK that is not of a failure: the first one for a 2xx of ours is told, the others are repetitions. */
  onAck(ack: SipRequest, flow: Flow): void {
    const { headers } = ack;
    const callId = headers.get("Call-ID") ?? "";
    const dialog = this.#core.dialogs.find(
      callId,
      tagOf(headers.get("To") ?? "") ?? "",
      tagOf(headers.get("From") ?? "") ?? "",
    );
    if (dialog === undefined && this.#proxies.relayAck(ack)) {
      return;
    }
    const awaited = dialog?.awaitedAck;
    if (
      dialog === undefined ||
      awaited === undefined ||
      !isFromPeer(dialog, flow, this.#core.sources) ||
      awaited.sequence !== parseCSeq(headers.get("CSeq") ?? "")?.sequence
    ) {
      this.#core.log.debug({ callId }, "ack of nothing dropped");
      return;
    }
    awaited.stop();
    dialog.awaitedAck = undefined;
    const { transactionId } = awaited;
    dialog.owner?.send(
      formatFromNetwork({ path: remotePath(flow), transactionId, dialogId: dialog.wireId, text: textOf(ack) }),
    );
  }

  #receiveWithoutDialog(transaction: ServerTransaction, wireId: string): void {
    const owner = transaction.request.method === "NOTIFY" ? this.#outgoing.ownerOfUnanswered(wireId) : undefined;
    if (owner === undefined) {
      if (!this.#proxies.relay(transaction)) {
        refuse(this.#core, transaction, REFUSALS.noDialog);
      }
      return;
    }
    this.#incoming.hand(transaction, owner, undefined);
    this.#tell(owner, transaction, wireId);
  }

  #refusalOf(dialog: AppDialog, request: SipRequest): Refusal | undefined {
    const sequence = parseCSeq(request.headers.get("CSeq") ?? "")?.sequence ?? 0;
    const { method } = request;
    if (method === "BYE") {
      return acceptsRequest(dialog.state, sequence) ? undefined : REFUSALS.outOfOrder;
    }
    if (dialog.ending) {
      return REFUSALS.noDialog;
    }
    if (!acceptsRequest(dialog.state, sequence)) {
      return REFUSALS.outOfOrder;
    }
    if (dialog.owner?.open !== true) {
      return unavailable(this.#core);
    }
    if (method === "INVITE") {
      return refusalOfInterval(this.#core, request) ?? this.#refusalOfInvite(dialog);
    }
    return method === "UPDATE"
      ? (refusalOfInterval(this.#core, request) ?? this.#refusalOfUpdate(dialog, request))
      : undefined;
  }

  /** RFC 3261 §14.2. */
  #refusalOfInvite(dialog: AppDialog): Refusal | undefined {
    if (dialog.ownInvite !== undefined || dialog.ownUpdate || dialog.unacknowledged !== undefined) {
      return REFUSALS.pending;
    }
    return this.#incoming.openInvite(dialog.wireId) === undefined ? undefined : underWay(this.#core, "INVITE");
  }

  /** RFC 3311 §5.2: one at a time, and no offer that meets another one on its way. */
  #refusalOfUpdate(dialog: AppDialog, request: SipRequest): Refusal | undefined {
    if (dialog.peerUpdate) {
      return underWay(this.#core, "UPDATE");
    }
    if (request.body === "") {
      return undefined;
    }
    if (dialog.ownUpdate || dialog.ownInvite !== undefined) {
      return REFUSALS.pending;
    }
    const invite = this.#incoming.openInvite(dialog.wireId);
    return invite?.within === undefined ? undefined : underWay(this.#core, "INVITE");
  }

  #pass(transaction: ServerTransaction, dialog: AppDialog): void {
    const { owner } = dialog;
    if (owner !== undefined) {
      this.#incoming.hand(transaction, owner, dialog);
      this.#tell(owner, transaction, dialog.wireId);
    }
  }

  /** The dialog ends with the BYE itself, whatever the application answers. RFC 3261 §15.1.2. */
  #onBye(transaction: ServerTransaction, dialog: AppDialog): void {
    const { owner } = dialog;
    const open = this.#incoming.openInvite(dialog.wireId);
    if (dialog.state.phase === "early" && open !== undefined && open.within === undefined) {
      this.#answerOk(transaction);
      this.#incoming.abandon(open, REFUSALS.terminated);
      return;
    }
    if (dialog.method === "INVITE" && !dialog.ending) {
      this.#core.records.stop("network", "normal-release", transaction.request);
    }
    this.#incoming.endWithin(dialog);
    this.#core.dialogs.remove(dialog);
    if (dialog.ending || owner?.open !== true) {
      this.#answerOk(transaction);
      return;
    }
    this.#incoming.hand(transaction, owner, dialog);
    this.#tell(owner, transaction, dialog.wireId);
  }

  /** RFC 3262 §3: a PRACK that acknowledges nothing of ours is answered 481. */
  #onPrack(transaction: ServerTransaction, dialog: AppDialog): void {
    const sequence = Number.parseInt(transaction.request.headers.get("RAck") ?? "", 10);
    const open = this.#incoming.openInvite(dialog.wireId);
    if (open?.reliable?.acknowledge(sequence) === true) {
      this.#pass(transaction, dialog);
      this.#incoming.sendHeld(open);
    } else if (open === undefined && dialog.state.role === "uas") {
      this.#answerOk(transaction); // it crossed our final answer
    } else {
      refuse(this.#core, transaction, REFUSALS.noDialog);
    }
  }

  #answerOk(transaction: ServerTransaction): void {
    transaction.respond(buildResponse(transaction.request, { status: 200, reason: "OK" }));
  }

  #tell(owner: ControlClient, transaction: ServerTransaction, dialogId: string): void {
    const { request, flow, id } = transaction;
    owner.send(
      formatFromNetwork({ path: remotePath(flow), transactionId: id, dialogId, text: receivedText(request, flow) }),
    );
  }
}
