import { randomBytes } from "node:crypto";
import type { PeerDialog } from "./peer-dialog.ts";
import { readMessage, sequenceOf } from "./message.ts";
import type { WireMessage } from "./message.ts";
import { openTcp, openUdp } from "./peer-socket.ts";
import type { Address, PeerSocket, Reply } from "./peer-socket.ts";
import { Inbox } from "./waiting.ts";

export type PeerTransport = "udp" | "tcp";

export const SDP = [
  "v=0",
  "o=peer 1 1 IN IP4 127.0.0.1",
  "s=-",
  "c=IN IP4 127.0.0.1",
  "t=0 0",
  "m=audio 6000 RTP/AVP 8",
  "",
].join("\r\n");

export const SDP_TYPE = "Content-Type: application/sdp";

export interface RequestParts {
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly sequence?: number;
  readonly branch?: string;
  readonly maxForwards?: number;
  /** Whole lines. */
  readonly headers?: readonly string[];
  readonly body?: string;
  /** In the place of the peer's own. */
  readonly contact?: string;
}

export interface ResponseParts {
  readonly tag?: string;
  /** Whole lines. */
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly contact?: string | false;
}

const RESPONSE_WITH_CONTACT = /^(?:INVITE|SUBSCRIBE|UPDATE)$/;

/**
 * A SIP user agent made of a socket and of what a case tells it: it answers, repeats and acknowledges nothing by itself.
 * A message that comes again byte by byte is counted, and not read a second time.
 */
export class Peer {
  readonly transport: PeerTransport;
  readonly #socket: PeerSocket;
  readonly #server: Address;
  readonly #inbox = new Inbox<WireMessage>(({ startLine }) => startLine);
  readonly #copies = new Map<string, number>();
  readonly #copyInbox = new Inbox<WireMessage>(({ startLine }) => `again ${startLine}`);
  readonly #replies = new WeakMap<WireMessage, Reply>();
  /** Answers requests by itself with the status line that it gives, tag and all; the others are for the case. */
  answerBy: ((request: WireMessage) => string | undefined) | undefined;
  /** Requests that were answered so. */
  readonly answered: WireMessage[] = [];

  private constructor(transport: PeerTransport, server: Address, open: (peer: Peer) => PeerSocket) {
    this.transport = transport;
    this.#server = server;
    this.#socket = open(this);
  }

  /** Opens a socket on that host; requests of the peer go to the server. */
  static async open(transport: PeerTransport, host: string, server: Address): Promise<Peer> {
    const held: { peer?: Peer } = {};
    const onMessage = (text: string, reply: Reply): void => held.peer?.receive(text, reply);
    const socket = await (transport === "udp" ? openUdp(host, onMessage) : openTcp(host, onMessage));
    const peer = new Peer(transport, server, () => socket);
    held.peer = peer;
    return peer;
  }

  get address(): Address {
    return this.#socket.address;
  }

  get uri(): string {
    const { host, port } = this.address;
    return `sip:peer@${host}:${port}${this.transport === "udp" ? "" : `;transport=${this.transport}`}`;
  }

  get serverUri(): string {
    return `sip:service@${this.#server.host}:${this.#server.port}`;
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  /** Ends the peer's connections. */
  cut(): void {
    this.#socket.cut();
  }

  receive(text: string, reply: Reply): void {
    const message = readMessage(text);
    this.#replies.set(message, reply);
    const copies = this.#copies.get(text) ?? 0;
    this.#copies.set(text, copies + 1);
    const line = message.method === undefined ? undefined : this.answerBy?.(message);
    if (line !== undefined) {
      this.answered.push(message);
      this.respond(message, line, { tag: "peer" });
      return;
    }
    (copies === 0 ? this.#inbox : this.#copyInbox).put(message);
  }

  /** The next message: of a request by its method, of a response by its status, or by what the function says. */
  next(what: string | number | ((message: WireMessage) => boolean), limitMs?: number): Promise<WireMessage> {
    const matches =
      typeof what === "function"
        ? what
        : (message: WireMessage): boolean => message.method === what || message.status === what;
    return this.#inbox.take(matches, `${String(what)} at the peer`, limitMs);
  }

  /** The next final response to that request of the peer. */
  final(request: WireMessage): Promise<WireMessage> {
    return this.next((message) => (message.status ?? 0) >= 200 && isAnswerTo(request, message));
  }

  /** The next response to that request with that status. */
  answer(request: WireMessage, status: number): Promise<WireMessage> {
    return this.next((message) => message.status === status && isAnswerTo(request, message));
  }

  /** Waits until that message comes once more. */
  nextCopy(of: WireMessage): Promise<WireMessage> {
    return this.#copyInbox.take(({ text }) => text === of.text, `${of.startLine} again at the peer`);
  }

  /** How often that message has come. */
  copies(of: WireMessage): number {
    return this.#copies.get(of.text) ?? 0;
  }

  /** What came and was not asked for. */
  get unread(): readonly WireMessage[] {
    return this.#inbox.unread;
  }

  /** Requests that came and were not asked for. */
  get unreadRequests(): readonly string[] {
    return this.unread.filter(({ method }) => method !== undefined).map(({ startLine }) => startLine);
  }

  /** Takes all that came and was not asked for as read. */
  forget(): void {
    this.#inbox.clear();
  }

  /** Sends text as it is, to the server unless told otherwise. */
  send(text: string, to = this.#server): void {
    this.#socket.send(text, to);
  }

  /** Sends a request; gives back what was sent. */
  request(method: string, parts: RequestParts = {}): WireMessage {
    const text = this.requestText(method, parts);
    this.send(text);
    return readMessage(text);
  }

  requestText(method: string, parts: RequestParts): string {
    const { host, port } = this.address;
    const { body = "", branch = `z9hG4bK${randomBytes(8).toString("hex")}` } = parts;
    return [
      `${method} ${parts.uri ?? this.serverUri} SIP/2.0`,
      `Via: SIP/2.0/${this.transport.toUpperCase()} ${host}:${port};rport;branch=${branch}`,
      `From: ${parts.from ?? `"A peer" <${this.uri}>;tag=${randomBytes(4).toString("hex")}`}`,
      `To: ${parts.to ?? `<${this.serverUri}>`}`,
      `Call-ID: ${parts.callId ?? randomBytes(8).toString("hex")}`,
      `CSeq: ${parts.sequence ?? 1} ${method}`,
      `Contact: ${parts.contact ?? `<${this.uri}>`}`,
      `Max-Forwards: ${parts.maxForwards ?? 70}`,
      ...(parts.headers ?? []),
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");
  }

  /** Sends the next request of a dialog; an ACK takes the number of the INVITE that came last. */
  within(dialog: PeerDialog, method: string, parts: RequestParts = {}): WireMessage {
    const isAck = method === "ACK";
    const sequence = parts.sequence ?? (isAck ? dialog.inviteSequence : dialog.sequence + 1);
    if (!isAck) {
      dialog.sequence = Math.max(dialog.sequence, sequence);
    }
    if (method === "INVITE") {
      dialog.inviteSequence = sequence;
    }
    const { target, local, remote, callId, routes } = dialog;
    const headers = [...routes.map((route) => `Route: ${route}`), ...(parts.headers ?? [])];
    return this.request(method, { uri: target, from: local, to: remote, callId, ...parts, headers, sequence });
  }

  /** Sends the ACK of a failure, or CANCEL: with the branch of its INVITE. RFC 3261 §9.1, §17.1.1.3. */
  ofInvite(method: "ACK" | "CANCEL", invite: WireMessage, parts: RequestParts = {}): WireMessage {
    return this.request(method, {
      uri: invite.startLine.split(" ")[1] ?? "",
      branch: branchOf(invite),
      from: invite.get("From"),
      to: invite.get("To"),
      callId: invite.get("Call-ID"),
      sequence: sequenceOf(invite),
      ...parts,
    });
  }

  /** Answers a request; gives back what was sent. */
  respond(request: WireMessage, line: string, parts: ResponseParts = {}): WireMessage {
    const text = this.responseText(request, line, parts);
    const reply = this.#replies.get(request);
    if (reply === undefined) {
      throw new Error("only what came can be answered");
    }
    reply(text);
    return readMessage(text);
  }

  responseText(request: WireMessage, line: string, parts: ResponseParts = {}): string {
    const {
      body = "",
      tag,
      contact = RESPONSE_WITH_CONTACT.test(request.method ?? "") ? `<${this.uri}>` : false,
    } = parts;
    const to = request.get("To");
    return [
      `SIP/2.0 ${line}`,
      ...request.all("Via").map((via) => `Via: ${via}`),
      ...request.all("Record-Route").map((route) => `Record-Route: ${route}`),
      `From: ${request.get("From")}`,
      `To: ${tag === undefined || to.includes(";tag=") ? to : `${to};tag=${tag}`}`,
      `Call-ID: ${request.get("Call-ID")}`,
      `CSeq: ${request.get("CSeq")}`,
      ...(contact === false ? [] : [`Contact: ${contact}`]),
      ...(parts.headers ?? []),
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");
  }

  /** Sends to where a request came from what is no answer to it, such as the same answer again. */
  replyTo(request: WireMessage, text: string): void {
    this.#replies.get(request)?.(text);
  }
}

export function branchOf(message: WireMessage): string {
  return /;branch=([^;,\s]+)/.exec(message.get("Via"))?.[1] ?? "";
}

function isAnswerTo(request: WireMessage, message: WireMessage): boolean {
  return (
    message.status !== undefined &&
    message.get("CSeq") === request.get("CSeq") &&
    message.get("Call-ID") === request.get("Call-ID") &&
    branchOf(message) === branchOf(request)
  );
}
