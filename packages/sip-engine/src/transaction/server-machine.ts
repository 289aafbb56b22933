import type { SipRequest, SipResponse } from "@mss/sip-message";
import { createResponse, serializeMessage, tagOf } from "@mss/sip-message";
import type { Flow } from "../transport/types.ts";
import { Machine } from "./machine.ts";
import { INVITE_SERVER, NON_INVITE_SERVER } from "./server-tables.ts";
import type { ServerAction, ServerInput } from "./server-tables.ts";
import type { TimerBasis } from "./timers.ts";
import type { ServerTransaction } from "./types.ts";

/** Every client that has no credentials yet gets one of these. */
const CHALLENGES: ReadonlySet<number> = new Set([401, 407]);
/** Bytes sent for each byte received while a source may be false. RFC 9000 §8.1 has the same for QUIC. */
const AMPLIFICATION_LIMIT = 3;

/** What a server transaction needs from the layer that owns it. */
export interface ServerHost {
  sendResponse(text: string, transaction: ServerMachine): Promise<unknown>;
  passRequest(transaction: ServerMachine): void;
  passAck(ack: SipRequest, flow: Flow): void;
  passCancel(invite: ServerMachine, cancel: SipRequest, flow: Flow): void;
  fail(transaction: ServerMachine, failure: "timeout" | "transport"): void;
  forget(transaction: ServerMachine): void;
  stray(input: string, transaction: ServerMachine): void;
  isReachable(flow: Flow): boolean;
  noteEcho(flow: Flow): void;
  noteAnswer(transaction: ServerMachine, response: SipResponse): void;
}

export interface ServerMachineOptions {
  readonly id: string;
  /** Under which the layer finds it. */
  readonly key: string;
  /** For responses that the layer itself makes. */
  readonly localTag: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  /** What the request had on the wire. */
  readonly bytes: number;
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
  #answeredTag: string | undefined;
  #isRefused = false;
  /** The user has answered provisionally: the client repeats nothing and waits for the final answer. */
  #isAwaited = false;
  #sentBytes = 0;
  #receivedBytes: number;
  #hasFailedToSend = false;

  constructor(host: ServerHost, options: ServerMachineOptions) {
    super(options.request.method === "INVITE" ? INVITE_SERVER : NON_INVITE_SERVER, options.basis);
    this.#host = host;
    this.id = options.id;
    this.key = options.key;
    this.localTag = options.localTag;
    this.request = options.request;
    this.flow = options.flow;
    this.#receivedBytes = options.bytes;
  }

  get canRespond(): boolean {
    return this.state === "trying" || this.state === "proceeding";
  }

  /** Throws SipMessageError for a response that may not be written; the transaction is then as it was. */
  respond(response: SipResponse): void {
    this.#answer(response, CHALLENGES.has(response.status));
  }

  refuse(response: SipResponse): void {
    this.#answer(response, true);
  }

  start(): void {
    this.take(this.#mayBeFalse() ? "startQuietly" : "start");
  }

  receiveAgain(request: SipRequest, flow: Flow, bytes: number): void {
    this.#receivedBytes += bytes;
    this.receive("retransmission", request, flow);
  }

  receive(input: "retransmission" | "ack" | "cancel", request: SipRequest, flow: Flow): void {
    if (!this.take(input, { request, flow })) {
      this.#host.stray(input, this);
    }
  }

  transmit(text: string): void {
    this.#sentBytes += text.length;
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
        this.#sendAnswer(event?.text);
        break;
      }
      case "resend": {
        this.#resendLast();
        break;
      }
      case "noteEcho": {
        this.#noteEcho(event);
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

  #answer(response: SipResponse, isForgettable: boolean): void {
    const input = inputOf(response.status);
    if (!this.canRespond) {
      this.#host.stray(`respond ${input}`, this);
      return;
    }
    const text = serializeMessage(response);
    // A client that has seen a provisional response waits without repeating its INVITE: it depends on our repetitions.
    const isWaiting = this.request.method === "INVITE" && this.#lastText !== undefined;
    const forgets = isForgettable && input === "3xx-6xx" && !isWaiting && this.#mayBeFalse();
    this.#answeredTag = tagOf(response.headers.get("to") ?? "");
    this.#isRefused = input === "3xx-6xx";
    this.#isAwaited ||= input === "1xx";
    if (input !== "1xx") {
      this.#host.noteAnswer(this, response);
    }
    this.take(forgets ? "refusal" : input, { text });
    if (input === "2xx" && this.request.method === "INVITE") {
      this.#lastText = undefined; // its repetitions are the user's: RFC 6026 §7.1
    }
  }

  #mayBeFalse(): boolean {
    return !this.isReliable && !this.#host.isReachable(this.flow);
  }

  /** Only who received our answer knows the tag in it. */
  #noteEcho(event: ServerEvent | undefined): void {
    const echoed = tagOf(event?.request?.headers.get("to") ?? "");
    if (!this.isReliable && event?.flow !== undefined && echoed !== undefined && echoed === this.#answeredTag) {
      this.#host.noteEcho(event.flow);
    }
  }

  /** A refusal is repeated, and one that nobody waits for is sent at all, only while the source has paid for it or is sure to be where it says. */
  #resendLast(): void {
    const text = this.#lastText;
    if (text !== undefined && (!this.#isRefused || this.#isPaidFor(text) || !this.#mayBeFalse())) {
      this.transmit(text);
    }
  }

  /** What a client waits for goes out once in any case: it would wait until Timer C, and its call with it. */
  #sendAnswer(text: string | undefined): void {
    if (text !== undefined && this.#isAwaited) {
      this.#lastText = text;
      this.transmit(text);
    } else {
      this.#sendNew(text);
    }
  }

  #isPaidFor(text: string): boolean {
    return this.#sentBytes + text.length <= AMPLIFICATION_LIMIT * this.#receivedBytes;
  }

  #sendNew(text: string | undefined): void {
    this.#lastText = text ?? this.#lastText;
    this.#resendLast();
  }

  /** That nothing can be sent is told once, however often it fails; a timeout that follows is told, too. */
  #fail(failure: "timeout" | "transport"): void {
    if (failure === "timeout" || !this.#hasFailedToSend) {
      this.#hasFailedToSend ||= failure === "transport";
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
