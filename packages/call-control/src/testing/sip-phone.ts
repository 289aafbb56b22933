import { withDeadline } from "@mss/runtime";
import { createRequest, createResponse, parseCSeq, parseNameAddress } from "@mss/sip-message";
import type { HeaderField, SipMessage, SipRequest, SipResponse } from "@mss/sip-message";
import { answerChallenge } from "./digest-answer.ts";
import { acknowledgement, branchOf, callKey, derived, newBranch, randomTag } from "./derived-requests.ts";
import { SipSocket } from "./sip-socket.ts";
import type { PhoneSocket, SocketAddress } from "./sip-socket.ts";
import { SipStream } from "./sip-stream.ts";
import { sessionDescriptionOf } from "./types.ts";
import type {
  Exchange,
  IncomingCall,
  OutgoingCall,
  PendingRequest,
  PhoneAnswer,
  RequestFields,
  SipPhoneOptions,
  StartedRequest,
} from "./types.ts";

const WAIT_LIMIT_MS = 8_000;
const SDP_TYPE: HeaderField = { name: "Content-Type", value: "application/sdp" };

/**
 * A phone for tests on a UDP socket or a TLS connection of its own: registers, calls and is called, and does nothing that it is not told to
 * do, but for acknowledging finals and answering CANCEL, BYE and OPTIONS. It repeats nothing: loopback loses nothing.
 */
export class SipPhone {
  readonly #options: SipPhoneOptions;
  readonly #pending = new Map<string, PendingRequest>();
  readonly #incoming = new Map<
    string,
    { readonly call: IncomingCall; readonly onCancel: (cancel: SipRequest) => void }
  >();
  readonly #queues = new Map<string, SipRequest[]>();
  readonly #waiting = new Map<string, ((request: SipRequest) => void)[]>();
  /** Answers instead of the phone: any request but the INVITE of a new call, ACK and CANCEL. Undefined: 200. */
  answerTo: ((request: SipRequest) => PhoneAnswer | undefined) | undefined;
  #socket: PhoneSocket | undefined;
  #cseq = 0;

  private constructor(options: SipPhoneOptions) {
    this.#options = options;
  }

  static async open(options: SipPhoneOptions): Promise<SipPhone> {
    const phone = new SipPhone(options);
    const { host, port = 0, server, tls } = options;
    const onMessage = (message: SipMessage): void => phone.#onMessage(message);
    phone.#socket =
      tls === undefined
        ? await SipSocket.open({ host, port }, onMessage)
        : await SipStream.open({ host, server, tls }, onMessage);
    return phone;
  }

  get number(): string {
    return this.#options.number ?? this.#options.username;
  }

  get address(): SocketAddress {
    return this.#open().address;
  }

  get contact(): string {
    const { tls, scheme = "sip" } = this.#options;
    const transport = tls !== undefined && scheme === "sip" ? ";transport=tls" : "";
    return `${scheme}:${this.number}@${this.address.host}:${this.address.port}${transport}`;
  }

  get sessionDescription(): string {
    return sessionDescriptionOf(this.address.host);
  }

  async close(): Promise<void> {
    await this.#socket?.close();
    this.#socket = undefined;
  }

  uriOf(user: string): string {
    return `${this.#options.scheme ?? "sip"}:${user}@${this.#options.server.host}`;
  }

  /** Registers its own contact, or what `fields` say, answering one challenge. */
  register(fields: RequestFields = {}): Promise<SipResponse> {
    const aor = `<${this.uriOf(this.number)}>`;
    const headers = fields.headers ?? [{ name: "Contact", value: `<${this.contact}>` }];
    const uri = `sip:${this.#options.server.host}`;
    return this.exchange("REGISTER", { uri, to: aor, from: `${aor};tag=${randomTag()}`, ...fields, headers });
  }

  /** One request outside of a dialog, sent again once when it is challenged. */
  async exchange(method: string, fields: RequestFields = {}): Promise<SipResponse> {
    const first = this.newRequest(method, fields);
    const { final } = await this.send(first);
    if (final.status !== 401 && final.status !== 407) {
      return final;
    }
    const again = this.withCredentials(first, final);
    return again === undefined ? final : (await this.send(again)).final;
  }

  /** Calls a number, answering one challenge; resolves when the request that counts is on its way. */
  async call(number: string, fields: RequestFields = {}): Promise<OutgoingCall> {
    const contact = { name: "Contact", value: `<${this.contact}>` };
    const headers = [contact, SDP_TYPE, ...(fields.headers ?? [])];
    const uri = this.uriOf(number);
    const first = this.newRequest("INVITE", { uri, to: `<${uri}>`, body: this.sessionDescription, ...fields, headers });
    const watched = this.#start(first);
    const challenge = await Promise.race([watched.final, watched.passed]);
    if (challenge === undefined || (challenge.status !== 401 && challenge.status !== 407)) {
      return this.#callOf(first, watched);
    }
    const again = this.withCredentials(first, challenge);
    return again === undefined ? this.#callOf(first, watched) : this.#callOf(again, this.#start(again));
  }

  /** The next INVITE that comes, or has come. */
  async nextCall(): Promise<IncomingCall> {
    const request = await this.next("INVITE");
    const found = this.#incoming.get(callKey(request));
    if (found === undefined) {
      throw new Error("an INVITE that nobody saw");
    }
    return found.call;
  }

  /** The next request of that method, answered already where it is answered by itself. */
  next(method: string): Promise<SipRequest> {
    const queued = this.#queues.get(method)?.shift();
    if (queued !== undefined) {
      return Promise.resolve(queued);
    }
    const { promise, resolve } = Promise.withResolvers<SipRequest>();
    this.#waiting.set(method, [...(this.#waiting.get(method) ?? []), resolve]);
    return withDeadline(promise, WAIT_LIMIT_MS, `${method} at ${this.number}`);
  }

  /** How many requests of that method came and were not asked for. */
  unread(method: string): number {
    return this.#queues.get(method)?.length ?? 0;
  }

  newRequest(method: string, fields: RequestFields = {}): SipRequest {
    const { host, port } = this.address;
    const uri = fields.uri ?? `sip:${this.#options.server.host}`;
    this.#cseq = fields.cseq ?? this.#cseq + 1;
    return createRequest({
      method,
      uri,
      headers: [
        { name: "Via", value: `SIP/2.0/${this.#open().transport} ${host}:${port};branch=${newBranch()};rport` },
        { name: "Max-Forwards", value: "70" },
        { name: "From", value: fields.from ?? `<${this.uriOf(this.number)}>;tag=${randomTag()}` },
        { name: "To", value: fields.to ?? `<${uri}>` },
        { name: "Call-ID", value: fields.callId ?? randomTag() },
        { name: "CSeq", value: `${this.#cseq} ${method}` },
        ...(fields.headers ?? []),
      ],
      body: fields.body ?? "",
    });
  }

  /** The same request as a new transaction with the answer to a challenge. */
  withCredentials(request: SipRequest, challenge: SipResponse): SipRequest | undefined {
    const credentials = answerChallenge(challenge, request, this.#options);
    if (credentials === undefined) {
      return undefined;
    }
    this.#cseq += 1;
    const { host, port } = this.address;
    const headers = request.headers
      .with("Via", `SIP/2.0/${this.#open().transport} ${host}:${port};branch=${newBranch()};rport`)
      .with("CSeq", `${this.#cseq} ${request.method}`)
      .with(credentials.name, credentials.value);
    return { ...request, headers };
  }

  /** Sends a request as it is; resolves with its final response. */
  async send(request: SipRequest): Promise<Exchange> {
    const { provisionals, final } = this.#start(request);
    return { request, provisionals, final: await final };
  }

  #open(): PhoneSocket {
    if (this.#socket === undefined) {
      throw new Error("the phone is closed");
    }
    return this.#socket;
  }

  #transmit(message: SipMessage): void {
    this.#open().send(message, this.#options.server);
  }

  #start(request: SipRequest): StartedRequest {
    const final = Promise.withResolvers<SipResponse>();
    const passed = Promise.withResolvers<undefined>();
    const listeners: ((response: SipResponse) => void)[] = [];
    const provisionals: SipResponse[] = [];
    this.#pending.set(branchOf(request), {
      request,
      provisionals,
      onProvisional: (response) => {
        if (response.status > 100) {
          passed.resolve(undefined);
        }
        for (const listener of listeners) {
          listener(response);
        }
      },
      onFinal: final.resolve,
    });
    this.#transmit(request);
    const settled = withDeadline(final.promise, WAIT_LIMIT_MS, `answer to ${request.method} of ${this.number}`);
    settled.catch(() => undefined); // a test that does not ask for it does not fail for it
    return { provisionals, listeners, passed: passed.promise, final: settled };
  }

  #callOf(request: SipRequest, started: StartedRequest): OutgoingCall {
    const dialog = async (): Promise<RequestFields> => {
      const response = await started.final;
      const target = parseNameAddress(response.headers.get("Contact") ?? "")?.uri;
      return {
        ...(target === undefined ? {} : { uri: target }),
        from: request.headers.get("From") ?? "",
        to: response.headers.get("To") ?? "",
        callId: request.headers.get("Call-ID") ?? "",
      };
    };
    const send = async (method: string, fields: RequestFields = {}): Promise<SipResponse> =>
      (await this.send(this.newRequest(method, { ...(await dialog()), ...fields }))).final;
    return {
      request,
      final: started.final,
      provisional: (status) => this.#provisional(started, status),
      cancel: (headers = []) => this.#transmit(derived(request, "CANCEL", undefined, headers)),
      bye: () => send("BYE"),
      send,
    };
  }

  #provisional({ provisionals, listeners }: StartedRequest, status: number): Promise<SipResponse> {
    const known = provisionals.find((response) => response.status === status);
    const { promise, resolve } = Promise.withResolvers<SipResponse>();
    if (known === undefined) {
      listeners.push((response) => {
        if (response.status === status) {
          resolve(response);
        }
      });
    } else {
      resolve(known);
    }
    return withDeadline(promise, WAIT_LIMIT_MS, `${status} at ${this.number}`);
  }

  #onMessage(message: SipMessage): void {
    if (message.kind === "response") {
      this.#onResponse(message);
    } else {
      this.#onRequest(message);
    }
  }

  #onResponse(response: SipResponse): void {
    const pending = this.#pending.get(branchOf(response));
    if (pending === undefined || parseCSeq(response.headers.get("CSeq") ?? "")?.method !== pending.request.method) {
      return;
    }
    if (response.status < 200) {
      pending.provisionals.push(response);
      pending.onProvisional(response);
      return;
    }
    if (pending.request.method === "INVITE") {
      this.#transmit(acknowledgement(pending.request, response));
    }
    pending.onFinal(response);
  }

  #onRequest(request: SipRequest): void {
    if (request.method === "CANCEL") {
      this.#transmit(createResponse(request, 200, { toTag: randomTag() }));
      this.#incoming.get(callKey(request))?.onCancel(request);
    } else if (request.method === "INVITE" && !(request.headers.get("To") ?? "").includes(";tag=")) {
      if (this.#incoming.has(callKey(request))) {
        return; // sent again because we took our time
      }
      this.#incoming.set(callKey(request), this.#incomingCall(request));
    } else if (request.method !== "ACK") {
      this.#answer(request);
    }
    const waiting = this.#waiting.get(request.method)?.shift();
    if (waiting === undefined) {
      this.#queues.set(request.method, [...(this.#queues.get(request.method) ?? []), request]);
    } else {
      waiting(request);
    }
  }

  #answer(request: SipRequest): void {
    const described = request.method === "INVITE" ? { headers: [SDP_TYPE], body: this.sessionDescription } : {};
    const { status, headers = [], body = "" } = this.answerTo?.(request) ?? { status: 200, ...described };
    const contact = { name: "Contact", value: `<${this.contact}>` };
    this.#transmit(createResponse(request, status, { toTag: randomTag(), headers: [contact, ...headers], body }));
  }

  #incomingCall(request: SipRequest): { readonly call: IncomingCall; readonly onCancel: (cancel: SipRequest) => void } {
    const toTag = randomTag();
    const cancelled = Promise.withResolvers<SipRequest>();
    const contact = { name: "Contact", value: `<${this.contact}>` };
    const reply = (status: number, headers: readonly HeaderField[] = [contact], body = ""): void =>
      this.#transmit(createResponse(request, status, { toTag, headers, body }));
    const send = async (method: string, fields: RequestFields = {}): Promise<SipResponse> => {
      const sent = this.newRequest(method, {
        uri: parseNameAddress(request.headers.get("Contact") ?? "")?.uri ?? "",
        from: `${request.headers.get("To") ?? ""};tag=${toTag}`,
        to: request.headers.get("From") ?? "",
        callId: request.headers.get("Call-ID") ?? "",
        ...fields,
      });
      return (await this.send(sent)).final;
    };
    const call: IncomingCall = {
      request,
      ring: () => reply(180),
      reply: (status, { headers = [], body = "" } = {}) => reply(status, [contact, ...headers], body),
      answer: () => reply(200, [contact, SDP_TYPE], this.sessionDescription),
      refuse: (status, headers = []) => reply(status, headers),
      cancelled: cancelled.promise,
      bye: () => send("BYE"),
      send,
    };
    const onCancel = (cancel: SipRequest): void => {
      reply(487, []);
      cancelled.resolve(cancel);
    };
    return { call, onCancel };
  }
}
