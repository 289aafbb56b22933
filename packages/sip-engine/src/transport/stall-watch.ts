const TICK_MS = 250;
/** Of the silence after which a caller goes elsewhere: what is older must not ring. */
const STALL_MS = 2_000;
/** What waited in the sockets is read within this. */
const CATCH_UP_MS = 250;

/**
 * Knows when the process has stood still: frozen, on a machine that was paused, or in a loop. Datagrams have waited in the
 * socket meanwhile, and nobody can tell for how long.
 */
export class StallWatch {
  readonly #now: () => number;
  readonly #onStall: (ms: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #tickedAt = 0;
  #catchingUpUntil = 0;

  constructor(onStall: (ms: number) => void, now: () => number = () => performance.now()) {
    this.#onStall = onStall;
    this.#now = now;
  }

  start(): void {
    this.#tickedAt = this.#now();
    this.#timer = setInterval(() => this.tick(), TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Whether what is read now may have waited for long. */
  get isCatchingUp(): boolean {
    this.#look();
    return this.#now() < this.#catchingUpUntil;
  }

  /** From time to time, while the process runs as it should. */
  tick(): void {
    this.#look();
    this.#tickedAt = this.#now();
  }

  #look(): void {
    const now = this.#now();
    if (this.#timer !== undefined && now - this.#tickedAt > STALL_MS) {
      this.#onStall(now - this.#tickedAt);
      this.#tickedAt = now;
      this.#catchingUpUntil = now + CATCH_UP_MS;
    }
  }
}
