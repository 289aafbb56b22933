import { randomInt, randomUUID } from "node:crypto";
import type { Logger } from "@mss/runtime";
import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";
import { createResponse, serializeMessage, tagOf } from "@mss/sip-message";
import { responseTarget, sentByTarget } from "../transport/response-target.ts";
import type { Flow, TransportLayer } from "../transport/types.ts";
import type { IdSource } from "./ids.ts";
import { serverKey } from "./keys.ts";
import { ServerMachine } from "./server-machine.ts";
import type { ServerHost } from "./server-machine.ts";
import type { CancelElsewhere, SourceTrust, ServerTransaction, TimerSettings, TransactionUser } from "./types.ts";

export interface ServerSideOptions {
  readonly transport: TransportLayer;
  readonly log: Logger;
  readonly ids: IdSource;
  readonly timers: TimerSettings;
  readonly maxTransactions: number;
  /** Undefined: every source is where it says. */
  readonly sources: SourceTrust | undefined;
  /** How long the user may leave an INVITE without answer, from its last provisional response. */
  readonly unansweredInviteMs: number;
  readonly user: () => TransactionUser;
  /** Asks the other processes of the node for the INVITE of a CANCEL; undefined: there are none. */
  readonly cancelElsewhere: CancelElsewhere | undefined;
  /** Returns false when the user threw. */
  callUser(call: () => void): boolean;
}

/** Requests inside a dialog end calls and so lower the load: they may use a little more room than new ones. */
const IN_DIALOG_SHARE = 1.1;
const RETRY_AFTER_MIN_SECONDS = 2;
const RETRY_AFTER_MAX_SECONDS = 10; // spread, so that refused peers do not come back together

/** A request that no transaction has been found for. */
interface Arrival {
  readonly key: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly bytes: number;
}

/** Every server transaction of one layer. */
export class ServerSide implements ServerHost {
  readonly #options: ServerSideOptions;
  readonly #transactions = new Map<string, ServerMachine>();
  readonly #holds = new Map<ServerMachine, () => void>();
  /** Of responses without transaction: the same for each repetition of a request. RFC 3261 §8.2.7. */
  readonly #statelessTag: string;
  readonly #idPrefix = randomUUID();
  #created = 0;
  #refused = 0;

  constructor(options: ServerSideOptions) {
    this.#options = options;
    this.#statelessTag = options.ids.tag();
  }

  get size(): number {
    return this.#transactions.size;
  }

  /** Requests answered 503 because the table was full. */
  get refused(): number {
    return this.#refused;
  }

  receive(request: SipRequest, flow: Flow, bytes: number): void {
    const key = serverKey(request, request.method === "ACK" ? "INVITE" : request.method);
    if (key === undefined) {
      this.#options.log.debug({ from: flow.remote, method: request.method }, "request without via");
      return;
    }
    const known = this.#transactions.get(key);
    if (request.method === "ACK") {
      this.#receiveAck(known, request, flow);
    } else if (known !== undefined) {
      known.receiveAgain(request, flow, bytes);
    } else if (request.method === "CANCEL") {
      this.#receiveCancel({ key, request, flow, bytes });
    } else if (this.#isFull(request)) {
      this.#refuse(request, flow);
    } else {
      this.#create({ key, request, flow, bytes }).start();
    }
  }

  resend(transaction: ServerTransaction, response: SipResponse): void {
    const text = serializeMessage(response);
    if (transaction instanceof ServerMachine) {
      transaction.transmit(text);
    }
  }

  stop(): void {
    for (const transaction of this.#transactions.values()) {
      transaction.abandon();
      this.forget(transaction);
    }
  }

  sendResponse(text: string, { request, flow }: ServerMachine): Promise<unknown> {
    const sending = this.#options.transport.send(text, responseTarget(request, flow));
    return flow.transport === "udp"
      ? sending
      : sending.catch((error: unknown) => this.#sendToSentBy(text, { request, flow, error }));
  }

  isReachable(flow: Flow): boolean {
    return this.#options.sources?.isReachable(flow) ?? true;
  }

  noteEcho(flow: Flow): void {
    this.#options.sources?.onEcho(flow);
  }

  noteAnswer({ request, flow }: ServerMachine, response: SipResponse): void {
    this.#options.sources?.onAnswer(request, response, flow);
  }

  passRequest(transaction: ServerMachine): void {
    if (transaction.request.method === "CANCEL") {
      return; // answered by this layer
    }
    const isHandled = this.#options.callUser(() => this.#options.user().onRequest(transaction));
    if (!isHandled && transaction.canRespond) {
      transaction.respond(createResponse(transaction.request, 500, { toTag: transaction.localTag }));
    }
  }

  passAck(ack: SipRequest, flow: Flow): void {
    this.#options.callUser(() => this.#options.user().onAck(ack, flow));
  }

  passCancel(invite: ServerMachine, cancel: SipRequest, flow: Flow): void {
    this.#options.callUser(() => this.#options.user().onCancel(invite, cancel, flow));
  }

  fail(transaction: ServerMachine, failure: "timeout" | "transport"): void {
    if (transaction.request.method !== "CANCEL") {
      this.#options.callUser(() => this.#options.user().onServerFailure(transaction, failure));
    }
  }

  forget(transaction: ServerMachine): void {
    this.#transactions.delete(transaction.key);
    this.#holds.get(transaction)?.();
    this.#holds.delete(transaction);
  }

  stray(input: string, transaction: ServerMachine): void {
    this.#options.log.debug({ txId: transaction.id, state: transaction.state, input }, "stray input");
  }

  /** An ACK without transaction belongs to a 2xx, whose ACK has a branch of its own. RFC 3261 §17.1.1.3. */
  #receiveAck(invite: ServerMachine | undefined, ack: SipRequest, flow: Flow): void {
    if (invite === undefined) {
      this.passAck(ack, flow);
    } else {
      invite.receive("ack", ack, flow);
    }
  }

  /** A CANCEL that another process of the node has got. False: the INVITE is not here. */
  cancel(cancel: SipRequest, flow: Flow): boolean {
    const invite = this.#inviteOf(cancel);
    invite?.receive("cancel", cancel, flow);
    return invite !== undefined;
  }

  #inviteOf(cancel: SipRequest): ServerMachine | undefined {
    return this.#transactions.get(serverKey(cancel, "INVITE") ?? "");
  }

  /** RFC 3261 §9.2: 200 when the INVITE is known, whatever its state, else 481. */
  #receiveCancel(arrival: Arrival): void {
    const { request: cancel, flow } = arrival;
    const invite = this.#inviteOf(cancel);
    if (invite === undefined && this.#options.cancelElsewhere !== undefined && !this.#isFull(cancel)) {
      void this.#cancelElsewhere(this.#options.cancelElsewhere, arrival);
      return;
    }
    const toTag = invite?.localTag ?? this.#statelessTag;
    const response = createResponse(cancel, invite === undefined ? 481 : 200, { toTag });
    if (this.#isFull(cancel)) {
      this.#sendStateless(response, cancel, flow);
    } else {
      const transaction = this.#create(arrival);
      transaction.start();
      transaction.refuse(response);
    }
    invite?.receive("cancel", cancel, flow);
  }

  /** The peer has come to another process since its INVITE, because their number has changed. */
  async #cancelElsewhere(ask: CancelElsewhere, arrival: Arrival): Promise<void> {
    const { request: cancel, flow } = arrival;
    const transaction = this.#create(arrival);
    transaction.start();
    const isFound = await ask(cancel, flow).catch(() => false);
    transaction.refuse(createResponse(cancel, isFound ? 200 : 481, { toTag: this.#statelessTag }));
  }

  #create({ key, request, flow, bytes }: Arrival): ServerMachine {
    const { timers, unansweredInviteMs, ids } = this.#options;
    // The client repeats until 64*T1, and its last repetition may be on its way for T4: it must still find this.
    const unansweredMs = request.method === "INVITE" ? unansweredInviteMs : 64 * timers.t1Ms + timers.t4Ms;
    this.#created += 1;
    const id = `${this.#idPrefix}.${this.#created}`;
    const basis = { settings: timers, reliable: flow.transport !== "udp", unansweredMs };
    const transaction = new ServerMachine(this, { id, key, localTag: ids.tag(), request, flow, bytes, basis });
    this.#transactions.set(key, transaction);
    const release = this.#options.transport.hold?.(flow);
    if (release !== undefined) {
      this.#holds.set(transaction, release);
    }
    return transaction;
  }

  #isFull(request: SipRequest): boolean {
    const isInDialog = tagOf(request.headers.get("to") ?? "") !== undefined;
    const room = this.#options.maxTransactions * (isInDialog ? IN_DIALOG_SHARE : 1);
    return this.#transactions.size >= room;
  }

  #refuse(request: SipRequest, flow: Flow): void {
    this.#refused += 1;
    const seconds = randomInt(RETRY_AFTER_MIN_SECONDS, RETRY_AFTER_MAX_SECONDS + 1);
    const headers: readonly HeaderField[] = [{ name: "Retry-After", value: String(seconds) }];
    this.#sendStateless(createResponse(request, 503, { toTag: this.#statelessTag, headers }), request, flow);
  }

  /** RFC 3261 §18.2.2 (TCP, last resort), RFC 3263 §5. Rejects as the first attempt did where there is no other. */
  async #sendToSentBy(
    text: string,
    { request, flow, error }: { readonly request: SipRequest; readonly flow: Flow; readonly error: unknown },
  ): Promise<unknown> {
    const target = sentByTarget(request, flow);
    const located = target === undefined ? undefined : this.#options.transport.locate?.(target);
    const places = (await located?.catch(() => [])) ?? [];
    for (const place of places.filter(({ host }) => host === flow.remote.host)) {
      try {
        return await this.#options.transport.send(text, place);
      } catch {
        // the next one, and then what was said first
      }
    }
    throw error;
  }

  #sendStateless(response: SipResponse, request: SipRequest, flow: Flow): void {
    const sent = this.#options.transport.send(serializeMessage(response), responseTarget(request, flow));
    sent.catch((err: unknown) => {
      this.#options.log.debug({ err, to: flow.remote, sip: response.status }, "response not sent");
    });
  }
}
