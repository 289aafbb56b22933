import type { SipRequest } from "@mss/sip-message";
import { tagOf } from "@mss/sip-message";
import type { Core } from "../engine/core.ts";
import { remotePath, targetPath, textOf } from "../engine/core.ts";
import type { IncomingRequests } from "../engine/incoming-requests.ts";
import type { Refusal } from "../engine/refusals.ts";
import { refuse, unavailable } from "../engine/refusals.ts";
import { firstBranch } from "../transaction/ids.ts";
import type { ServerTransaction } from "../transaction/types.ts";
import type { ProxyCommand } from "../wire/commands.ts";
import type { ControlClient } from "../wire/control-client.ts";
import { formatNotOk, formatOk, formatProxyResponse } from "../wire/notices.ts";
import { branchMaker } from "./branch-maker.ts";
import type { BranchTimeouts } from "./branch.ts";
import { onwardOf, relayAck, relayMaker } from "./dialog-relay.ts";
import { hopsLeft } from "./forwarded-request.ts";
import { loopKey, viaBranches } from "./loop-keys.ts";
import { timeoutsOf } from "./proxy-order.ts";
import { ResponseContext } from "./response-context.ts";
import type { BranchMaker, ContextObserver, SearchRules } from "./response-context.ts";
import { RouteTokens } from "./route-tokens.ts";

const ONE_TARGET = { simultaneous: false, followRedirects: false, breadth: 1, targetsMax: 1 };
const BREADTH_EXCEEDED: Refusal = { status: 440, reason: "Max-Breadth Exceeded" }; // RFC 5393 §5.3.3
const TOO_MANY_HOPS: Refusal = { status: 483, reason: "Too Many Hops" };
const NOT_PROXIED: Refusal = { status: 500, reason: "Server Internal Error" };

type Told = Pick<ContextObserver, "onFinal" | "onDone">;

/** The stateful proxy of an engine: RFC 3261 §16, on the word of applications and along Record-Route. */
export class Proxies {
  readonly #core: Core;
  readonly #incoming: IncomingRequests;
  readonly #tokens: RouteTokens;
  readonly #contexts = new Map<string, ResponseContext>();
  /** By the branch that we put on what was forwarded, with the loop key of what was received. */
  readonly #loopKeys = new Map<string, string>();

  /** `secret` marks our Record-Route entries; calls survive a restart when it does. */
  constructor(core: Core, incoming: IncomingRequests, secret: string) {
    this.#core = core;
    this.#incoming = incoming;
    this.#tokens = new RouteTokens(secret);
  }

  get size(): number {
    return this.#contexts.size;
  }

  /** An application hands a request over that it has not answered. */
  proxy(client: ControlClient, command: ProxyCommand): void {
    const timeouts = timeoutsOf(command);
    if (typeof timeouts === "string") {
      client.send(formatNotOk(command.id, timeouts));
      return;
    }
    const transaction = this.#incoming.release(client, command.transactionId);
    if (transaction === undefined) {
      client.send(formatNotOk(command.id, `Unknown transaction id: ${command.transactionId}`));
      return;
    }
    const fault = this.#faultOf(transaction.request);
    if (fault !== undefined) {
      this.#refuse(transaction, fault);
      client.send(formatNotOk(command.id, `Rejected with ${fault.status} ${fault.reason}`));
      return;
    }
    if (!this.#search(client, command, { transaction, timeouts })) {
      this.#refuse(transaction, NOT_PROXIED);
      client.send(formatNotOk(command.id, `error proxying request to ${command.destinations.join(", ")}`));
    } else if (!command.fullResponse) {
      client.send(formatOk(command.id, "done"));
    }
  }

  /** Whether the request is one that we forwarded and that came back as it was. RFC 3261 §16.3 step 4. */
  isLoop(request: SipRequest): boolean {
    if (this.#loopKeys.size === 0) {
      return false;
    }
    const keys = viaBranches(request).map((branch) => this.#loopKeys.get(firstBranch(branch)));
    return keys.some((key) => key !== undefined) && keys.includes(loopKey(request));
  }

  /** False when the INVITE is not proxied. */
  onCancel(invite: ServerTransaction, cancel: SipRequest): boolean {
    const context = this.#contexts.get(invite.id);
    const reasons = cancel.headers.all("Reason").map((value) => ({ name: "Reason", value })); // RFC 3326
    context?.cancel(reasons);
    return context !== undefined;
  }

  /** False when the request is not proxied. */
  onServerFailure(transaction: ServerTransaction, failure: "timeout" | "transport"): boolean {
    const context = this.#contexts.get(transaction.id);
    if (failure === "timeout") {
      context?.abandon();
    } // else the caller may come back on another path
    return context !== undefined;
  }

  /** A request within a dialog that passes through us. False when it did not come along our Record-Route. */
  relay(transaction: ServerTransaction): boolean {
    const onward = onwardOf(this.#core, this.#tokens, transaction.request);
    if (onward === undefined) {
      return false;
    }
    if ((hopsLeft(transaction.request) ?? 0) < 0) {
      refuse(this.#core, transaction, TOO_MANY_HOPS);
    } else if (this.#isFull) {
      refuse(this.#core, transaction, unavailable(this.#core));
    } else {
      const make = relayMaker(this.#core, this.#tokens, { transaction, onward });
      const nobody = { onFinal: () => undefined, onDone: () => undefined };
      if (transaction.request.method === "BYE") {
        this.#core.records.stop("network", "normal-release", transaction.request);
      }
      this.#open(transaction, { rules: ONE_TARGET, make, told: nobody }).start([onward.uri]);
    }
    return true;
  }

  /** False when the ACK did not come along our Record-Route. */
  relayAck(ack: SipRequest): boolean {
    return relayAck(this.#core, this.#tokens, ack);
  }

  /** Cancels what is under way and answers it 503. */
  stop(): void {
    for (const context of this.#contexts.values()) {
      if (context.transaction.canRespond) {
        refuse(this.#core, context.transaction, unavailable(this.#core));
      }
      context.abandon();
    }
  }

  #refuse(transaction: ServerTransaction, refusal: Refusal): void {
    const response = refuse(this.#core, transaction, refusal);
    if (transaction.request.method === "INVITE") {
      this.#core.records.stop("application", "call-rejected", response);
    }
  }

  get #isFull(): boolean {
    return this.#contexts.size >= this.#core.limits.proxies;
  }

  #faultOf(request: SipRequest): Refusal | undefined {
    if ((hopsLeft(request) ?? 0) < 0) {
      return TOO_MANY_HOPS;
    }
    if (this.#breadthOf(request) === 0) {
      return BREADTH_EXCEEDED;
    }
    return this.#isFull ? unavailable(this.#core) : undefined;
  }

  /** How many branches may run at once: what the request allows, and not more than we do. */
  #breadthOf(request: SipRequest): number {
    const allowed = Number.parseInt(request.headers.get("Max-Breadth") ?? "", 10);
    const own = this.#core.limits.proxyBreadth;
    return Number.isNaN(allowed) ? own : Math.min(allowed, own);
  }

  #search(
    client: ControlClient,
    command: ProxyCommand,
    order: { readonly transaction: ServerTransaction; readonly timeouts: BranchTimeouts },
  ): boolean {
    const { transaction } = order;
    const { simultaneous, followRedirects, destinations } = command;
    const breadth = this.#breadthOf(transaction.request);
    const isForked = simultaneous && destinations.length > 1;
    const share = isForked ? Math.floor(breadth / Math.min(destinations.length, breadth)) : breadth;
    const isTold = isForked || transaction.request.headers.has("Max-Breadth");
    const make = branchMaker(this.#core, this.#tokens, { ...order, command, breadth: isTold ? share : undefined });
    const rules = { simultaneous, followRedirects, breadth, targetsMax: this.#core.limits.proxyTargets };
    const told = command.fullResponse
      ? this.#tell(client, command.id)
      : { onFinal: () => undefined, onDone: () => undefined };
    const context = this.#open(transaction, { rules, make, told });
    const isStarted = context.start(destinations);
    if (!isStarted) {
      this.#contexts.delete(transaction.id);
    }
    return isStarted;
  }

  #tell(client: ControlClient, commandId: string): Told {
    let isDone = false;
    return {
      onFinal: ({ response, flow }, branch) => {
        if (!isDone) {
          const path = flow === undefined ? targetPath(branch.hop) : remotePath(flow);
          client.send(
            formatProxyResponse(commandId, { path, transactionId: "", dialogId: "", text: textOf(response) }),
          );
        }
      },
      onDone: () => {
        if (!isDone) {
          isDone = true;
          client.send(formatOk(commandId, "done"));
        }
      },
    };
  }

  #open(
    transaction: ServerTransaction,
    parts: { readonly rules: SearchRules; readonly make: BranchMaker; readonly told: Told },
  ): ResponseContext {
    const { rules, make, told } = parts;
    const key = loopKey(transaction.request);
    const isCall =
      transaction.request.method === "INVITE" && tagOf(transaction.request.headers.get("To") ?? "") === undefined;
    const observer: ContextObserver = {
      ...told,
      onStarted: (branch) => {
        if (branch.id !== undefined) {
          this.#loopKeys.set(branch.id, key);
        }
        if (isCall && branch.request !== undefined) {
          this.#core.records.attempt("application", branch.request);
        }
      },
      onOutcome: (response) => {
        if (isCall) {
          this.#core.records.answered("network", "proxy-uac", response);
        }
      },
      onAnswered: (response) => {
        if (isCall) {
          this.#core.records.answered("application", "proxy-uas", response);
        }
      },
      onSuccess: (response) => {
        if (transaction.request.method === "REGISTER") {
          this.#core.flows.onRegistered(transaction.request, response, transaction.flow);
        }
      },
      onGone: (context) => this.#close(context),
    };
    const context = new ResponseContext(this.#core, transaction, { rules, make, observer });
    this.#contexts.set(transaction.id, context);
    return context;
  }

  #close(context: ResponseContext): void {
    this.#contexts.delete(context.transaction.id);
    for (const { id } of context.branches) {
      if (id !== undefined) {
        this.#loopKeys.delete(id);
      }
    }
  }
}
