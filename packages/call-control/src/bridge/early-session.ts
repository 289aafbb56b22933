import type { Logger } from "@mss/runtime";
import type { ClientEvents, ClientRequest, ClientResponse } from "../drachtio/client-transaction.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import { ALLOWED_METHODS } from "../drachtio/sip-server.ts";
import type { ReplyOptions, SipHeaders } from "../drachtio/types.ts";
import { hasOption } from "./header-policy.ts";
import { RELAYED, relayRequest } from "./request-relay.ts";
import type { RelaySide } from "./request-relay.ts";

const PRACK_LIMIT_MS = 31_000;
const RELIABLE: SipHeaders = { Require: "100rel" };

/** Whether a provisional response wants to be acknowledged by PRACK. RFC 3262 §4. */
export function isReliable(response: ClientResponse): boolean {
  return response.header("rseq") !== undefined && hasOption(response.header("require"), "100rel");
}

/** RFC 3262 §7.2: of which response a PRACK speaks. */
function acknowledged(response: ClientResponse): SipHeaders {
  return { RAck: `${response.header("rseq") ?? ""} ${response.header("cseq") ?? ""}` };
}

/** One early dialog. */
class EarlySide implements RelaySide {
  readonly contactHeader: SipHeaders = {}; // the engine writes its own
  readonly dialogId: string;
  readonly close: () => void;
  readonly #server: SipServerCore;

  constructor(server: SipServerCore, dialogId: string, onRequest: (request: ServerTransaction) => void) {
    this.#server = server;
    this.dialogId = dialogId;
    this.close = server.openDialog(dialogId, onRequest);
  }

  send(request: Omit<ClientRequest, "dialogId">, events: ClientEvents): void {
    this.#server.send({ ...request, dialogId: this.dialogId }, events);
  }
}

/**
 * A call before its answer: what passes between the two early dialogs. A reliable response of the callee is a reliable one
 * to the caller, and the callee gets its PRACK when the caller has sent its own, with what is in it: so a session description
 * in either is known to have arrived (RFC 3262 §5).
 */
export class EarlySession {
  readonly #server: SipServerCore;
  readonly #log: Logger;
  readonly #invite: ServerTransaction;
  #caller: EarlySide | undefined;
  #callee: EarlySide | undefined;
  /** Sent on to the caller, which has not acknowledged them yet, in order. The engine lets one out at a time. */
  #awaited: ClientResponse[] = [];
  #over = false;
  /** The caller has acknowledged an offer of the callee: the answer was in its PRACK. */
  #isOfferAnswered = false;

  constructor(deps: { readonly server: SipServerCore; readonly log: Logger; readonly invite: ServerTransaction }) {
    this.#server = deps.server;
    this.#log = deps.log;
    this.#invite = deps.invite;
  }

  get isOfferAnswered(): boolean {
    return this.#isOfferAnswered;
  }

  /** From now on requests within the callee's early dialog go to the caller, and the other way round. */
  connect(response: ClientResponse): void {
    const { dialogId } = response;
    if (dialogId === undefined || this.#callee?.dialogId === dialogId || this.#over) {
      return;
    }
    this.#callee?.close();
    this.#callee = new EarlySide(this.#server, dialogId, (request) => this.#onRequest("callee", request));
  }

  /** A response to the caller; `reliable`: one of the callee that waits for PRACK, or that the caller wants to acknowledge. */
  pass(status: number, options: ReplyOptions, reliable?: ClientResponse | "by us"): void {
    const headers = reliable === undefined ? options.headers : { ...options.headers, ...RELIABLE };
    if (reliable !== undefined && reliable !== "by us") {
      this.#awaited.push(reliable);
    }
    this.#invite.progress(status, { ...options, ...(headers === undefined ? {} : { headers }) }, (dialogId) => {
      if (!this.#over && dialogId !== "" && this.#caller === undefined) {
        this.#caller = new EarlySide(this.#server, dialogId, (request) => this.#onRequest("caller", request));
      }
    });
  }

  /** Acknowledges a reliable response that goes no further. */
  acknowledge(response: ClientResponse): void {
    const { dialogId } = response;
    if (dialogId !== undefined) {
      this.#server.send(
        { method: "PRACK", dialogId, headers: acknowledged(response), limitMs: PRACK_LIMIT_MS },
        {
          onFinal: () => undefined,
          onFailure: (_failure, reason) => this.#log.info({ reason }, "prack was not answered"),
        },
      );
    }
  }

  /** The call is answered or over: its dialogs are somebody else's. */
  end(): void {
    this.#over = true;
    this.#caller?.close();
    this.#callee?.close();
  }

  #onRequest(from: "caller" | "callee", request: ServerTransaction): void {
    if (request.method === "ACK" || request.fromEngine) {
      return;
    }
    const [asking, other] = from === "caller" ? [this.#caller, this.#callee] : [this.#callee, this.#caller];
    if (request.method === "PRACK") {
      this.#onPrack(request);
    } else if (!RELAYED.has(request.method)) {
      request.reply(405, { headers: { Allow: ALLOWED_METHODS } });
    } else if (asking === undefined || other === undefined) {
      request.reply(491); // the other early dialog is not there yet
    } else {
      relayRequest({ from: asking, to: other, request, onGone: () => undefined });
    }
  }

  #onPrack(prack: ServerTransaction): void {
    const response = this.#awaited.shift();
    if (response?.dialogId === undefined || this.#callee === undefined || this.#caller === undefined) {
      prack.reply(200); // for a response that only the caller wanted to be reliable
      return;
    }
    this.#isOfferAnswered ||= this.#invite.body === "" && response.body !== "";
    relayRequest({
      from: this.#caller,
      to: this.#callee,
      request: prack,
      headers: acknowledged(response),
      onGone: () => undefined,
    });
  }
}
