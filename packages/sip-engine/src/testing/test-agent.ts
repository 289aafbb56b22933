import { randomUUID } from "node:crypto";
import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";
import { createRequest, createResponse, parseCSeq } from "@mss/sip-message";
import { formatHost } from "../transport/addresses.ts";
import type { ListenAddress, Target, TransportLayer } from "../transport/types.ts";
import { createIdSource } from "../transaction/ids.ts";
import { createTransactionLayer } from "../transaction/layer.ts";
import type { ClientTransaction, ServerTransaction, TimerSettings, TransactionLayer } from "../transaction/types.ts";

/** Everything that happened to an agent, in order. */
export type AgentEvent =
  | { readonly kind: "request"; readonly transaction: ServerTransaction }
  | { readonly kind: "response"; readonly response: SipResponse; readonly request: SipRequest }
  | { readonly kind: "failure"; readonly failure: "timeout" | "transport"; readonly request: SipRequest }
  | { readonly kind: "terminated"; readonly request: SipRequest }
  | { readonly kind: "cancel"; readonly invite: ServerTransaction; readonly cancel: SipRequest }
  | { readonly kind: "ack"; readonly ack: SipRequest }
  | { readonly kind: "straySuccess"; readonly response: SipResponse }
  | { readonly kind: "serverFailure"; readonly failure: "timeout" | "transport"; readonly request: SipRequest };

type EventOf<Kind extends AgentEvent["kind"]> = Extract<AgentEvent, { readonly kind: Kind }>;

export interface AgentRequest {
  readonly method: string;
  readonly to: Target;
  /** Default: `sip:` and the address of the target. */
  readonly uri?: string;
  readonly callId?: string;
  readonly sequence?: number;
  readonly toTag?: string;
  readonly headers?: readonly HeaderField[];
  readonly body?: string;
}

export interface AgentResponse {
  readonly toTag?: string;
  readonly headers?: readonly HeaderField[];
  readonly body?: string;
}

export interface TestAgentOptions {
  /** Of sockets or of a virtual network. The agent starts and stops it. */
  readonly transport: TransportLayer;
  readonly user?: string;
  readonly timers?: Partial<TimerSettings>;
  readonly maxTransactions?: number;
}

/** A scripted user agent on the real transaction layer. It has no dialogs: a test says what is in a message. */
export interface TestAgent {
  readonly events: readonly AgentEvent[];
  readonly transactions: TransactionLayer;
  /** The first address it listens on. */
  readonly address: ListenAddress;
  start(): Promise<void>;
  stop(): Promise<void>;
  request(request: AgentRequest): ClientTransaction;
  /** Answers with a To-tag of the agent, unless the request or the call has one. */
  respond(transaction: ServerTransaction, status: number, response?: AgentResponse): SipResponse;
  /** ACK for a 2xx. RFC 3261 §13.2.2.4. */
  ack(invite: SipRequest, response: SipResponse, to: Target): void;
  /** The next event of that kind that was not taken yet; waits for it. The test runner's limit ends a wait in vain. */
  next<Kind extends AgentEvent["kind"]>(kind: Kind): Promise<EventOf<Kind>>;
  /** Every event of that kind so far, taken or not. */
  all<Kind extends AgentEvent["kind"]>(kind: Kind): readonly EventOf<Kind>[];
}

export function createTestAgent(options: TestAgentOptions): TestAgent {
  return new Agent(options);
}

interface Waiter {
  readonly kind: AgentEvent["kind"];
  resolve(event: AgentEvent): void;
}

class Agent implements TestAgent {
  readonly events: AgentEvent[] = [];
  readonly transactions: TransactionLayer;
  readonly #transport: TransportLayer;
  readonly #user: string;
  readonly #tag = createIdSource().tag();
  readonly #untaken: AgentEvent[] = [];
  readonly #waiters: Waiter[] = [];

  constructor(options: TestAgentOptions) {
    const { transport, user = "agent", ...rest } = options;
    this.#transport = transport;
    this.#user = user;
    this.transactions = createTransactionLayer({ transport, ...rest });
  }

  get address(): ListenAddress {
    const [first] = this.#transport.listening;
    if (first === undefined) {
      throw new Error("the agent does not listen");
    }
    return first;
  }

  start(): Promise<void> {
    return this.transactions.start({
      onRequest: (transaction) => this.#record({ kind: "request", transaction }),
      onCancel: (invite, cancel) => this.#record({ kind: "cancel", invite, cancel }),
      onAck: (ack) => this.#record({ kind: "ack", ack }),
      onStrayInviteSuccess: (response) => this.#record({ kind: "straySuccess", response }),
      onServerFailure: ({ request }, failure) => this.#record({ kind: "serverFailure", failure, request }),
    });
  }

  stop(): Promise<void> {
    return this.transactions.stop();
  }

  request(parts: AgentRequest): ClientTransaction {
    const request = this.#build(parts);
    return this.transactions.request(request, parts.to, {
      onResponse: (response) => this.#record({ kind: "response", response, request }),
      onFailure: (failure) => this.#record({ kind: "failure", failure, request }),
      onTerminated: () => this.#record({ kind: "terminated", request }),
    });
  }

  respond(transaction: ServerTransaction, status: number, parts: AgentResponse = {}): SipResponse {
    const contact = { name: "Contact", value: this.#contact() };
    const headers = [...(status < 300 ? [contact] : []), ...(parts.headers ?? [])];
    const toTag = parts.toTag ?? this.#tag;
    const response = createResponse(transaction.request, status, { ...parts, toTag, headers });
    transaction.respond(response);
    return response;
  }

  ack(invite: SipRequest, response: SipResponse, to: Target): void {
    const { headers } = invite;
    const sequence = parseCSeq(headers.get("cseq") ?? "")?.sequence ?? 0;
    const fields = [
      { name: "Max-Forwards", value: "70" },
      { name: "From", value: headers.get("from") ?? "" },
      { name: "To", value: response.headers.get("to") ?? "" },
      { name: "Call-ID", value: headers.get("call-id") ?? "" },
      { name: "CSeq", value: `${sequence} ACK` },
    ];
    this.transactions.sendAck(createRequest({ method: "ACK", uri: invite.uri, headers: fields }), to);
  }

  next<Kind extends AgentEvent["kind"]>(kind: Kind): Promise<EventOf<Kind>> {
    const index = this.#untaken.findIndex((event) => event.kind === kind);
    const [found] = index === -1 ? [] : this.#untaken.splice(index, 1);
    if (found !== undefined && isOfKind(found, kind)) {
      return Promise.resolve(found);
    }
    return new Promise((resolve) => {
      this.#waiters.push({
        kind,
        resolve: (event) => {
          if (isOfKind(event, kind)) {
            resolve(event);
          }
        },
      });
    });
  }

  all<Kind extends AgentEvent["kind"]>(kind: Kind): readonly EventOf<Kind>[] {
    return this.events.filter((event) => isOfKind(event, kind));
  }

  #build(parts: AgentRequest): SipRequest {
    const { method, to, sequence = 1, toTag, headers = [], body } = parts;
    const uri = parts.uri ?? `sip:${formatHost(to.host)}:${to.port}`;
    const contact = method === "INVITE" ? [{ name: "Contact", value: this.#contact() }] : [];
    const fields = [
      { name: "Max-Forwards", value: "70" },
      { name: "From", value: `<sip:${this.#user}@test>;tag=${this.#tag}` },
      { name: "To", value: toTag === undefined ? `<${uri}>` : `<${uri}>;tag=${toTag}` },
      { name: "Call-ID", value: parts.callId ?? randomUUID() },
      { name: "CSeq", value: `${sequence} ${method}` },
      ...contact,
      ...headers,
    ];
    return createRequest({ method, uri, headers: fields, ...(body === undefined ? {} : { body }) });
  }

  #contact(): string {
    const { host, port, transport } = this.address;
    return `<sip:${this.#user}@${formatHost(host)}:${port};transport=${transport}>`;
  }

  #record(event: AgentEvent): void {
    this.events.push(event);
    const index = this.#waiters.findIndex((waiter) => waiter.kind === event.kind);
    const [waiter] = index === -1 ? [] : this.#waiters.splice(index, 1);
    if (waiter === undefined) {
      this.#untaken.push(event);
    } else {
      waiter.resolve(event);
    }
  }
}

function isOfKind<Kind extends AgentEvent["kind"]>(event: AgentEvent, kind: Kind): event is EventOf<Kind> {
  return event.kind === kind;
}
