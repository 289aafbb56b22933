import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";
import { serializeMessage } from "@mss/sip-message";
import type { Flow, Target } from "../transport/types.ts";
import type { ClientMachine } from "./client-machine.ts";
import { laterBranch } from "./ids.ts";
import type { ClientTransaction, ClientTransactionHandlers } from "./types.ts";

/** What a request that has several places needs of the layer that owns it. */
export interface FailoverHost {
  /** A client transaction at one place, started. It fails a little later when it cannot be. */
  launch(attempt: Attempt): ClientMachine;
  overTcp(place: Target, bytes: number): Target | undefined;
  distrust(place: Target, seconds?: number): void;
  trust(place: Target): void;
  /** False when the layer stops: nothing new is begun. */
  readonly isRunning: boolean;
  callUser(call: () => void): void;
  /** It waits for its places no more: its attempts are the layer's to count. */
  onLocated(failover: Failover): void;
}

export interface Attempt {
  /** The branch parameter of its Via. */
  readonly id: string;
  /** Without our Via. */
  readonly request: SipRequest;
  readonly place: Target;
  readonly handlers: ClientTransactionHandlers;
}

export interface FailoverParts {
  readonly id: string;
  /** Without our Via. */
  readonly request: SipRequest;
  /** With the Via it has if it goes where the target says at first sight. */
  readonly firstRequest: SipRequest;
  readonly handlers: ClientTransactionHandlers;
}

/** Where an attempt goes, and which place of the target that is. */
interface Attempted {
  readonly at: Target;
  /** Differs from `at` when a request goes over TCP for its size. */
  readonly place: Target;
}

const TRYING = 100;
const UNAVAILABLE = 503;

/**
 * One request to a target that stands for several places: each is tried by a client transaction of its own, with a branch
 * of its own, until one answers (RFC 3263 §4.3). To its user it is one transaction. The next place is tried after a
 * failure of the transport, after 503, and when nothing at all came back (Timer B, F); not when a place has answered
 * with more than 100, since a phone may be ringing there, and not when the user has cancelled. At each place a request that
 * is too large for a datagram is tried over TCP, and over UDP when that fails (RFC 3261 §18.1.1).
 */
export class Failover implements ClientTransaction {
  readonly id: string;
  readonly #host: FailoverHost;
  readonly #parts: FailoverParts;
  #left: readonly Target[] = [];
  #attempts = 0;
  #bytes: number | undefined;
  #current: ClientMachine | undefined;
  #cancelHeaders: readonly HeaderField[] | undefined;
  /** The place that is tried has answered with 100, so that it is not dead. */
  #isAlive = false;
  /** With more than 100: what has begun there is not begun anywhere else. */
  #hasBegun = false;
  #isOver = false;

  constructor(host: FailoverHost, parts: FailoverParts) {
    this.id = parts.id;
    this.#host = host;
    this.#parts = parts;
  }

  /** As it was sent last. */
  get request(): SipRequest {
    return this.#current?.request ?? this.#parts.firstRequest;
  }

  get flow(): Flow | undefined {
    return this.#current?.flow;
  }

  start(places: readonly Target[]): void {
    this.#left = places;
    this.#tryNext();
  }

  /** Never rejects: who asked hears of the failure. */
  async startWhen(located: Promise<readonly Target[]>): Promise<void> {
    try {
      const places = await located;
      if (!this.#isOver) {
        this.#host.onLocated(this);
        this.start(places);
      }
    } catch {
      this.fail();
    }
  }

  /** To where the request is (RFC 3261 §9.1). While that is being looked up it waits, as for a provisional response. */
  cancel(headers: readonly HeaderField[] = []): void {
    this.#cancelHeaders = headers;
    this.#current?.cancel(headers);
  }

  /** Before there is any attempt. */
  fail(): void {
    if (this.#isOver || this.#current !== undefined) {
      return;
    }
    this.#isOver = true;
    this.#host.onLocated(this);
    this.#host.callUser(() => this.#parts.handlers.onFailure("transport"));
    this.#host.callUser(() => this.#parts.handlers.onTerminated?.());
  }

  #tryNext(): void {
    const [place, ...left] = this.#left;
    if (place === undefined) {
      this.fail();
      return;
    }
    this.#left = left;
    const over = this.#overTcp(place);
    this.#try({ at: over ?? place, place });
  }

  #overTcp(place: Target): Target | undefined {
    if (place.anyTransport !== true) {
      return undefined;
    }
    this.#bytes ??= serializeMessage(this.#parts.firstRequest).length;
    return this.#host.overTcp(place, this.#bytes);
  }

  #try(attempted: Attempted): void {
    const { id, request } = this.#parts;
    this.#isAlive = false;
    this.#attempts += 1;
    const attempt = this.#host.launch({
      id: this.#attempts === 1 ? id : laterBranch(id, this.#attempts),
      request,
      place: attempted.at,
      handlers: this.#handlersAt(attempted, () => this.#current === attempt),
    });
    this.#current = attempt;
    if (this.#cancelHeaders !== undefined) {
      attempt.cancel(this.#cancelHeaders);
    }
  }

  #handlersAt({ at, place }: Attempted, isCurrent: () => boolean): ClientTransactionHandlers {
    const { handlers } = this.#parts;
    return {
      onResponse: (response, flow) => {
        if (isCurrent() && !this.#goesOnAfter(response, place)) {
          this.#isAlive = true;
          this.#hasBegun ||= response.status > TRYING;
          handlers.onResponse(response, flow);
        }
      },
      onFailure: (failure) => {
        // A place that was silent is distrusted already; that it was silent over TCP is worth more.
        if (this.#host.isRunning && !this.#isAlive && (failure === "transport" || at !== place)) {
          this.#host.distrust(at);
        }
        if (at !== place && this.#mayBeSentAgain) {
          this.#try({ at: place, place });
        } else if (this.#left.length > 0 && this.#mayBeSentAgain) {
          this.#tryNext();
        } else {
          handlers.onFailure(failure);
        }
      },
      onTerminated: () => {
        if (isCurrent()) {
          handlers.onTerminated?.();
        }
      },
      onSent: (request, flow) => handlers.onSent?.(request, flow),
    };
  }

  #goesOnAfter(response: SipResponse, place: Target): boolean {
    if (response.status !== UNAVAILABLE) {
      this.#host.trust(place);
      return false;
    }
    const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    this.#host.distrust(place, Number.isNaN(seconds) ? undefined : seconds);
    const goesOn = this.#left.length > 0 && this.#mayGoOn;
    if (goesOn) {
      this.#tryNext();
    }
    return goesOn;
  }

  get #mayBeSentAgain(): boolean {
    return !this.#isAlive && this.#mayGoOn;
  }

  get #mayGoOn(): boolean {
    return !this.#hasBegun && this.#cancelHeaders === undefined && this.#host.isRunning;
  }
}
