import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { createRequest, createResponse, parseMessage, serializeMessage } from "@mss/sip-message";
import type { SipMessage, SipRequest, SipResponse } from "@mss/sip-message";

/*
 * The server side of the drachtio wire protocol with the network left out: a test plays both phones, message by message,
 * and decides when and whether the engine answers. What a real engine does by itself is not done here.
 */

interface Frame {
  readonly id: string;
  readonly tokens: readonly string[];
  readonly message: SipMessage | undefined;
}

/** A request that the application has sent. */
export interface SentRequest {
  readonly request: SipRequest;
  readonly dialogId: string;
  readonly proxy: string | undefined;
  respond(status: number, options?: { headers?: Record<string, string>; body?: string; toTag?: string }): void;
}

/** A request that the test has put before the application, with the responses to it. */
export interface ReceivedRequest {
  readonly request: SipRequest;
  readonly dialogId: string;
  /** The next response; waits for it. */
  response(): Promise<SipResponse>;
  cancel(reason?: string): void;
}

class Mailbox<T> {
  readonly #items: T[] = [];
  readonly #waiting: ((item: T) => void)[] = [];

  put(item: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.#items.push(item);
    } else {
      waiting(item);
    }
  }

  take(): Promise<T> {
    const item = this.#items.shift();
    return item === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(item);
  }

  get size(): number {
    return this.#items.length;
  }
}

interface OpenRequest {
  readonly request: SipRequest;
  readonly dialogId: string;
  readonly responses: Mailbox<SipResponse>;
}

export interface InjectOptions {
  readonly method?: string;
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly dialogId?: string;
  readonly source?: { readonly host: string; readonly port: number };
  /** Made by the engine itself, as the BYE after a missing ACK. */
  readonly fromEngine?: boolean;
}

export class WireEngine {
  readonly #server = createServer((socket) => this.#accept(socket));
  readonly #sent = new Mailbox<SentRequest>();
  readonly #open = new Map<string, OpenRequest>();
  readonly secret = "stand-in";
  readonly routes: string[] = [];
  /** Answers NOK to the next final success, as an engine does when the caller has cancelled. */
  refuseNextAnswer = false;
  /** Does not say whether requests were sent. */
  silent = false;
  #socket: Socket | undefined;
  #port = 0;
  #cseq = 100;

  async start(port = 0): Promise<void> {
    this.#server.listen(port, "127.16.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    this.#port = typeof address === "object" && address !== null ? address.port : 0;
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  get address(): { readonly host: string; readonly port: number; readonly secret: string } {
    return { host: "127.16.0.1", port: this.#port, secret: this.secret };
  }

  /** The link goes down; the application will connect again. */
  cut(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  /** The next request of the application; waits for it. */
  sent(): Promise<SentRequest> {
    return this.#sent.take();
  }

  /** How many requests of the application were not looked at. */
  get unseen(): number {
    return this.#sent.size;
  }

  inject(options: InjectOptions = {}): ReceivedRequest {
    const { method = "INVITE", uri = "sip:4000@127.16.0.1", callId = randomUUID(), dialogId = "" } = options;
    const transactionId = randomUUID();
    const request = createRequest({
      method,
      uri,
      headers: [
        { name: "Via", value: `SIP/2.0/UDP 127.16.1.1:5060;branch=z9hG4bK${transactionId}` },
        { name: "From", value: options.from ?? '"Alice" <sip:1000@127.16.1.1>;tag=alice' },
        { name: "To", value: options.to ?? "<sip:4000@127.16.0.1>" },
        { name: "Call-ID", value: callId },
        { name: "CSeq", value: `${options.cseq ?? 1} ${method}` },
        { name: "Contact", value: "<sip:1000@127.16.1.1:5060>" },
        ...Object.entries(options.headers ?? {}).map(([name, value]) => ({ name, value })),
      ],
      body: options.body ?? "",
    });
    const open: OpenRequest = { request, dialogId, responses: new Mailbox() };
    this.#open.set(transactionId, open);
    const text = serializeMessage(request);
    const { host, port } = options.source ?? { host: "127.16.1.1", port: 5060 };
    const origin = options.fromEngine === true ? "application" : "network";
    const id = options.fromEngine === true ? "unsolicited" : transactionId;
    this.#send(`sip|${origin}|${text.length}|udp|${host}|${port}|00:00:00.0|${id}|${dialogId}|127.16.0.1|5060|`, text);
    return {
      request,
      dialogId,
      response: () => open.responses.take(),
      cancel: (reason) => {
        const cancel = createRequest({
          method: "CANCEL",
          uri,
          headers: [
            ...["Via", "From", "To", "Call-ID"].map((name) => ({ name, value: request.headers.get(name) ?? "" })),
            { name: "CSeq", value: `${options.cseq ?? 1} CANCEL` },
            ...(reason === undefined ? [] : [{ name: "Reason", value: reason }]),
          ],
        });
        const cancelText = serializeMessage(cancel);
        this.#send(
          `sip|network|${cancelText.length}|udp|${host}|${port}|00:00:00.0|${transactionId}|${dialogId}|`,
          cancelText,
        );
      },
    };
  }

  #accept(socket: Socket): void {
    this.#socket = socket;
    socket.setNoDelay(true);
    let received = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      for (let hash = received.indexOf("#"); hash > 0; hash = received.indexOf("#")) {
        const end = hash + 1 + Number(received.toString("latin1", 0, hash));
        if (received.length < end) {
          return;
        }
        this.#onFrame(frameOf(received.toString("latin1", hash + 1, end)));
        received = received.subarray(end);
      }
    });
  }

  #onFrame({ id, tokens, message }: Frame): void {
    const [command, ...rest] = tokens;
    if (command === "authenticate") {
      const outcome = rest[0] === this.secret ? "OK|udp/127.16.0.1:5060|v0.9.10|udp/127.16.0.1:5060" : "NOK";
      this.#send(`response|${id}|${outcome}`);
    } else if (command === "route") {
      this.routes.push(rest[0] ?? "");
      this.#send(`response|${id}|OK`);
    } else if (command === "sip" && message?.kind === "response") {
      this.#onResponse(id, rest[0] ?? "", message);
    } else if (command === "sip" && message?.kind === "request") {
      this.#onRequest(id, { dialogId: rest[1] ?? "", proxy: rest[2], transactionId: rest[0] ?? "" }, message);
    }
  }

  #onResponse(id: string, transactionId: string, message: SipResponse): void {
    const open = this.#open.get(transactionId);
    if (open === undefined || (this.refuseNextAnswer && message.status === 200)) {
      this.refuseNextAnswer = false;
      this.#send(`response|${id}|NOK|Response not sent due to unknown transaction`);
      return;
    }
    const fromTag = /tag=([^;]+)/.exec(open.request.headers.get("From") ?? "")?.[1] ?? "";
    const dialogId =
      open.dialogId === "" ? `${open.request.headers.get("Call-ID") ?? ""};from-tag=${fromTag}` : open.dialogId;
    const text = serializeMessage({ ...message, headers: message.headers.with("Contact", "<sip:127.16.0.1:5060>") });
    this.#send(
      `response|${id}|OK|application|${text.length}|udp|127.16.1.1|5060|00:00:00.0|${transactionId}|${dialogId}||Msg sent:|`,
      text,
    );
    open.responses.put(message);
  }

  #onRequest(
    id: string,
    where: { readonly dialogId: string; readonly proxy: string | undefined; readonly transactionId: string },
    message: SipRequest,
  ): void {
    const transactionId = randomUUID();
    this.#cseq += 1;
    const callId = message.headers.get("Call-ID") ?? randomUUID();
    const from = message.headers.get("From") ?? "<sip:127.16.0.1>";
    const cseq = message.headers.get("CSeq") ?? `${this.#cseq} ${message.method}`;
    const request: SipRequest = {
      ...message,
      headers: message.headers
        .with("Call-ID", callId)
        .with("From", from.includes("tag=") ? from : `${from};tag=ours`)
        .with("To", message.headers.get("To") ?? "<sip:callee@127.16.2.1>")
        .with("CSeq", cseq)
        .with("Via", `SIP/2.0/UDP 127.16.0.1;branch=z9hG4bK${transactionId}`)
        .with("Contact", message.headers.get("Contact") ?? "<sip:127.16.0.1:5060>"),
    };
    if (!this.silent) {
      const text = serializeMessage(request);
      this.#send(
        `response|${id}|OK|application|${text.length}|udp|127.16.2.1|5060|00:00:00.0|${transactionId}|Msg sent:|`,
        text,
      );
    }
    const dialogId = where.dialogId === "" ? `${callId};from-tag=ours` : where.dialogId;
    this.#sent.put({
      request,
      dialogId,
      proxy: where.proxy,
      respond: (status, options = {}) => {
        const response = createResponse(request, status, {
          toTag: options.toTag ?? "callee",
          headers: Object.entries(options.headers ?? {}).map(([name, value]) => ({ name, value })),
          ...(options.body === undefined ? {} : { body: options.body }),
        });
        const text = serializeMessage(response);
        this.#send(`sip|network|${text.length}|udp|127.16.2.1|5060|00:00:00.0|${transactionId}|${dialogId}|`, text);
      },
    });
  }

  #send(head: string, message?: string): void {
    const body = `${randomUUID()}|${head}${message === undefined ? "" : `\r\n${message}`}`;
    this.#socket?.write(Buffer.from(`${body.length}#${body}`, "latin1"));
  }
}

function frameOf(text: string): Frame {
  const end = text.indexOf("\r\n");
  const [id = "", ...tokens] = (end === -1 ? text : text.slice(0, end)).split("|");
  const parsed = end === -1 ? undefined : parseMessage(text.slice(end + 2));
  return { id, tokens, message: parsed?.kind === "message" ? parsed.message : undefined };
}
