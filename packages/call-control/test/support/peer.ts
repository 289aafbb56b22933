import { randomBytes } from "node:crypto";
import { withDeadline } from "@mss/runtime";
import { createRequest, createResponse, parseCSeq, parseNameAddress } from "@mss/sip-message";
import type { SipMessage, SipRequest, SipResponse } from "@mss/sip-message";
import { SipSocket } from "../../src/testing/sip-socket.ts";
import type { SocketAddress } from "../../src/testing/sip-socket.ts";

const WAIT_LIMIT_MS = 9_000; // above Timer H with the T1 of these tests

export interface MessageParts {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface DialogParts {
  readonly uri: string;
  readonly from: string;
  readonly to: string;
  readonly callId: string;
}

function fieldsOf(headers: Readonly<Record<string, string>> = {}): { name: string; value: string }[] {
  return Object.entries(headers).map(([name, value]) => ({ name, value }));
}

export function newTag(): string {
  return randomBytes(8).toString("hex");
}

/** One end of SIP over UDP that does nothing by itself: a test says each message. What is repeated is seen once. */
export class Peer {
  /** Each takes the message it waits for and says so. */
  readonly #waiting: ((message: SipMessage) => boolean)[] = [];
  readonly #arrived: SipMessage[] = [];
  readonly #seen = new Set<string>();
  #socket: SipSocket | undefined;
  #cseq = 0;
  readonly #server: SocketAddress;

  private constructor(server: SocketAddress) {
    this.#server = server;
  }

  static async open(host: string, server: SocketAddress): Promise<Peer> {
    const peer = new Peer(server);
    peer.#socket = await SipSocket.open({ host, port: 5060 }, (message) => peer.#onMessage(message));
    return peer;
  }

  async close(): Promise<void> {
    await this.#socket?.close();
  }

  get host(): string {
    return this.#socket?.address.host ?? "";
  }

  get contact(): string {
    return `<sip:peer@${this.host}:5060>`;
  }

  request(method: string): Promise<SipRequest> {
    const matches = (message: SipMessage): message is SipRequest =>
      message.kind === "request" && message.method === method;
    return this.#next(matches, method);
  }

  response(request: SipRequest, status: number): Promise<SipResponse> {
    return this.#responseTo(request, (seen) => seen === status);
  }

  /** Final response, whatever it is. */
  final(request: SipRequest): Promise<SipResponse> {
    return this.#responseTo(request, (seen) => seen >= 200);
  }

  respond(
    request: SipRequest,
    status: number,
    { headers, body = "", toTag = "peer" }: MessageParts & { toTag?: string } = {},
  ): void {
    this.#send(
      createResponse(request, status, {
        toTag,
        headers: fieldsOf({
          Contact: this.contact,
          ...(body === "" ? {} : { "Content-Type": "application/sdp" }),
          ...headers,
        }),
        body,
      }),
    );
  }

  invite(number: string, { headers, body = "" }: MessageParts = {}): SipRequest {
    const uri = `sip:${number}@${this.#server.host}`;
    const dialog = { uri, from: `"Alice" <sip:1000@${this.host}>;tag=${newTag()}`, to: `<${uri}>`, callId: newTag() };
    return this.say("INVITE", dialog, { headers: { Contact: this.contact, ...headers }, body });
  }

  say(method: string, dialog: DialogParts, { headers, body = "" }: MessageParts = {}): SipRequest {
    this.#cseq += method === "ACK" ? 0 : 1;
    const request = createRequest({
      method,
      uri: dialog.uri,
      headers: [
        { name: "Via", value: `SIP/2.0/UDP ${this.host}:5060;branch=z9hG4bK${newTag()};rport` },
        { name: "Max-Forwards", value: "70" },
        { name: "From", value: dialog.from },
        { name: "To", value: dialog.to },
        { name: "Call-ID", value: dialog.callId },
        { name: "CSeq", value: `${this.#cseq} ${method}` },
        ...fieldsOf({ ...(body === "" ? {} : { "Content-Type": "application/sdp" }), ...headers }),
      ],
      body,
    });
    this.#send(request);
    return request;
  }

  /** CANCEL, or the ACK of a refusal: as the INVITE. RFC 3261 §9.1, §17.1.1.3. */
  follow(invite: SipRequest, method: "CANCEL" | "ACK", to = invite.headers.get("To") ?? ""): void {
    const sequence = parseCSeq(invite.headers.get("CSeq") ?? "")?.sequence ?? 0;
    this.#send(
      createRequest({
        method,
        uri: invite.uri,
        headers: [
          ...["Via", "Max-Forwards", "From", "Call-ID"].map((name) => ({
            name,
            value: invite.headers.get(name) ?? "",
          })),
          { name: "To", value: to },
          { name: "CSeq", value: `${sequence} ${method}` },
        ],
      }),
    );
  }

  /** Forgets what came and was not asked for. */
  clear(): void {
    this.#arrived.length = 0;
  }

  /** What came and was not asked for, 100 apart. */
  get unread(): readonly string[] {
    return this.#arrived.flatMap((message) =>
      message.kind === "request" ? [message.method] : message.status === 100 ? [] : [String(message.status)],
    );
  }

  #send(message: SipMessage): void {
    this.#socket?.send(message, this.#server);
  }

  #responseTo(request: SipRequest, wanted: (status: number) => boolean): Promise<SipResponse> {
    const branch = branchOf(request);
    const matches = (message: SipMessage): message is SipResponse =>
      message.kind === "response" && wanted(message.status) && branchOf(message) === branch;
    return this.#next(matches, `answer to ${request.method}`);
  }

  #next<Kind extends SipMessage>(matches: (message: SipMessage) => message is Kind, what: string): Promise<Kind> {
    const found = this.#arrived.find(matches);
    if (found !== undefined) {
      this.#arrived.splice(this.#arrived.indexOf(found), 1);
      return Promise.resolve(found);
    }
    const { promise, resolve } = Promise.withResolvers<Kind>();
    this.#waiting.push((message) => {
      const taken = matches(message);
      if (taken) {
        resolve(message);
      }
      return taken;
    });
    return withDeadline(promise, WAIT_LIMIT_MS, `${what} at ${this.host}`);
  }

  #onMessage(message: SipMessage): void {
    const key = `${branchOf(message)} ${message.kind === "request" ? message.method : `${message.status} ${message.headers.get("CSeq") ?? ""}`}`;
    if (this.#seen.has(key)) {
      return;
    }
    this.#seen.add(key);
    const index = this.#waiting.findIndex((take) => take(message));
    if (index === -1) {
      this.#arrived.push(message);
    } else {
      this.#waiting.splice(index, 1);
    }
  }
}

function branchOf(message: SipMessage): string {
  return /;branch=([^;,\s]+)/.exec(message.headers.get("Via") ?? "")?.[1] ?? "";
}

function contactOf(message: SipMessage): string {
  return parseNameAddress(message.headers.get("Contact") ?? "")?.uri ?? "";
}

/** The dialog as the caller of `invite` has it after `response`. */
export function callerDialog(invite: SipRequest, response: SipResponse): DialogParts {
  return {
    uri: contactOf(response),
    from: invite.headers.get("From") ?? "",
    to: response.headers.get("To") ?? "",
    callId: invite.headers.get("Call-ID") ?? "",
  };
}

/** The dialog as the callee of `invite` has it, which has answered with the To tag `peer`. */
export function calleeDialog(invite: SipRequest, toTag = "peer"): DialogParts {
  return {
    uri: contactOf(invite),
    from: `${invite.headers.get("To") ?? ""};tag=${toTag}`,
    to: invite.headers.get("From") ?? "",
    callId: invite.headers.get("Call-ID") ?? "",
  };
}
