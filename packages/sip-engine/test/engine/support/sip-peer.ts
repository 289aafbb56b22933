import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { once } from "node:events";

/** A SIP message as a test looks at it. */
export interface PeerMessage {
  readonly startLine: string;
  readonly method: string | undefined;
  readonly status: number | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly text: string;
  get(name: string): string;
  all(name: string): readonly string[];
}

export function readMessage(text: string): PeerMessage {
  const end = text.indexOf("\r\n\r\n");
  const [startLine = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
  const all = (name: string): readonly string[] =>
    headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  const isResponse = startLine.startsWith("SIP/2.0 ");
  return {
    startLine,
    method: isResponse ? undefined : startLine.split(" ")[0],
    status: isResponse ? Number(startLine.split(" ")[1]) : undefined,
    headers,
    body: text.slice(end + 4),
    text,
    all,
    get: (name) => all(name)[0] ?? "",
  };
}

export const SDP =
  "v=0\r\no=user 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n";

export interface RequestOptions {
  readonly uri?: string;
  readonly to?: string;
  readonly from?: string;
  readonly callId?: string;
  readonly sequence?: number;
  readonly branch?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly maxForwards?: number;
}

const WAIT_MS = 5_000;

interface Waiter {
  readonly matches: (message: PeerMessage) => boolean;
  readonly resolve: (message: PeerMessage) => void;
}

/** A SIP user agent made of a UDP socket and what the test tells it: nothing is answered or repeated by itself. */
export class SipPeer {
  readonly host: string;
  /** Told from where each message comes. */
  onSource: (source: { readonly port: number }) => void = () => undefined;
  readonly #socket: Socket;
  readonly #inbox: PeerMessage[] = [];
  #waiters: Waiter[] = [];
  #engine: { host: string; port: number } = { host: "", port: 0 };

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.host = host;
    socket.on("message", (bytes, sender) => {
      this.#engine = { host: sender.address, port: sender.port };
      this.onSource(this.#engine);
      this.#take(readMessage(bytes.toString("latin1")));
    });
  }

  static async open(host: string, port = 0): Promise<SipPeer> {
    const socket = createSocket("udp4");
    socket.bind(port, host);
    await once(socket, "listening");
    return new SipPeer(socket, host);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get uri(): string {
    return `sip:peer@${this.host}:${this.port}`;
  }

  close(): void {
    this.#socket.close();
  }

  /** The next message that matches, from those that came or will come. Fails after some seconds. */
  async next(what: string | number | ((message: PeerMessage) => boolean)): Promise<PeerMessage> {
    const matches =
      typeof what === "function"
        ? what
        : (message: PeerMessage): boolean =>
            typeof what === "string" ? message.method === what : message.status === what;
    const index = this.#inbox.findIndex(matches);
    const found = this.#inbox[index];
    if (found !== undefined) {
      this.#inbox.splice(index, 1);
      return found;
    }
    const { promise, resolve, reject } = Promise.withResolvers<PeerMessage>();
    const waiter = { matches, resolve };
    this.#waiters.push(waiter);
    const timer = setTimeout(() => {
      const seen = this.#inbox.map((message) => message.startLine).join(" | ");
      reject(new Error(`nothing came for ${String(what)}; unread: ${seen}`));
    }, WAIT_MS);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
    }
  }

  /** What came and was not asked for. */
  get unread(): readonly PeerMessage[] {
    return this.#inbox;
  }

  send(text: string, to = this.#engine): void {
    this.#engine = to;
    this.#socket.send(Buffer.from(text, "latin1"), to.port, to.host);
  }

  /** A request of this peer; gives back what was sent. */
  request(method: string, to: { host: string; port: number }, options: RequestOptions = {}): PeerMessage {
    const body = options.body ?? "";
    const branch = options.branch ?? `z9hG4bK${randomBytes(6).toString("hex")}`;
    const text = [
      `${method} ${options.uri ?? `sip:service@${to.host}:${to.port}`} SIP/2.0`,
      `Via: SIP/2.0/UDP ${this.host}:${this.port};rport;branch=${branch}`,
      `From: ${options.from ?? `<${this.uri}>;tag=${randomBytes(4).toString("hex")}`}`,
      `To: ${options.to ?? `<sip:service@${to.host}>`}`,
      `Call-ID: ${options.callId ?? randomBytes(8).toString("hex")}`,
      `CSeq: ${options.sequence ?? 1} ${method}`,
      `Contact: <${this.uri}>`,
      `Max-Forwards: ${options.maxForwards ?? 70}`,
      ...(options.headers ?? []),
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");
    this.send(text, to);
    return readMessage(text);
  }

  /** A request in the dialog that `request` and its `response` made, from the caller's side. */
  requestWithin(
    method: string,
    dialog: { readonly request: PeerMessage; readonly response: PeerMessage },
    options: RequestOptions = {},
  ): PeerMessage {
    const { request, response } = dialog;
    const contact = /<([^>]+)>/.exec(response.get("Contact"))?.[1] ?? "";
    return this.request(method, this.#engine, {
      uri: contact === "" ? (request.startLine.split(" ")[1] ?? "") : contact,
      from: request.get("From"),
      to: response.get("To"),
      callId: request.get("Call-ID"),
      ...options,
    });
  }

  /** A response of this peer. */
  respond(
    request: PeerMessage,
    line: string,
    options: {
      readonly tag?: string;
      readonly headers?: readonly string[];
      readonly body?: string;
      readonly contact?: boolean;
    } = {},
  ): PeerMessage {
    const body = options.body ?? "";
    const to = request.get("To");
    const hasTag = to.includes(";tag=") || options.tag === undefined;
    const text = [
      `SIP/2.0 ${line}`,
      ...request.all("Via").map((via) => `Via: ${via}`),
      `From: ${request.get("From")}`,
      `To: ${hasTag ? to : `${to};tag=${options.tag}`}`,
      `Call-ID: ${request.get("Call-ID")}`,
      `CSeq: ${request.get("CSeq")}`,
      ...(options.contact === false ? [] : [`Contact: <${this.uri}>`]),
      ...(options.headers ?? []),
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");
    this.send(text);
    return readMessage(text);
  }

  #take(message: PeerMessage): void {
    const waiter = this.#waiters.find((candidate) => candidate.matches(message));
    if (waiter === undefined) {
      this.#inbox.push(message);
    } else {
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      waiter.resolve(message);
    }
  }
}
