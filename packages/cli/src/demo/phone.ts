import { randomBytes } from "node:crypto";
import type { Logger, Part } from "@mss/runtime";
import { createTransactionLayer, createTransportLayer } from "@mss/sip-engine";
import type { Flow, ServerTransaction, Target, TransactionLayer, TransactionUser } from "@mss/sip-engine";
import { createRequest, createResponse, parseCSeq, parseNameAddress, parseNameAddressList } from "@mss/sip-message";
import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";
import { answerChallenge } from "./challenge-answer.ts";
import { sessionDescription } from "./session-description.ts";

export interface PhoneOptions {
  readonly number: string;
  readonly secret: string;
  /** Address the phone binds, on any free port. */
  readonly host: string;
  /** Where its branch listens. */
  readonly branch: Target;
  readonly log: Logger;
}

/** A call that was answered. */
export interface PlacedCall {
  readonly kind: "answered";
  /** From the first INVITE to the 200 OK, the digest challenge included, in milliseconds. */
  readonly setupMs: number;
  /** RFC 7989 Session-ID of the call, when the branch sent one. */
  readonly sessionId: string | undefined;
  hangUp(): Promise<void>;
}

/** A call that ended with another final answer; 408 stands for silence (RFC 3261 §8.1.3.1). */
export interface RefusedCall {
  readonly kind: "refused";
  readonly status: number;
  readonly reason: string;
  readonly setupMs: number;
}

/** What all requests of one dialog, or of one registration, share. */
interface Conversation {
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly uri: string;
  readonly routes: readonly string[];
}

interface Answer {
  readonly request: SipRequest;
  readonly response: SipResponse;
  readonly flow: Flow | undefined;
}

const TIMERS = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000, timerCMs: 180_000 };
const REGISTRATION_SECONDS = 3_600;
const SDP: HeaderField = { name: "Content-Type", value: "application/sdp" };

/**
 * The smallest phone that registers, calls, and answers at once: one line, no media, no retransmission of its own 200.
 * It exists so that the demo can place real calls on loopback; it is no user agent for anything else.
 */
export class Phone implements Part {
  readonly #options: PhoneOptions;
  readonly #transport: ReturnType<typeof createTransportLayer>;
  readonly #layer: TransactionLayer;
  #sequence = 0;

  constructor(options: PhoneOptions) {
    this.#options = options;
    const { host, log } = options;
    this.#transport = createTransportLayer({ listen: [{ transport: "udp", host, port: 0 }], log });
    this.#layer = createTransactionLayer({ transport: this.#transport, timers: TIMERS, log });
  }

  async start(): Promise<void> {
    const user: TransactionUser = {
      onRequest: (transaction) => this.#answer(transaction),
      onCancel: (invite) => invite.respond(createResponse(invite.request, 487, { toTag: newTag() })),
      onAck: () => undefined,
      onStrayInviteSuccess: () => undefined,
      onServerFailure: (transaction, failure) => {
        this.#options.log.warn({ method: transaction.request.method, reason: failure }, "phone could not answer");
      },
    };
    await this.#layer.start(user);
  }

  stop(): Promise<void> {
    return this.#layer.stop();
  }

  /** Registers for an hour. Resolves with the final status: 200, or why not. */
  async register(): Promise<number> {
    const registrar = `sip:${this.#options.branch.host}:${this.#options.branch.port}`;
    const aor = `<${this.#uriOf(this.#options.number)}>`;
    const conversation = { ...this.#newConversation(registrar, aor), routes: [] };
    const expires: HeaderField = { name: "Expires", value: String(REGISTRATION_SECONDS) };
    const { response } = await this.#exchange("REGISTER", conversation, [this.#contact(), expires]);
    return response.status;
  }

  /** Calls a number and resolves with the final answer. */
  async call(number: string): Promise<PlacedCall | RefusedCall> {
    const startedAt = performance.now();
    const uri = this.#uriOf(number);
    const conversation = this.#newConversation(uri, `<${uri}>`);
    const offer = sessionDescription(this.#options.number, this.#options.host);
    const { request, response } = await this.#exchange("INVITE", conversation, [this.#contact(), SDP], offer);
    const setupMs = performance.now() - startedAt;
    if (response.status >= 300) {
      return { kind: "refused", status: response.status, reason: response.reason, setupMs };
    }
    const dialog = confirmedDialog(conversation, response);
    const sequence = parseCSeq(request.headers.get("CSeq") ?? "")?.sequence ?? this.#sequence;
    this.#layer.sendAck(this.#request("ACK", dialog, sequence, { headers: [], body: "" }), this.#options.branch);
    return {
      kind: "answered",
      setupMs,
      sessionId: response.headers.get("Session-ID")?.split(";")[0],
      hangUp: async () => {
        await this.#exchange("BYE", dialog, []);
      },
    };
  }

  #answer(transaction: ServerTransaction): void {
    const { request } = transaction;
    switch (request.method) {
      case "INVITE": {
        const toTag = newTag();
        transaction.respond(createResponse(request, 180, { toTag, headers: [this.#contact()] }));
        const body = sessionDescription(this.#options.number, this.#options.host);
        transaction.respond(createResponse(request, 200, { toTag, headers: [this.#contact(), SDP], body }));
        break;
      }
      case "BYE":
      case "OPTIONS": {
        transaction.respond(createResponse(request, 200, { toTag: newTag() }));
        break;
      }
      default: {
        const allow = { name: "Allow", value: "INVITE, ACK, CANCEL, BYE, OPTIONS" };
        transaction.respond(createResponse(request, 405, { toTag: newTag(), headers: [allow] }));
      }
    }
  }

  /** Sends a request and, when it is challenged, sends it once more with credentials. */
  async #exchange(method: string, conversation: Conversation, headers: HeaderField[], body = ""): Promise<Answer> {
    const first = await this.#send(this.#request(method, conversation, ++this.#sequence, { headers, body }));
    if (first.response.status !== 401 && first.response.status !== 407) {
      return first;
    }
    const account = { username: this.#options.number, password: this.#options.secret };
    const credentials = answerChallenge(first.response, first.request, account);
    if (credentials === undefined) {
      return first;
    }
    const again = { headers: [...headers, credentials], body };
    return this.#send(this.#request(method, conversation, ++this.#sequence, again));
  }

  #send(request: SipRequest): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#layer.request(request, this.#options.branch, {
      onResponse: (response, flow) => {
        if (response.status >= 200) {
          resolve({ request, response, flow });
        }
      },
      onFailure: (failure) => {
        const response = createResponse(request, failure === "timeout" ? 408 : 503);
        resolve({ request, response, flow: undefined });
      },
    });
    return promise;
  }

  #request(
    method: string,
    conversation: Conversation,
    sequence: number,
    content: { readonly headers: readonly HeaderField[]; readonly body: string },
  ): SipRequest {
    return createRequest({
      method,
      uri: conversation.uri,
      headers: [
        { name: "Max-Forwards", value: "70" },
        { name: "From", value: conversation.from },
        { name: "To", value: conversation.to },
        { name: "Call-ID", value: conversation.callId },
        { name: "CSeq", value: `${sequence} ${method}` },
        ...conversation.routes.map((value) => ({ name: "Route", value })),
        ...content.headers,
      ],
      body: content.body,
    });
  }

  #newConversation(uri: string, to: string): Conversation {
    const from = `<${this.#uriOf(this.#options.number)}>;tag=${newTag()}`;
    return { callId: `${newTag()}@${this.#options.host}`, from, to, uri, routes: [] };
  }

  #uriOf(number: string): string {
    return `sip:${number}@${this.#options.branch.host}:${this.#options.branch.port}`;
  }

  #contact(): HeaderField {
    const port = this.#transport.listening[0]?.port ?? 0;
    return { name: "Contact", value: `<sip:${this.#options.number}@${this.#options.host}:${port}>` };
  }
}

function newTag(): string {
  return randomBytes(8).toString("hex");
}

/** What follows a 2xx goes to the remote target through the recorded routes. RFC 3261 §12.1.2. */
function confirmedDialog(conversation: Conversation, response: SipResponse): Conversation {
  const contact = parseNameAddress(response.headers.get("Contact") ?? "");
  const recorded = response.headers.all("Record-Route").flatMap((value) => parseNameAddressList(value) ?? []);
  return {
    ...conversation,
    to: response.headers.get("To") ?? conversation.to,
    uri: contact?.uri ?? conversation.uri,
    routes: recorded.toReversed().map(({ uri }) => `<${uri}>`),
  };
}
