import type { SipRequest, SipResponse } from "@mss/sip-message";
import { createResponse, serializeMessage } from "@mss/sip-message";
import type { Flow } from "../transport/types.ts";
import { Machine } from "./machine.ts";
import { INVITE_SERVER, NON_INVITE_SERVER } from "./server-tables.ts";
import type { ServerAction, ServerInput } from "./server-tables.ts";
import type { TimerBasis } from "./timers.ts";
import type { ServerTransaction } from "./types.ts";

/** What a server transaction needs from the layer that owns it. */
export interface ServerHost {
  sendResponse(text: string, transaction: ServerMachine): Promise<unknown>;
  passRequest(transaction: ServerMachine): void;
  passAck(ack: SipRequest, flow: Flow): void;
  passCancel(invite: ServerMachine, cancel: SipRequest, flow: Flow): void;
  fail(transaction: ServerMachine, failure: "timeout" | "transport"): void;
  forget(transaction: ServerMachine): void;
  stray(input: string, transaction: ServerMachine): void;
}

export interface ServerMachineOptions {
  readonly id: string;
  /** Under which the layer finds it. */
  readonly key: string;
  /** For responses that the layer itself makes. */
  readonly localTag: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly basis: TimerBasis;
}

interface ServerEvent {
  /** The user's response as it goes on the wire. */
  readonly text?: string;
  /** ACK or CANCEL, with the path it came on. */
  readonly request?: SipRequest;
  readonly flow?: Flow;
}

/** Server transaction of any method: the tables of `server-tables.ts` with their effects. */
export class ServerMachine extends Machine<ServerInput, ServerAction, ServerEvent> implements ServerTransaction {
  readonly id: string;
  readonly key: string;
  readonly localTag: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly #host: ServerHost;
  #lastText: string | undefined;
  #hasFailed = false;

  constructor(host: ServerHost, options: ServerMachineOptions) {
    super(options.request.method === "INVITE" ? INVITE_SERVER : NON_INVITE_SERVER, options.basis);
    this.#host = host;
    this.id = options.id;
    this.key = options.key;
    this.localTag = options.localTag;
    this.request = options.request;
    this.flow = options.flow;
  }

  get canRespond(): boolean {
    return this.state === "trying" || this.state === "proceeding";
  }

  /** Throws SipMessageError for a response that may not be written; the transaction is then as it was. */
  respond(response: SipResponse): void {
    const input = inputOf(response.status);
    if (!this.canRespond) {
      this.#host.stray(`respond ${input}`, this);
      return;
    }
    this.take(input, { text: serializeMessage(response) });
  }

  receive(input: "retransmission" | "ack" | "cancel", request: SipRequest, flow: Flow): void {
    if (!this.take(input, { request, flow })) {
      this.#host.stray(input, this);
    }
  }

  transmit(text: string): void {
    this.#host.sendResponse(text, this).catch(() => {
      this.take("transportError");
    });
  }

  protected override perform(action: ServerAction, event: ServerEvent | undefined): void {
    switch (action) {
      case "sendTrying": {
        this.#sendNew(serializeMessage(createResponse(this.request, 100)));
        break;
      }
      case "send": {
        this.#sendNew(event?.text);
        break;
      }
      case "resend": {
        this.#resendLast();
        break;
      }
      case "sendRequestTimeout": {
        this.#sendNew(serializeMessage(createResponse(this.request, 408, { toTag: this.localTag })));
        break;
      }
      case "passRequest":
      case "passAck":
      case "passCancel": {
        this.#pass(action, event);
        break;
      }
      case "failTimeout": {
        this.#fail("timeout");
        break;
      }
      case "failTransport": {
        this.#fail("transport");
        break;
      }
      case "dispose": {
        this.#lastText = undefined;
        this.#host.forget(this);
        break;
      }
    }
  }

  #pass(action: "passRequest" | "passAck" | "passCancel", event: ServerEvent | undefined): void {
    if (action === "passRequest") {
      this.#host.passRequest(this);
    } else if (event?.request !== undefined && action === "passAck") {
      this.#host.passAck(event.request, event.flow ?? this.flow);
    } else if (event?.request !== undefined) {
      this.#host.passCancel(this, event.request, event.flow ?? this.flow);
    }
  }

  #resendLast(): void {
    if (this.#lastText !== undefined) {
      this.transmit(this.#lastText);
    }
  }

  #sendNew(text: string | undefined): void {
    if (text !== undefined) {
      this.#lastText = text;
      this.transmit(text);
    }
  }

  /** Once, however often the repetitions of a response fail. */
  #fail(failure: "timeout" | "transport"): void {
    if (!this.#hasFailed) {
      this.#hasFailed = true;
      this.#host.fail(this, failure);
    }
  }
}

function inputOf(status: number): "1xx" | "2xx" | "3xx-6xx" {
  if (status < 200) {
    return "1xx";
  }
  return status < 300 ? "2xx" : "3xx-6xx";
}
