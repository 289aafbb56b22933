/** What a peer has shown of itself: whether it answers pings at all. Unknown until the first one. */
export type PongHabit = "unknown" | "answers" | "mute";

export interface KeepaliveOptions {
  /** Silence of the peer after which it is asked. */
  readonly pingMs: number;
  /** How long it may take to say anything then. RFC 5626 §4.4.1: 10 s. */
  readonly pongMs: number;
  readonly habit: () => PongHabit;
  readonly ping: () => void;
  /** It answered. */
  readonly onPong: () => void;
  /** It said nothing, though it is known to answer: the connection is dead. */
  readonly onDead: () => void;
  /** It said nothing, and nobody knows whether it ever would. */
  readonly onDoubt: () => void;
}

const TICKS = 5; // a timer of its own for each byte that comes would cost more than looking five times

/**
 * The client's side of the keepalive of RFC 5626 §3.5.1 on one connection, from `start` to `stop`. Anything that comes
 * is a sign of life. A peer that never answered a ping is pinged all the same, since routers in between forget
 * connections, but nothing follows from its silence: RFC 3261 only asks it to ignore line breaks.
 */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  #silentTicks = 0;
  #isAwaitingPong = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: KeepaliveOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#timer === undefined) {
      this.#listen();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isAwaitingPong = false;
  }

  /** Bytes came. */
  heard(): void {
    this.#silentTicks = 0;
    if (this.#isAwaitingPong) {
      this.#options.onPong();
      this.#listen();
    }
  }

  #listen(): void {
    this.#isAwaitingPong = false;
    this.#silentTicks = 0;
    this.#wait(this.#options.pingMs / TICKS);
  }

  #wait(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onTimer(), delayMs);
  }

  #onTimer(): void {
    if (this.#isAwaitingPong) {
      this.#onSilence();
      return;
    }
    this.#silentTicks += 1;
    if (this.#silentTicks < TICKS) {
      this.#wait(this.#options.pingMs / TICKS);
      return;
    }
    this.#isAwaitingPong = true;
    this.#wait(this.#options.pongMs);
    this.#options.ping();
  }

  #onSilence(): void {
    const habit = this.#options.habit();
    if (habit === "answers") {
      this.stop();
      this.#options.onDead();
      return;
    }
    this.#listen();
    if (habit === "unknown") {
      this.#options.onDoubt();
    }
  }
}
