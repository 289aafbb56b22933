import { CodedError, silentLog } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import type { SipMessage, SipRequest } from "@mss/sip-message";
import type { Flow, Target, TransportLayer } from "../transport/types.ts";
import { ClientSide } from "./client-side.ts";
import { createIdSource } from "./ids.ts";
import type { IdSource } from "./ids.ts";
import { ServerSide } from "./server-side.ts";
import { DEFAULT_TIMERS } from "./timers.ts";
import type {
  CancelElsewhere,
  ClientTransactionHandlers,
  SourceTrust,
  TimerSettings,
  TransactionLayer,
  TransactionUser,
} from "./types.ts";

export interface TransactionLayerOptions {
  /** Started and stopped by this layer. */
  readonly transport: TransportLayer;
  readonly log?: Logger;
  readonly timers?: Partial<TimerSettings>;
  /** Of each side. Beyond, new requests are answered 503 without state, and own requests fail. */
  readonly maxTransactions?: number;
  /**
   * How long the user may leave an INVITE without answer, counted from its last provisional response; it is then
   * answered 408. Default: Timer C and 64*T1, so that a called peer has given up before.
   */
  readonly unansweredInviteMs?: number;
  /** What is known of sources; every one is where it says when absent. */
  readonly sources?: SourceTrust;
  /** Asks the other processes of the node about a CANCEL that fits nothing here; there are none when absent. */
  readonly cancelElsewhere?: CancelElsewhere;
  readonly ids?: IdSource;
}

const MAX_TRANSACTIONS = 50_000; // at 32 s each, more than a thousand new ones a second

/** The transaction layer of one engine. RFC 3261 §17, RFC 6026. */
export function createTransactionLayer(options: TransactionLayerOptions): TransactionLayer {
  return new Transactions(options);
}

class Transactions implements TransactionLayer {
  readonly #transport: TransportLayer;
  readonly #log: Logger;
  readonly #client: ClientSide;
  readonly #server: ServerSide;
  #user: TransactionUser | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: TransactionLayerOptions) {
    this.#transport = options.transport;
    this.#log = options.log ?? silentLog();
    const timers = { ...DEFAULT_TIMERS, ...options.timers };
    const shared = {
      transport: options.transport,
      log: this.#log,
      ids: options.ids ?? createIdSource(),
      timers,
      maxTransactions: options.maxTransactions ?? MAX_TRANSACTIONS,
      sources: options.sources,
      callUser: (call: () => void) => this.#callUser(call),
    };
    this.#client = new ClientSide({
      ...shared,
      onStrayInviteSuccess: (response, flow) =>
        this.#callUser(() => this.#requireUser().onStrayInviteSuccess(response, flow)),
    });
    this.#server = new ServerSide({
      ...shared,
      unansweredInviteMs: options.unansweredInviteMs ?? timers.timerCMs + 64 * timers.t1Ms,
      user: () => this.#requireUser(),
      cancelElsewhere: options.cancelElsewhere,
    });
  }

  get counts(): { readonly client: number; readonly server: number; readonly refused: number } {
    return { client: this.#client.size, server: this.#server.size, refused: this.#server.refused };
  }

  async start(user: TransactionUser): Promise<void> {
    this.#user = user;
    await this.#transport.start({
      onMessage: (message, flow, bytes) => this.#receive(message, flow, bytes),
      onConnectionClosed: (connection) => this.#client.onConnectionClosed(connection),
    });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  request(request: SipRequest, target: Target, handlers: ClientTransactionHandlers): ReturnType<ClientSide["request"]> {
    return this.#client.request(request, target, handlers);
  }

  sendAck(ack: SipRequest, target: Target): SipRequest {
    return this.#client.sendAck(ack, target);
  }

  resend(...[transaction, response]: Parameters<TransactionLayer["resend"]>): void {
    this.#server.resend(transaction, response);
  }

  cancel(cancel: SipRequest, flow: Flow): boolean {
    return this.#stopping === undefined && this.#server.cancel(cancel, flow);
  }

  async #stopAll(): Promise<void> {
    this.#client.stop();
    this.#server.stop();
    await this.#transport.stop();
  }

  #receive(message: SipMessage, flow: Flow, bytes: number): void {
    if (this.#stopping !== undefined) {
      return;
    }
    if (message.kind === "response") {
      this.#client.receive(message, flow);
    } else {
      this.#server.receive(message, flow, bytes);
    }
  }

  #requireUser(): TransactionUser {
    if (this.#user === undefined) {
      throw new CodedError("NOT_STARTED", "the transaction layer has no user before its start");
    }
    return this.#user;
  }

  /** A user that throws fails alone: its error is logged, the transaction goes on. */
  #callUser(call: () => void): boolean {
    try {
      call();
      return true;
    } catch (err) {
      this.#log.error({ err }, "user of the transaction layer failed");
      return false;
    }
  }
}
