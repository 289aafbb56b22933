import type { SipRequest } from "@mss/sip-message";
import { tagOf } from "@mss/sip-message";
import { wireIdOf } from "../dialog/dialog.ts";
import type { ServerTransaction } from "../transaction/types.ts";
import type { Flow } from "../transport/types.ts";
import type { SipCommand } from "../wire/commands.ts";
import type { ControlClient } from "../wire/control-client.ts";
import { formatFromNetwork, formatNewRequest, formatNotOk, formatResponseSent } from "../wire/notices.ts";
import { answerOf, supportsReliable, wantsReliable } from "./app-answer.ts";
import type { Answer } from "./answer.ts";
import type { AppDialog, Core } from "./core.ts";
import { receivedText, remotePath, textOf } from "./core.ts";
import { buildResponse } from "./message-builder.ts";
import type { OpenRequest } from "./open-request.ts";
import type { Refusal } from "./refusals.ts";
import { REFUSALS, refusalOfNew, refusalOfUnwanted, refuse, unavailable } from "./refusals.ts";
import { ReliableSender } from "./reliable-sender.ts";
import { refusalOfInterval } from "./session-terms.ts";
import { applySuccess, keepEarlyDialog } from "./uas-dialogs.ts";

const UNKNOWN_TRANSACTION = "Response not sent due to unknown transaction";

/** The requests that came from the network and wait for the answer of an application. */
export class IncomingRequests {
  readonly #core: Core;
  readonly #open = new Map<string, OpenRequest>();
  readonly #invites = new Map<string, OpenRequest>();

  constructor(core: Core) {
    this.#core = core;
  }

  get size(): number {
    return this.#open.size;
  }

  /** A request outside any dialog: to the application whose turn it is, or refused. */
  receive(transaction: ServerTransaction): void {
    const { request } = transaction;
    const client = this.#core.registry.pick(request.method);
    const refusal =
      refusalOfNew(this.#core, request, this.#open.size) ??
      (client === undefined ? refusalOfUnwanted(this.#core) : undefined) ??
      refusalOfInterval(this.#core, request) ??
      this.#refusalOfRepeated(request);
    if (this.#isLetIn(transaction, refusal) && client !== undefined) {
      this.deliver(transaction, client);
    }
  }

  /** Whether a request may wait for an application that is still to be found; refused when not. */
  admit(transaction: ServerTransaction, waiting: number): boolean {
    const { request } = transaction;
    const refusal =
      refusalOfNew(this.#core, request, this.#open.size + waiting) ??
      refusalOfInterval(this.#core, request) ??
      this.#refusalOfRepeated(request);
    return this.#isLetIn(transaction, refusal);
  }

  /** Hands a request that starts something new to its application. */
  deliver(transaction: ServerTransaction, client: ControlClient): void {
    const { request, flow } = transaction;
    this.hand(transaction, client, undefined);
    const notice = {
      path: remotePath(flow),
      transactionId: transaction.id,
      dialogId: "",
      text: receivedText(request, flow),
    };
    client.send(formatNewRequest(notice, flow.local));
  }

  /** Registers a request as one that `client` answers. */
  hand(transaction: ServerTransaction, client: ControlClient, within: AppDialog | undefined): OpenRequest {
    const { request } = transaction;
    const callId = request.headers.get("Call-ID") ?? "";
    const open: OpenRequest = {
      transaction,
      client,
      within,
      wireId: within?.wireId ?? wireIdOf(callId, tagOf(request.headers.get("From") ?? "") ?? ""),
      localTag: undefined,
      early: undefined,
      reliable: undefined,
      held: undefined,
    };
    markWithin(open, true);
    this.#open.set(transaction.id, open);
    if (request.method === "INVITE") {
      this.#invites.set(open.wireId, open);
    }
    return open;
  }

  /** The INVITE of that dialog, or the one that makes it, while it has no final answer. */
  openInvite(wireId: string): OpenRequest | undefined {
    return this.#invites.get(wireId);
  }

  /** The answer of an application to one of its open requests. */
  respond(
    client: ControlClient,
    command: SipCommand,
    line: { readonly status: number; readonly reason: string },
  ): void {
    const open = this.#open.get(command.transactionId);
    if (open === undefined || open.client !== client || open.held !== undefined || !open.transaction.canRespond) {
      client.send(formatNotOk(command.id, UNKNOWN_TRANSACTION));
      return;
    }
    const { request, flow } = open.transaction;
    if (wantsReliable(request, line.status, command.message)) {
      if (!supportsReliable(request)) {
        client.send(formatNotOk(command.id, "Remote endpoint does not support 100rel"));
        return;
      }
      this.#makeReliable(open);
    }
    const answer = answerOf(this.#core, open, { line, message: command.message });
    if (isSuccess(line.status) && open.reliable?.awaitsDescription === true) {
      open.held = answer;
    } else {
      this.#give(open, answer);
    }
    const keepsDialog = request.method === "INVITE" || request.method === "SUBSCRIBE" || open.within !== undefined;
    const dialogId = keepsDialog && request.method !== "BYE" ? open.wireId : "";
    const text = textOf(answer.response);
    const notice = { path: remotePath(flow), transactionId: open.transaction.id, dialogId, text };
    client.send(formatResponseSent(command.id, notice));
  }

  /** The 2xx that waited, when nothing keeps it back any more. */
  sendHeld(open: OpenRequest): void {
    const { held } = open;
    if (held !== undefined && open.reliable?.awaitsDescription !== true && open.transaction.canRespond) {
      this.#give(open, held);
    }
  }

  /** Takes a request that starts something new back from its application, while nothing has answered it. */
  release(client: ControlClient, transactionId: string): ServerTransaction | undefined {
    const open = this.#open.get(transactionId);
    const isUntouched = open?.client === client && open.within === undefined && open.localTag === undefined;
    if (open === undefined || !isUntouched || !open.transaction.canRespond) {
      return undefined;
    }
    this.#close(open);
    return open.transaction;
  }

  /** The caller gave up: the INVITE is answered 487 and its application is told. RFC 3261 §9.2. */
  onCancel(transaction: ServerTransaction, cancel: SipRequest, flow: Flow): void {
    const open = this.#open.get(transaction.id);
    if (open === undefined) {
      return;
    }
    const dialogId = open.localTag === undefined ? "" : open.wireId;
    this.answerInstead(open, REFUSALS.terminated);
    open.client.send(
      formatFromNetwork({ path: remotePath(flow), transactionId: transaction.id, dialogId, text: textOf(cancel) }),
    );
  }

  /** Ends an INVITE that the application has not answered, with a status of the engine's, as if the caller had cancelled. */
  abandon(open: OpenRequest, refusal: Refusal): void {
    const { request, flow } = open.transaction;
    const sequence = (request.headers.get("CSeq") ?? "").split(" ")[0] ?? "";
    const headers = request.headers
      .with("CSeq", `${sequence} CANCEL`)
      .with("Content-Length", "0")
      .without("Content-Type")
      .with("Reason", `SIP;cause=${refusal.status};text="${refusal.reason}"`);
    if (open.transaction.canRespond) {
      this.answerInstead(open, refusal);
    } else {
      this.#recordEnd(open, refusal);
      this.#close(open);
    }
    const text = textOf({ ...request, method: "CANCEL", headers, body: "" });
    const path = remotePath(flow);
    open.client.send(formatFromNetwork({ path, transactionId: open.transaction.id, dialogId: open.wireId, text }));
  }

  /** Answers in the application's place: what the application answers afterwards is an unknown transaction. */
  answerInstead(open: OpenRequest, refusal: Refusal): void {
    const toTag = open.localTag ?? open.transaction.localTag;
    open.transaction.respond(buildResponse(open.transaction.request, { ...refusal, toTag }));
    this.#recordEnd(open, refusal);
    this.#close(open);
  }

  /** Open requests within a dialog that ends: RFC 3261 §15.1.2. */
  endWithin(dialog: AppDialog): void {
    for (const open of this.#open.values()) {
      if (open.within === dialog && open.transaction.canRespond) {
        this.answerInstead(open, REFUSALS.terminated);
      }
    }
  }

  onServerFailure(transaction: ServerTransaction, failure: "timeout" | "transport"): void {
    const open = this.#open.get(transaction.id);
    if (open === undefined) {
      return;
    }
    const { method } = transaction.request;
    this.#core.log.info({ method, reason: failure }, "request not answered");
    if (failure === "transport") {
      return; // the caller may come back on another path before the transaction ends
    }
    if (method === "INVITE") {
      this.abandon(open, { status: 408, reason: "Request Timeout" });
    } else {
      this.#close(open);
    }
  }

  /** The requests of an application that is gone: 503, RFC 3261 §21.5.4. */
  dropClient(client: ControlClient): void {
    for (const open of this.#open.values()) {
      if (open.client !== client) {
        continue;
      }
      if (open.transaction.canRespond) {
        this.answerInstead(open, unavailable(this.#core));
      } else {
        this.#close(open);
      }
    }
  }

  /** RFC 3261 §8.2.2.2: the same request on another way; §14.2: one more before the first is answered. */
  #refusalOfRepeated(request: SipRequest): Refusal | undefined {
    if (request.method !== "INVITE") {
      return undefined;
    }
    const fromTag = tagOf(request.headers.get("From") ?? "") ?? "";
    const wireId = wireIdOf(request.headers.get("Call-ID") ?? "", fromTag);
    const isTaken = this.#invites.has(wireId) || this.#core.dialogs.named(wireId) !== undefined;
    return isTaken ? REFUSALS.loopDetected : undefined;
  }

  #close(open: OpenRequest): void {
    this.#open.delete(open.transaction.id);
    if (this.#invites.get(open.wireId) === open) {
      this.#invites.delete(open.wireId);
    }
    open.reliable?.stop();
    markWithin(open, false);
    if (open.early !== undefined) {
      this.#core.dialogs.remove(open.early);
      open.early = undefined;
    }
  }

  #give(open: OpenRequest, answer: Answer): void {
    this.#apply(open, answer);
    this.#send(open, answer);
    if (answer.response.status >= 200 && startsCall(open)) {
      this.#core.records.answered("application", "uas", answer.response);
    }
  }

  /** Of a call that the application did not answer. */
  #recordEnd(open: OpenRequest, { status }: Refusal): void {
    if (!startsCall(open)) {
      return;
    }
    const { records } = this.#core;
    const { request } = open.transaction;
    if (status === REFUSALS.terminated.status) {
      records.stop("network", "call-canceled", request);
    } else {
      records.stop("application", "system-initiated-termination", request);
    }
  }

  #isLetIn(transaction: ServerTransaction, refusal: Refusal | undefined): boolean {
    const isCall = transaction.request.method === "INVITE";
    if (isCall) {
      this.#core.records.attempt("network", transaction.request);
    }
    if (refusal === undefined) {
      return true;
    }
    const response = refuse(this.#core, transaction, refusal);
    if (isCall) {
      this.#core.records.stop("application", "call-rejected", response);
    }
    return false;
  }

  /** What an answer does to the dialog it belongs to. */
  #apply(open: OpenRequest, answer: Answer): void {
    const { status } = answer.response;
    if (status >= 200) {
      const early = open.early;
      open.early = isSuccess(status) ? undefined : early;
      this.#close(open);
      if (isSuccess(status)) {
        applySuccess(this.#core, open, { ...answer, early });
      }
    } else if (status > 100 && open.transaction.request.method === "INVITE" && open.within === undefined) {
      keepEarlyDialog(this.#core, open, answer);
    }
  }

  #send(open: OpenRequest, answer: Answer): void {
    if (!answer.reliable) {
      open.transaction.respond(answer.response);
      return;
    }
    open.reliable?.send(answer.reliableSequence ?? 0, answer.response);
  }

  #makeReliable(open: OpenRequest): void {
    open.reliable ??= new ReliableSender(open.transaction, {
      t1Ms: this.#core.timers.t1Ms,
      onGivenUp: () => {
        this.abandon(open, { status: 504, reason: "No PRACK" }); // RFC 3262 §3: a 5xx
      },
    });
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Remembers in the dialog that the application owes an answer to what would change the session. */
function markWithin({ within, transaction }: OpenRequest, isOpen: boolean): void {
  if (within === undefined) {
    return;
  }
  if (transaction.request.method === "UPDATE") {
    within.peerUpdate = isOpen;
  } else if (transaction.request.method === "INVITE") {
    within.peerInvite = isOpen;
  }
}

function startsCall({ transaction, within }: OpenRequest): boolean {
  return transaction.request.method === "INVITE" && within === undefined;
}
