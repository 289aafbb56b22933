import type { SipResponse } from "@mss/sip-message";
import type { ServerTransaction } from "../transaction/types.ts";

const LIFETIME_T1S = 64;
const SEQUENCE_LIMIT = 0x1000_0000;

interface Waiting {
  readonly sequence: number;
  readonly response: SipResponse;
}

/**
 * Reliable provisional responses of one INVITE: one at a time is on its way, repeated with doubling intervals until its
 * PRACK comes; the next ones wait (RFC 3262 §3). When 64*T1 pass without PRACK, `onGivenUp` is called.
 */
export class ReliableSender {
  readonly #transaction: Pick<ServerTransaction, "canRespond" | "respond">;
  readonly #options: { readonly t1Ms: number; readonly onGivenUp: () => void };
  readonly #queue: Waiting[] = [];
  readonly #acknowledged = new Set<number>();
  #sequence = 1 + Math.floor(Math.random() * SEQUENCE_LIMIT); // needs no secrecy, only to differ
  #timer: NodeJS.Timeout | undefined;
  #intervalMs = 0;
  #elapsedMs = 0;

  constructor(
    transaction: Pick<ServerTransaction, "canRespond" | "respond">,
    options: { readonly t1Ms: number; readonly onGivenUp: () => void },
  ) {
    this.#transaction = transaction;
    this.#options = options;
  }

  /** Something that describes the session has no PRACK yet: no 2xx may be sent before it has. RFC 3262 §3. */
  get awaitsDescription(): boolean {
    return this.#queue.some(({ response }) => response.body !== "");
  }

  /** RSeq of the next response. */
  takeSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  send(sequence: number, response: SipResponse): void {
    this.#queue.push({ sequence, response });
    if (this.#queue.length === 1) {
      this.#sendFirst();
    }
  }

  /** True when a PRACK is for a response that was sent: what it acknowledges is repeated no more. */
  acknowledge(sequence: number): boolean {
    const first = this.#queue[0];
    if (first?.sequence !== sequence) {
      return this.#acknowledged.has(sequence);
    }
    this.#stopRepeating();
    this.#queue.shift();
    this.#acknowledged.add(sequence);
    if (this.#queue.length > 0) {
      this.#sendFirst();
    }
    return true;
  }

  /** What still waits is not sent any more: the final answer was given. */
  stop(): void {
    this.#stopRepeating();
    for (const waiting of this.#queue.splice(0)) {
      this.#acknowledged.add(waiting.sequence); // a PRACK for it is still answered
    }
  }

  #stopRepeating(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #sendFirst(): void {
    this.#intervalMs = this.#options.t1Ms;
    this.#elapsedMs = 0;
    this.#sendAgain();
  }

  #sendAgain(): void {
    const first = this.#queue[0];
    if (first === undefined || !this.#transaction.canRespond) {
      return;
    }
    this.#transaction.respond(first.response);
    const lifetimeMs = LIFETIME_T1S * this.#options.t1Ms;
    const waitMs = Math.min(this.#intervalMs, lifetimeMs - this.#elapsedMs);
    this.#timer = setTimeout(() => {
      this.#elapsedMs += waitMs;
      this.#intervalMs *= 2;
      if (this.#elapsedMs >= lifetimeMs) {
        this.#options.onGivenUp();
      } else {
        this.#sendAgain();
      }
    }, waitMs);
  }
}
