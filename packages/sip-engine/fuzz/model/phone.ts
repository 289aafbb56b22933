import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";
import { createRequest, createResponse, parseNameAddress, tagOf } from "@mss/sip-message";
import { createTransactionLayer } from "../../src/transaction/layer.ts";
import type { ClientTransaction, ServerTransaction, TransactionLayer } from "../../src/transaction/types.ts";
import type { VirtualTransport } from "../../src/testing/index.ts";
import { formatHost } from "../../src/transport/addresses.ts";
import type { ListenAddress, Target } from "../../src/transport/types.ts";
import { sequenceOf } from "./history.ts";

export const SDP =
  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n";

/** One side of a call as a phone sees it. */
export interface Leg {
  readonly callId: string;
  readonly localTag: string;
  remoteTag: string | undefined;
  readonly remoteUri: string;
  /** Contact of the engine. */
  target: string;
  sequence: number;
  /** RSeq and CSeq of the last reliable provisional answer. */
  reliable: string | undefined;
  /** Every 2xx is acknowledged, or none. */
  readonly acknowledges: boolean;
  readonly invites: ClientTransaction[];
}

export interface CallOptions {
  readonly acknowledges: boolean;
  readonly supportsReliable: boolean;
}

export interface AnswerOptions {
  /** Of which fork the answer is. */
  readonly fork: number;
  readonly reliable: boolean;
}

/** A phone without a mind of its own: it does what it is told, sensible or not, and acknowledges. */
export class Phone {
  readonly address: ListenAddress;
  readonly transactions: TransactionLayer;
  readonly legs: Leg[] = [];
  readonly asked: ServerTransaction[] = [];
  readonly #engine: Target;
  #created = 0;
  #reliableSequence = 1;

  constructor(transport: VirtualTransport, address: ListenAddress, engine: ListenAddress) {
    this.address = address;
    this.#engine = engine;
    this.transactions = createTransactionLayer({ transport });
  }

  start(): Promise<void> {
    return this.transactions.start({
      onRequest: (transaction) => void this.asked.push(transaction),
      onCancel: (invite) => {
        invite.respond(createResponse(invite.request, 487, { toTag: this.#tagOf(invite.request, 0) }));
      },
      onAck: () => undefined,
      onStrayInviteSuccess: (response) => this.#acknowledge(response),
      onServerFailure: () => undefined,
    });
  }

  stop(): Promise<void> {
    return this.transactions.stop();
  }

  call({ acknowledges, supportsReliable }: CallOptions): void {
    this.#created += 1;
    const leg: Leg = {
      callId: `${this.address.host}-${this.#created}`,
      localTag: `p${this.#created}`,
      remoteTag: undefined,
      remoteUri: "sip:app@test",
      target: this.#uriOf(this.#engine, "app"),
      sequence: 0,
      reliable: undefined,
      acknowledges,
      invites: [],
    };
    this.legs.push(leg);
    const supported = supportsReliable ? [{ name: "Supported", value: "100rel" }] : [];
    this.#send(leg, "INVITE", { headers: supported, body: SDP });
  }

  /** A request outside any dialog. */
  ask(method: string): void {
    this.#created += 1;
    const headers = method === "SUBSCRIBE" ? [{ name: "Event", value: "presence" }] : [];
    const leg = { callId: `${this.address.host}-${this.#created}`, localTag: `p${this.#created}` };
    this.#send({ ...this.#nothing(), ...leg }, method, { headers });
  }

  /** A request within a dialog, or within something that is none (yet). `late` moves its CSeq. */
  within(index: number, method: string, late: number): void {
    const leg = this.legs[index % this.legs.length];
    if (leg === undefined) {
      return;
    }
    const acknowledgement = method === "PRACK" ? [{ name: "RAck", value: leg.reliable ?? "7 1 INVITE" }] : [];
    this.#send(leg, method, { headers: acknowledgement, late, body: method === "INVITE" ? SDP : "" });
  }

  cancel(index: number): void {
    this.legs[index % this.legs.length]?.invites.at(-1)?.cancel();
  }

  /** An ACK that nobody waits for. */
  strayAck(index: number): void {
    const leg = this.legs[index % this.legs.length];
    if (leg !== undefined) {
      this.transactions.sendAck(this.#build(leg, "ACK", { sequence: leg.sequence }), this.#engine);
    }
  }

  answer(index: number, status: number, { fork, reliable }: AnswerOptions): void {
    const transaction = this.asked[index % this.asked.length];
    if (transaction === undefined) {
      return;
    }
    const response = this.#answerTo(transaction.request, status, { fork, reliable });
    if (transaction.canRespond) {
      transaction.respond(response);
    } else if (status >= 200 && status < 300 && transaction.request.method === "INVITE") {
      this.transactions.resend(transaction, response); // another fork, or the same answer once more
    }
  }

  #answerTo(request: SipRequest, status: number, { fork, reliable }: AnswerOptions): SipResponse {
    const contact = { name: "Contact", value: this.#contact() };
    const headers: HeaderField[] = status < 300 ? [contact] : [];
    const toTag = status === 100 ? undefined : this.#tagOf(request, fork);
    if (reliable && request.method === "INVITE" && status > 100 && status < 200) {
      headers.push({ name: "Require", value: "100rel" }, { name: "RSeq", value: String(this.#reliableSequence) });
      this.#reliableSequence += 1;
    }
    const isStart = tagOf(request.headers.get("To") ?? "") === undefined;
    if (toTag !== undefined && request.method === "INVITE" && isStart && status < 300) {
      this.#addLeg(request, toTag);
    }
    return createResponse(request, status, { headers, ...(toTag === undefined ? {} : { toTag }) });
  }

  #tagOf(request: SipRequest, fork: number): string {
    return `${request.headers.get("Call-ID")?.slice(0, 8) ?? ""}-f${fork}`;
  }

  #addLeg({ headers }: SipRequest, localTag: string): void {
    const callId = headers.get("Call-ID") ?? "";
    if (this.legs.some((leg) => leg.callId === callId && leg.localTag === localTag)) {
      return;
    }
    this.legs.push({
      callId,
      localTag,
      remoteTag: tagOf(headers.get("From") ?? ""),
      remoteUri: parseNameAddress(headers.get("From") ?? "")?.uri ?? "",
      target: parseNameAddress(headers.get("Contact") ?? "")?.uri ?? "",
      sequence: 0,
      reliable: undefined,
      acknowledges: true,
      invites: [],
    });
  }

  #send(
    leg: Leg,
    method: string,
    parts: { readonly headers: readonly HeaderField[]; readonly late?: number; readonly body?: string },
  ): void {
    leg.sequence += 1;
    const sequence = Math.max(1, leg.sequence + (parts.late ?? 0));
    const request = this.#build(leg, method, { ...parts, sequence });
    const transaction = this.transactions.request(request, this.#engine, {
      onResponse: (response) => this.#onResponse(leg, response, method),
      onFailure: () => undefined,
    });
    if (method === "INVITE") {
      leg.invites.push(transaction);
    }
  }

  #onResponse(leg: Leg, response: SipResponse, method: string): void {
    if (response.status === 100 || response.status >= 300) {
      return;
    }
    leg.remoteTag ??= tagOf(response.headers.get("To") ?? "");
    leg.target = parseNameAddress(response.headers.get("Contact") ?? "")?.uri ?? leg.target;
    const reliable = response.headers.get("RSeq");
    if (reliable !== undefined) {
      leg.reliable = `${reliable} ${response.headers.get("CSeq") ?? ""}`;
    }
    if (method === "INVITE" && response.status >= 200) {
      this.#acknowledge(response);
    }
  }

  #acknowledge(response: SipResponse): void {
    const callId = response.headers.get("Call-ID") ?? "";
    const leg = this.legs.find((each) => each.callId === callId && each.invites.length > 0);
    if (leg?.acknowledges === true) {
      this.transactions.sendAck(this.#build(leg, "ACK", { sequence: sequenceOf(response) }), this.#engine);
    }
  }

  #build(
    leg: Leg,
    method: string,
    parts: { readonly sequence: number; readonly headers?: readonly HeaderField[]; readonly body?: string },
  ): SipRequest {
    const { sequence, headers = [], body = "" } = parts;
    const toTag = leg.remoteTag === undefined ? "" : `;tag=${leg.remoteTag}`;
    const fields = [
      { name: "Max-Forwards", value: "70" },
      { name: "From", value: `<sip:phone@test>;tag=${leg.localTag}` },
      { name: "To", value: `<${leg.remoteUri}>${toTag}` },
      { name: "Call-ID", value: leg.callId },
      { name: "CSeq", value: `${sequence} ${method}` },
      { name: "Contact", value: this.#contact() },
      ...headers,
      ...(body === "" ? [] : [{ name: "Content-Type", value: "application/sdp" }]),
    ];
    return createRequest({ method, uri: leg.target, headers: fields, body });
  }

  #nothing(): Omit<Leg, "callId" | "localTag"> {
    const target = this.#uriOf(this.#engine, "app");
    const remoteUri = "sip:app@test";
    return {
      remoteTag: undefined,
      remoteUri,
      target,
      sequence: 0,
      reliable: undefined,
      acknowledges: true,
      invites: [],
    };
  }

  #contact(): string {
    return `<${this.uri}>`;
  }

  get uri(): string {
    return this.#uriOf(this.address, "phone");
  }

  #uriOf({ host, port, transport }: ListenAddress | Target, user: string): string {
    return `sip:${user}@${formatHost(host)}:${port};transport=${transport}`;
  }
}
