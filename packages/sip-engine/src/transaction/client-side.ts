import type { Logger } from "@mss/runtime";
import type { SipRequest, SipResponse } from "@mss/sip-message";
import { serializeMessage } from "@mss/sip-message";
import { formatHost } from "../transport/addresses.ts";
import type { Flow, Target, TransportLayer } from "../transport/types.ts";
import { ClientMachine } from "./client-machine.ts";
import type { ClientHost } from "./client-machine.ts";
import { cancelFor } from "./derived-requests.ts";
import { Failover } from "./failover.ts";
import type { Attempt, FailoverHost } from "./failover.ts";
import type { IdSource } from "./ids.ts";
import { clientKey, cseqMethodOf, responseVia, viaCount } from "./keys.ts";
import type { ResponseVia } from "./keys.ts";
import type { ClientTransaction, ClientTransactionHandlers, SourceTrust, TimerSettings } from "./types.ts";

export interface ClientSideOptions {
  readonly transport: TransportLayer;
  readonly log: Logger;
  readonly ids: IdSource;
  readonly timers: TimerSettings;
  readonly maxTransactions: number;
  readonly sources: SourceTrust | undefined;
  onStrayInviteSuccess(response: SipResponse, flow: Flow): void;
  callUser(call: () => void): void;
}

interface Prepared {
  readonly transaction: ClientMachine;
  /** There is a listen address to send it from. */
  readonly canLeave: boolean;
}

const NO_HANDLERS: ClientTransactionHandlers = { onResponse: () => undefined, onFailure: () => undefined };

/** Every client transaction of one layer, found by branch and method, and by the connection it waits on. */
export class ClientSide implements ClientHost, FailoverHost {
  readonly #options: ClientSideOptions;
  readonly #transactions = new Map<string, ClientMachine>();
  readonly #byConnection = new Map<string, Set<ClientMachine>>();
  readonly #holds = new Map<ClientMachine, () => void>();
  /** Requests whose places are being looked up. */
  readonly #locating = new Set<Failover>();
  #isRunning = true;

  constructor(options: ClientSideOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#transactions.size + this.#locating.size;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  request(request: SipRequest, target: Target, handlers: ClientTransactionHandlers): ClientTransaction {
    const id = this.#options.ids.branch();
    const located = this.#options.transport.locate?.(target);
    const prepared = this.#prepare({ id, request, place: target, handlers });
    const { transaction } = prepared;
    const isOnePlace = located === undefined && this.overTcp(target, transaction.bytes) === undefined;
    if (isOnePlace || this.#isFull) {
      located?.catch(() => undefined); // nobody waits for it
      return this.#begin(prepared);
    }
    const failover = new Failover(this, { id, request, firstRequest: transaction.request, handlers });
    if (located === undefined) {
      failover.start([target]);
    } else {
      this.#locating.add(failover);
      void failover.startWhen(located);
    }
    return failover;
  }

  launch(attempt: Attempt): ClientMachine {
    return this.#begin(this.#prepare(attempt));
  }

  #prepare({ id, request, place, handlers }: Attempt): Prepared {
    const via = this.#viaFor(place, id);
    return { transaction: this.#create(id, withVia(request, via), place, handlers), canLeave: via !== undefined };
  }

  #begin({ transaction, canLeave }: Prepared): ClientMachine {
    const { id, request, target } = transaction;
    if (!canLeave || this.#isFull || !this.#isRunning) {
      this.#options.log.warn({ to: target, method: request.method }, "request not sent");
      queueMicrotask(() => transaction.fail()); // the caller holds the transaction before it hears of the failure
      return transaction;
    }
    this.#transactions.set(clientKey(id, request.method), transaction);
    transaction.start();
    return transaction;
  }

  sendAck(ack: SipRequest, target: Target): SipRequest {
    const branch = this.#options.ids.branch();
    const ackTo = (place: Target): SipRequest => withVia(ack, this.#viaFor(place, branch));
    const first = ackTo(target);
    const text = serializeMessage(first);
    const located = this.#options.transport.locate?.(target);
    const over = located === undefined ? this.overTcp(target, text.length) : undefined;
    const sent = over === undefined ? first : ackTo(over);
    const sending =
      located === undefined && over === undefined
        ? this.send(text, target) // at once: a BYE may follow
        : this.#sendToFirst(located ?? [target], { ackTo, bytes: text.length });
    sending.catch((err: unknown) => {
      this.#options.log.warn({ err, to: target }, "ack not sent");
    });
    return sent;
  }

  receive(response: SipResponse, flow: Flow): void {
    const via = responseVia(response);
    const method = cseqMethodOf(response);
    const transaction = via === undefined ? undefined : this.#transactions.get(clientKey(via.branch, method));
    if (transaction !== undefined && transaction.viaCount === via?.count) {
      transaction.receive(response, flow);
    } else if (transaction === undefined && via !== undefined && this.#isStraySuccess(response, via, method)) {
      this.#options.onStrayInviteSuccess(response, flow);
    } else {
      this.#options.log.debug({ from: flow.remote, sip: response.status, method }, "stray response");
    }
  }

  onConnectionClosed(connection: string): void {
    const waiting = this.#byConnection.get(connection);
    this.#byConnection.delete(connection);
    for (const transaction of waiting ?? []) {
      transaction.take("connectionLost");
    }
  }

  stop(): void {
    this.#isRunning = false;
    for (const failover of this.#locating) {
      failover.fail();
    }
    for (const transaction of this.#transactions.values()) {
      transaction.fail();
    }
  }

  send(text: string, target: Target): Promise<Flow> {
    return this.#options.transport.send(text, target);
  }

  sendCancel(invite: ClientMachine): void {
    const cancel = cancelFor(invite.request, invite.cancelHeaders);
    const transaction = this.#create(invite.id, cancel, invite.target, NO_HANDLERS);
    this.#transactions.set(clientKey(invite.id, "CANCEL"), transaction);
    transaction.start();
  }

  bind(transaction: ClientMachine, flow: Flow): void {
    const { transport, sources } = this.#options;
    const releases = [sources?.hold(flow)];
    if (flow.connection !== undefined) {
      const waiting = this.#byConnection.get(flow.connection) ?? new Set();
      waiting.add(transaction);
      this.#byConnection.set(flow.connection, waiting);
      releases.push(transport.hold?.(flow));
    }
    const [first, second] = releases.filter((release) => release !== undefined);
    if (first !== undefined) {
      this.#holds.set(transaction, () => {
        first();
        second?.();
      });
    }
  }

  forget(transaction: ClientMachine): void {
    const key = clientKey(transaction.id, transaction.request.method);
    if (this.#transactions.get(key) === transaction) {
      this.#transactions.delete(key);
    }
    this.#holds.get(transaction)?.();
    this.#holds.delete(transaction);
    const connection = transaction.flow?.connection;
    if (connection === undefined) {
      return;
    }
    const waiting = this.#byConnection.get(connection);
    waiting?.delete(transaction);
    if (waiting?.size === 0) {
      this.#byConnection.delete(connection);
    }
  }

  callUser(call: () => void): void {
    this.#options.callUser(call);
  }

  stray(input: string, transaction: ClientMachine): void {
    this.#options.log.debug({ txId: transaction.id, state: transaction.state, input }, "stray input");
  }

  silent(flow: Flow): void {
    this.distrust({ transport: flow.transport, ...flow.remote, flow });
  }

  distrust(place: Target, seconds?: number): void {
    this.#options.transport.distrust?.(place, seconds);
  }

  overTcp(place: Target, bytes: number): Target | undefined {
    return this.#options.transport.overTcp?.(place, bytes);
  }

  trust(place: Target): void {
    this.#options.transport.trust?.(place);
  }

  onLocated(failover: Failover): void {
    this.#locating.delete(failover);
  }

  get #isFull(): boolean {
    return this.size >= this.#options.maxTransactions;
  }

  /** To the first place that takes it: nobody answers an ACK. */
  async #sendToFirst(
    places: Promise<readonly Target[]> | readonly Target[],
    { ackTo, bytes }: { readonly ackTo: (place: Target) => SipRequest; readonly bytes: number },
  ): Promise<Flow> {
    let failure: unknown;
    for (const place of (await places).flatMap((each) => [this.overTcp(each, bytes) ?? [], each].flat())) {
      try {
        return await this.send(serializeMessage(ackTo(place)), place);
      } catch (error) {
        this.distrust(place);
        failure = error;
      }
    }
    throw failure;
  }

  #create(id: string, request: SipRequest, target: Target, handlers: ClientTransactionHandlers): ClientMachine {
    const { timers } = this.#options;
    const basis = { settings: timers, reliable: target.transport !== "udp", unansweredMs: timers.timerCMs };
    return new ClientMachine(this, { id, request, target, handlers, basis, viaCount: viaCount(request) });
  }

  /** With one Via only: a proxy forwards nothing that has no transaction. RFC 6026 §7.3. */
  #isStraySuccess(response: SipResponse, via: ResponseVia, method: string): boolean {
    const isSuccess = response.status >= 200 && response.status < 300;
    return isSuccess && method === "INVITE" && via.count === 1 && this.#options.ids.made(via.branch);
  }

  /** Undefined when no listen address fits the target. */
  #viaFor(target: Target, branch: string): string | undefined {
    try {
      const local = this.#options.transport.localAddressFor(target);
      const sentBy = `${formatHost(local.host)}:${local.port}`;
      return `SIP/2.0/${local.transport.toUpperCase()} ${sentBy};branch=${branch};rport`;
    } catch (err) {
      this.#options.log.debug({ err, to: target }, "no local address");
      return undefined;
    }
  }
}

function withVia(request: SipRequest, via: string | undefined): SipRequest {
  return via === undefined ? request : { ...request, headers: request.headers.prepend("Via", via) };
}
