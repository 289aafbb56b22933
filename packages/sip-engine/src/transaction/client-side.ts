import type { Logger } from "@mss/runtime";
import type { SipRequest, SipResponse } from "@mss/sip-message";
import { serializeMessage } from "@mss/sip-message";
import { formatHost } from "../transport/addresses.ts";
import type { Flow, Target, TransportLayer } from "../transport/types.ts";
import { ClientMachine } from "./client-machine.ts";
import type { ClientHost } from "./client-machine.ts";
import { cancelFor } from "./derived-requests.ts";
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

const NO_HANDLERS: ClientTransactionHandlers = { onResponse: () => undefined, onFailure: () => undefined };

/** Every client transaction of one layer, found by branch and method, and by the connection it waits on. */
export class ClientSide implements ClientHost {
  readonly #options: ClientSideOptions;
  readonly #transactions = new Map<string, ClientMachine>();
  readonly #byConnection = new Map<string, Set<ClientMachine>>();
  readonly #holds = new Map<ClientMachine, () => void>();

  constructor(options: ClientSideOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#transactions.size;
  }

  request(request: SipRequest, target: Target, handlers: ClientTransactionHandlers): ClientTransaction {
    const id = this.#options.ids.branch();
    const via = this.#viaFor(target, id);
    const transaction = this.#create(id, withVia(request, via), target, handlers);
    if (via === undefined || this.#transactions.size >= this.#options.maxTransactions) {
      this.#options.log.warn({ to: target, method: request.method }, "request not sent");
      queueMicrotask(() => transaction.fail()); // the caller holds the transaction before it hears of the failure
      return transaction;
    }
    this.#transactions.set(clientKey(id, request.method), transaction);
    transaction.start();
    return transaction;
  }

  sendAck(ack: SipRequest, target: Target): SipRequest {
    const sent = withVia(ack, this.#viaFor(target, this.#options.ids.branch()));
    this.send(serializeMessage(sent), target).catch((err: unknown) => {
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
    this.#options.transport.distrust?.(flow);
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
      return `SIP/2.0/${target.transport.toUpperCase()} ${sentBy};branch=${branch};rport`;
    } catch (err) {
      this.#options.log.debug({ err, to: target }, "no local address");
      return undefined;
    }
  }
}

function withVia(request: SipRequest, via: string | undefined): SipRequest {
  return via === undefined ? request : { ...request, headers: request.headers.prepend("Via", via) };
}
