import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";
import type { Core } from "../engine/core.ts";
import { buildResponse } from "../engine/message-builder.ts";
import { REFUSALS } from "../engine/refusals.ts";
import type { ServerTransaction } from "../transaction/types.ts";
import { bestResponse } from "./best-response.ts";
import type { Branch, BranchHost, Received } from "./branch.ts";
import { forwardedResponse } from "./forwarded-response.ts";
import { redirectTargets } from "./redirect-targets.ts";

/** How the targets of one request are tried. */
export interface SearchRules {
  readonly simultaneous: boolean;
  readonly followRedirects: boolean;
  /** Branches that may run at once. RFC 5393. */
  readonly breadth: number;
  /** Targets that are tried in all, those of redirects among them. */
  readonly targetsMax: number;
}

export interface ContextObserver {
  /** The first final response of a branch; without flow it was made up. Not after `onDone`. */
  onFinal(received: Received, branch: Branch): void;
  /** A branch has ended with that, or was the first to answer; also after `onDone`. */
  onOutcome(response: SipResponse): void;
  /** A final response went upstream. */
  onDone(): void;
  /** A branch has left. */
  onStarted(branch: Branch): void;
  /** A 2xx goes upstream, the first of its request. */
  onSuccess(response: SipResponse): void;
  /** A final response went upstream, as it left. Once. */
  onAnswered(response: SipResponse): void;
  /** No branch lives any more. */
  onGone(context: ResponseContext): void;
}

/** Makes the branch for a URI; undefined when nothing can be sent there. */
export type BranchMaker = (uri: string, host: BranchHost, isRedirect: boolean) => Branch | undefined;

const ELSEWHERE: readonly HeaderField[] = [{ name: "Reason", value: 'SIP;cause=200;text="Call completed elsewhere"' }];
const CHALLENGES: ReadonlySet<number> = new Set([401, 407]);

/** A proxied request and all of its branches: the response context of RFC 3261 §16.7. */
export class ResponseContext implements BranchHost {
  readonly transaction: ServerTransaction;
  readonly transactions: Core["transactions"];
  readonly #rules: SearchRules;
  readonly #make: BranchMaker;
  readonly #observer: ContextObserver;
  readonly #tried: string[] = [];
  readonly #branches: Branch[] = [];
  /** No further target is tried. */
  #isSearchOver = false;
  /** A final response went upstream: of what follows only 2xx to INVITE do. */
  #isAnswered = false;

  constructor(
    core: Core,
    transaction: ServerTransaction,
    options: { readonly rules: SearchRules; readonly make: BranchMaker; readonly observer: ContextObserver },
  ) {
    this.transaction = transaction;
    this.transactions = core.transactions;
    this.#rules = options.rules;
    this.#make = options.make;
    this.#observer = options.observer;
  }

  get request(): SipRequest {
    return this.transaction.request;
  }

  get branches(): readonly Branch[] {
    return this.#branches;
  }

  /** False when nothing could be sent anywhere: then the context is over and nothing was answered. */
  start(uris: readonly string[]): boolean {
    this.#add(uris, false);
    this.#launch();
    return this.#branches.some((branch) => branch.isPending);
  }

  /** The caller gave up: its answer is the best of what the cancelled branches say. RFC 3261 §16.10. */
  cancel(headers: readonly HeaderField[]): void {
    this.#stopSearch(headers);
    this.#concludeIfComplete();
  }

  /** The server transaction has ended without an answer of ours. */
  abandon(): void {
    this.#isAnswered = true;
    this.#stopSearch([]);
    this.#observer.onDone();
  }

  forward(branch: Branch, { response, flow }: Received): void {
    if (response.status < 200) {
      this.#forwardProvisional(response);
      return;
    }
    const isFirst = !this.#isAnswered;
    this.#isAnswered = true;
    if (isFirst) {
      this.#observer.onSuccess(response);
      this.#observer.onOutcome(response);
      this.#respond(forwardedResponse(response));
      this.#stopSearch(ELSEWHERE);
      this.#observer.onFinal({ response, flow }, branch);
      this.#observer.onDone();
    } else if (this.request.method === "INVITE") {
      this.transactions.resend(this.transaction, forwardedResponse(response)); // §16.7 step 5: every 2xx, of every fork
    }
  }

  onConcluded(branch: Branch): void {
    const { outcome } = branch;
    if (outcome !== undefined) {
      this.#observer.onOutcome(outcome.response);
    }
    if (this.#isAnswered || outcome === undefined) {
      return;
    }
    const { status } = outcome.response;
    this.#observer.onFinal(outcome, branch);
    if (status < 400 && this.#rules.followRedirects && !this.#isSearchOver) {
      const added = this.#add(redirectTargets(outcome.response), true);
      if (added > 0) {
        branch.dropOutcome();
      }
    }
    if (status >= 600) {
      this.#stopSearch([]); // §16.7 step 5
    } else if (CHALLENGES.has(status) && !this.#rules.simultaneous) {
      this.#endSearch(); // the caller is asked first: it comes again with credentials
    }
    this.#launch();
    this.#concludeIfComplete();
  }

  onGone(): void {
    if (this.#branches.every((branch) => !branch.isLive)) {
      this.#concludeIfComplete();
      this.#observer.onGone(this);
    }
  }

  /** How many of the URIs are new and can be sent to. */
  #add(uris: readonly string[], isRedirect: boolean): number {
    let added = 0;
    for (const uri of uris) {
      if (this.#tried.includes(uri) || this.#tried.length >= this.#rules.targetsMax) {
        continue; // §16.5: no target twice
      }
      this.#tried.push(uri);
      const branch = this.#make(uri, this, isRedirect);
      if (branch !== undefined) {
        this.#branches.push(branch);
        added += 1;
      }
    }
    return added;
  }

  #launch(): void {
    const limit = this.#rules.simultaneous ? this.#rules.breadth : 1;
    for (const branch of this.#branches) {
      if (this.#isSearchOver || this.#pendingCount() >= limit) {
        return;
      }
      if (branch.isWaiting) {
        branch.start();
        this.#observer.onStarted(branch);
      }
    }
  }

  #pendingCount(): number {
    return this.#branches.filter((branch) => branch.isPending).length;
  }

  #endSearch(): void {
    this.#isSearchOver = true;
    for (const branch of this.#branches) {
      branch.skip();
    }
  }

  #stopSearch(headers: readonly HeaderField[]): void {
    this.#endSearch();
    for (const branch of this.#branches) {
      branch.cancel(headers);
    }
  }

  /** Not for other methods than INVITE: RFC 4320 §4.1. */
  #forwardProvisional(response: SipResponse): void {
    if (this.request.method === "INVITE" && !this.#isAnswered && this.transaction.canRespond) {
      this.transaction.respond(forwardedResponse(response));
    }
  }

  #concludeIfComplete(): void {
    if (this.#isAnswered || this.#branches.some((branch) => branch.isPending || branch.isWaiting)) {
      return;
    }
    this.#isAnswered = true;
    this.#isSearchOver = true;
    this.#respondBest();
    this.#observer.onDone();
  }

  #respond(response: SipResponse): void {
    this.transaction.respond(response);
    this.#observer.onAnswered(response);
  }

  #respondBest(): void {
    const { request, transaction } = this;
    const candidates = this.#branches.flatMap(({ outcome }) =>
      outcome === undefined ? [] : [{ response: outcome.response, isMadeUp: outcome.flow === undefined }],
    );
    const best = bestResponse(candidates);
    if (best === undefined) {
      this.#respond(buildResponse(request, { ...REFUSALS.terminated, toTag: transaction.localTag }));
    } else if (best.status !== 408 || request.method === "INVITE") {
      this.#respond(forwardedResponse(best)); // for other methods 408 comes too late for anybody: RFC 4320 §4.2
    }
  }
}
