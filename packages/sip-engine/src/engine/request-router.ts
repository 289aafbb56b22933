import type { ServerTransaction } from "../transaction/types.ts";
import { isLoopback } from "../transport/addresses.ts";
import type { HostPort } from "../transport/types.ts";
import type { ControlClient } from "../wire/control-client.ts";
import type { Core } from "./core.ts";
import type { IncomingRequests } from "./incoming-requests.ts";
import { buildResponse } from "./message-builder.ts";
import type { Refusal } from "./refusals.ts";
import { REFUSALS, refuse, unavailable } from "./refusals.ts";
import type { RequestHandler, RoutingDecision } from "./request-handlers.ts";

export interface RouterOptions {
  readonly handlers: readonly RequestHandler[];
  /** Undefined when the application cannot be reached or does not show the secret. */
  readonly dial: (to: HostPort) => Promise<ControlClient | undefined>;
}

/** drachtio-server's answer when no application can be found. */
const NOBODY: Refusal = { status: 480, reason: "Temporarily Unavailable" };

/** Decides which application gets a request, where handlers are configured; the decision may take its time. */
export class RequestRouter {
  readonly #core: Core;
  readonly #incoming: IncomingRequests;
  readonly #options: RouterOptions;
  readonly #handlers: ReadonlyMap<string, RequestHandler>;
  /** Requests that no application has yet, with the timer that gives them up. */
  readonly #waiting = new Map<ServerTransaction, NodeJS.Timeout>();

  constructor(core: Core, incoming: IncomingRequests, options: RouterOptions) {
    this.#core = core;
    this.#incoming = incoming;
    this.#options = options;
    this.#handlers = new Map(options.handlers.map((handler) => [handler.method, handler]));
  }

  get size(): number {
    return this.#waiting.size;
  }

  receive(transaction: ServerTransaction): void {
    const handler = this.#handlers.get(transaction.request.method) ?? this.#handlers.get("*");
    if (handler === undefined) {
      this.#incoming.receive(transaction);
      return;
    }
    if (!this.#incoming.admit(transaction, this.#waiting.size)) {
      return;
    }
    const timer = setTimeout(() => this.#refuse(transaction, NOBODY), this.#core.limits.routingMs);
    this.#waiting.set(transaction, timer);
    this.#route(transaction, handler).catch((err: unknown) => {
      this.#core.log.warn({ err, method: transaction.request.method }, "request handler failed");
      this.#refuse(transaction, NOBODY);
    });
  }

  /** False when the INVITE does not wait here. */
  onCancel(invite: ServerTransaction): boolean {
    if (!this.#waiting.has(invite)) {
      return false;
    }
    this.#refuse(invite, REFUSALS.terminated);
    return true;
  }

  stop(): void {
    for (const transaction of this.#waiting.keys()) {
      this.#refuse(transaction, unavailable(this.#core));
    }
  }

  async #route(transaction: ServerTransaction, handler: RequestHandler): Promise<void> {
    const decision = await handler.decide(transaction.request);
    if (decision.kind === "answer") {
      this.#answer(transaction, decision);
      return;
    }
    const client = await this.#clientFor(transaction, decision);
    if (!this.#waiting.has(transaction)) {
      client?.closeIfDialled(); // the caller has gone meanwhile
    } else if (client?.open !== true) {
      this.#refuse(transaction, NOBODY);
    } else {
      this.#take(transaction);
      this.#incoming.deliver(transaction, client);
    }
  }

  async #clientFor(
    transaction: ServerTransaction,
    decision: Exclude<RoutingDecision, { kind: "answer" }>,
  ): Promise<ControlClient | undefined> {
    const { method } = transaction.request;
    switch (decision.kind) {
      case "any": {
        return this.#core.registry.pick(method);
      }
      case "tag": {
        return this.#core.registry.pickTagged(method, decision.tag);
      }
      case "connect": {
        if (!isLoopback(decision.to.host)) {
          this.#core.log.error({ to: decision.to }, "an application must listen on a loopback address");
          return undefined;
        }
        return this.#waiting.has(transaction) ? await this.#options.dial(decision.to) : undefined;
      }
    }
  }

  #answer(transaction: ServerTransaction, decision: Extract<RoutingDecision, { kind: "answer" }>): void {
    const { status, reason = "", contacts = [] } = decision;
    const lowest = transaction.request.method === "INVITE" ? 300 : 200; // nobody is there who would hold the call
    if (!(status >= lowest && status < 700)) {
      throw new RangeError(`a request handler cannot answer ${transaction.request.method} with ${status}`);
    }
    if (!this.#take(transaction)) {
      return;
    }
    const others = contacts.map((uri) => ({ name: "Contact", value: `<${uri}>` }));
    const response = buildResponse(transaction.request, { status, reason, toTag: transaction.localTag, others });
    transaction.respond(response);
    this.#recordStop(transaction, response);
  }

  #refuse(transaction: ServerTransaction, refusal: Refusal): void {
    if (this.#take(transaction) && transaction.canRespond) {
      this.#recordStop(transaction, refuse(this.#core, transaction, refusal));
    }
  }

  #recordStop(transaction: ServerTransaction, response: ReturnType<typeof refuse>): void {
    if (transaction.request.method === "INVITE") {
      this.#core.records.answered("application", "uas", response);
    }
  }

  /** False when it waits no more. */
  #take(transaction: ServerTransaction): boolean {
    clearTimeout(this.#waiting.get(transaction));
    return this.#waiting.delete(transaction);
  }
}
