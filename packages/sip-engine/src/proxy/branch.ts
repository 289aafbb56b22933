import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";
import { buildResponse } from "../engine/message-builder.ts";
import { statusClass } from "../transaction/status-class.ts";
import type { ClientTransaction, TransactionLayer } from "../transaction/types.ts";
import type { Flow, Target } from "../transport/types.ts";
import type { BranchEffect, BranchInput, BranchState } from "./branch-table.ts";
import { BRANCH } from "./branch-table.ts";

/** A response of a branch, or one that was made up for it: then it has no flow. */
export interface Received {
  readonly response: SipResponse;
  readonly flow: Flow | undefined;
}

export interface BranchHost {
  readonly transactions: Pick<TransactionLayer, "request">;
  /** A provisional response or a 2xx. */
  forward(branch: Branch, received: Received): void;
  /** The branch has its outcome. */
  onConcluded(branch: Branch): void;
  /** Nothing more will come on this branch. */
  onGone(branch: Branch): void;
}

export interface BranchTimeouts {
  /** How long a target may stay without any response. */
  readonly provisionalMs: number | undefined;
  /** How long a target may stay without a final response. */
  readonly finalMs: number | undefined;
}

export interface BranchParts {
  /** As the application or a redirect wrote it. */
  readonly uri: string;
  readonly hop: Target;
  readonly timeouts: BranchTimeouts;
  /** To tag of a response that is made up. */
  readonly localTag: string;
  /** Builds what is sent, when it is sent. */
  readonly request: () => SipRequest;
}

const FAILURES = {
  timeout: { status: 408, reason: "Request Timeout" },
  transport: { status: 503, reason: "Service Unavailable" }, // RFC 3261 §16.9
} as const;

/** Runs the table of one branch and owns its timers and its client transaction. */
export class Branch {
  readonly uri: string;
  readonly hop: Target;
  readonly #parts: BranchParts;
  readonly #host: BranchHost;
  #state: BranchState = "waiting";
  #transaction: ClientTransaction | undefined;
  #provisionalTimer: NodeJS.Timeout | undefined;
  #finalTimer: NodeJS.Timeout | undefined;
  #cancelHeaders: readonly HeaderField[] = [];
  #outcome: Received | undefined;
  #isGone = false;

  constructor(parts: BranchParts, host: BranchHost) {
    this.uri = parts.uri;
    this.hop = parts.hop;
    this.#parts = parts;
    this.#host = host;
  }

  get isWaiting(): boolean {
    return this.#state === "waiting";
  }

  /** Started, without outcome: the choice of the best response waits for it. */
  get isPending(): boolean {
    return this.#state === "calling" || this.#state === "proceeding" || this.#state === "cancelling";
  }

  /** Its client transaction lives. */
  get isLive(): boolean {
    return this.#transaction !== undefined && !this.#isGone;
  }

  /** The branch parameter of the Via we put on its request. */
  get id(): string | undefined {
    return this.#transaction?.id;
  }

  /** As it was sent. */
  get request(): SipRequest | undefined {
    return this.#transaction?.request;
  }

  /** The response that takes part in the choice of the best one. */
  get outcome(): Received | undefined {
    return this.#outcome;
  }

  start(): void {
    this.#take("start");
  }

  skip(): void {
    this.#take("skip");
  }

  cancel(headers: readonly HeaderField[]): void {
    this.#cancelHeaders = headers;
    this.#take("cancel");
  }

  /** Its redirect is followed: the response itself is no candidate any more. RFC 3261 §16.7 step 4. */
  dropOutcome(): void {
    this.#outcome = undefined;
  }

  #take(input: BranchInput, received?: Received): void {
    const row = BRANCH[this.#state][input];
    if (row === undefined) {
      return;
    }
    this.#state = row.to;
    for (const effect of row.effects) {
      this.#perform(effect, received);
    }
  }

  #perform(effect: BranchEffect, received: Received | undefined): void {
    switch (effect) {
      case "send": {
        this.#send();
        break;
      }
      case "startTimers": {
        this.#startTimers();
        break;
      }
      case "stopProvisionalTimer": {
        clearTimeout(this.#provisionalTimer);
        break;
      }
      case "stopTimers": {
        clearTimeout(this.#provisionalTimer);
        clearTimeout(this.#finalTimer);
        break;
      }
      case "sendCancel": {
        this.#sendCancel();
        break;
      }
      case "forward": {
        if (received !== undefined) {
          this.#host.forward(this, received);
        }
        break;
      }
      case "conclude": {
        this.#conclude(received);
        break;
      }
      case "concludeTimeout": {
        this.#conclude(this.#madeUp("timeout"));
        break;
      }
    }
  }

  #startTimers(): void {
    const { provisionalMs, finalMs } = this.#parts.timeouts;
    if (provisionalMs !== undefined) {
      this.#provisionalTimer = setTimeout(() => this.#take("provisionalTimeout"), provisionalMs);
    }
    if (finalMs !== undefined) {
      this.#finalTimer = setTimeout(() => this.#take("finalTimeout"), finalMs);
    }
  }

  #send(): void {
    this.#transaction = this.#host.transactions.request(this.#parts.request(), this.hop, {
      onResponse: (response, flow) => this.#take(statusClass(response.status), { response, flow }),
      onFailure: (failure) => this.#take("failure", this.#madeUp(failure)),
      onTerminated: () => {
        this.#isGone = true;
        this.#host.onGone(this);
      },
    });
  }

  #sendCancel(): void {
    if (this.#transaction?.request.method === "INVITE") {
      this.#transaction.cancel(this.#cancelHeaders);
    }
  }

  #conclude(received: Received | undefined): void {
    this.#outcome = received;
    this.#host.onConcluded(this);
  }

  #madeUp(failure: "timeout" | "transport"): Received | undefined {
    const request = this.#transaction?.request;
    const parts = { ...FAILURES[failure], toTag: this.#parts.localTag };
    return request === undefined ? undefined : { response: buildResponse(request, parts), flow: undefined };
  }
}
