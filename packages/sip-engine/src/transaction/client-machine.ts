import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";
import { serializeMessage } from "@mss/sip-message";
import type { Flow, Target } from "../transport/types.ts";
import { INVITE_CLIENT, NON_INVITE_CLIENT } from "./client-tables.ts";
import type { ClientAction, ClientInput } from "./client-tables.ts";
import { ackFor, cancelFor } from "./derived-requests.ts";
import { Machine } from "./machine.ts";
import { statusClass } from "./status-class.ts";
import type { TimerBasis } from "./timers.ts";
import type { ClientTransaction, ClientTransactionHandlers } from "./types.ts";

/** What a client transaction needs from the layer that owns it. */
export interface ClientHost {
  send(text: string, target: Target): Promise<Flow>;
  sendCancel(invite: ClientMachine): void;
  /** The first flow is known: from now on the loss of its connection matters. */
  bind(transaction: ClientMachine, flow: Flow): void;
  forget(transaction: ClientMachine): void;
  /** Calls the user of the layer; what the user throws stays there. */
  callUser(call: () => void): void;
  stray(input: string, transaction: ClientMachine): void;
  /** No response came in all the time. */
  silent(flow: Flow): void;
}

export interface ClientMachineOptions {
  readonly id: string;
  /** With its Via. */
  readonly request: SipRequest;
  /** Via entries of the request: one, or more when it was forwarded. */
  readonly viaCount: number;
  readonly target: Target;
  readonly handlers: ClientTransactionHandlers;
  readonly basis: TimerBasis;
}

interface ClientEvent {
  readonly response: SipResponse;
  readonly flow: Flow;
}

/** Client transaction of any method: the tables of `client-tables.ts` with their effects. */
export class ClientMachine extends Machine<ClientInput, ClientAction, ClientEvent> implements ClientTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly viaCount: number;
  /** What the request has on the wire. */
  readonly bytes: number;
  cancelHeaders: readonly HeaderField[] = [];
  readonly #host: ClientHost;
  readonly #handlers: ClientTransactionHandlers;
  /** As it goes on the wire; empty when it goes out no more. */
  #text: string;
  #target: Target;
  #flow: Flow | undefined;
  #hasHeard = false;

  constructor(host: ClientHost, options: ClientMachineOptions) {
    super(options.request.method === "INVITE" ? INVITE_CLIENT : NON_INVITE_CLIENT, options.basis);
    this.#host = host;
    this.id = options.id;
    this.request = options.request;
    this.viaCount = options.viaCount;
    this.#target = options.target;
    this.#handlers = options.handlers;
    this.#text = serializeMessage(options.request);
    this.bytes = this.#text.length;
  }

  get flow(): Flow | undefined {
    return this.#flow;
  }

  /** Where the request went: ACK and CANCEL follow it there (RFC 3261 §9.1, §17.1.1.3). */
  get target(): Target {
    return this.#target;
  }

  start(): void {
    this.take("start");
  }

  receive(response: SipResponse, flow: Flow): void {
    this.#hasHeard = true;
    this.#noteSent(flow); // a fast peer may answer before the operating system has reported the sending
    const input = statusClass(response.status);
    if (!this.take(input, { response, flow })) {
      this.#host.stray(input, this);
    } else if (response.status >= 200) {
      this.#text = ""; // the transaction waits on for repetitions of the response only: 32 s at a thousand calls a second
    }
  }

  /** Throws SipMessageError for headers that may not be written, before anything is sent. */
  cancel(headers: readonly HeaderField[] = []): void {
    serializeMessage(cancelFor(this.request, headers));
    this.cancelHeaders = headers;
    if (!this.take("cancel")) {
      this.#host.stray("cancel", this);
    }
  }

  fail(): void {
    const wasOpen = !this.isTerminated;
    const hadNoFinal = this.state !== "accepted" && this.state !== "completed";
    this.abandon();
    if (wasOpen) {
      this.#end(hadNoFinal ? "transport" : undefined);
    }
  }

  protected override perform(action: ClientAction, event: ClientEvent | undefined): void {
    switch (action) {
      case "send": {
        this.#transmit(this.#text);
        break;
      }
      case "sendAck": {
        if (event !== undefined) {
          this.#transmit(serializeMessage(ackFor(this.request, event.response)));
        }
        break;
      }
      case "sendCancel": {
        this.#host.sendCancel(this);
        break;
      }
      case "passUp": {
        if (event !== undefined) {
          this.#host.callUser(() => this.#handlers.onResponse(event.response, event.flow));
        }
        break;
      }
      case "failTimeout": {
        this.#tellSilence();
        this.#host.callUser(() => this.#handlers.onFailure("timeout"));
        break;
      }
      case "failTransport": {
        this.#host.callUser(() => this.#handlers.onFailure("transport"));
        break;
      }
      case "dispose": {
        this.#end();
        break;
      }
    }
  }

  #end(failure?: "transport"): void {
    this.#host.forget(this);
    if (failure !== undefined) {
      this.#host.callUser(() => this.#handlers.onFailure(failure));
    }
    this.#host.callUser(() => this.#handlers.onTerminated?.());
  }

  #tellSilence(): void {
    if (this.#flow !== undefined && !this.#hasHeard) {
      this.#host.silent(this.#flow);
    }
  }

  #transmit(text: string): void {
    this.#host.send(text, this.#target).then(
      (flow) => this.#noteSent(flow),
      () => {
        this.take("transportError");
      },
    );
  }

  #noteSent(flow: Flow): void {
    if (this.#flow !== undefined || this.isTerminated) {
      return;
    }
    this.#flow = flow;
    this.#target = { transport: flow.transport, host: flow.remote.host, port: flow.remote.port, flow };
    this.#host.bind(this, flow);
    this.#host.callUser(() => this.#handlers.onSent?.(this.request, flow));
  }
}
