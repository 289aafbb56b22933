import type { DeadlineEffect, RetransmitEffect, Row, TimerEffect, TimerInput } from "./table.ts";
import { DEADLINES, RETRANSMITS, isDeadlineEffect, isRetransmitEffect } from "./timers.ts";
import type { TimerBasis } from "./timers.ts";

/** A table seen by the runner: state names are no longer told apart, and the start state is `initial`. */
export type AnyTable<Input extends string, Action extends string> = Readonly<
  Record<string, Readonly<Partial<Record<Input | TimerInput, Row<string, Action | TimerEffect>>>>>
>;

/**
 * Runs one table: the only place where a transaction changes state, and the owner of its two timers. A timer whose
 * length is 0 (reliable transports) is due as soon as the effects of its row are done.
 */
export abstract class Machine<Input extends string, Action extends string, Event> {
  readonly #table: AnyTable<Input, Action>;
  readonly #basis: TimerBasis;
  #state = "initial";
  #retransmit: NodeJS.Timeout | undefined;
  #intervalMs = 0;
  #deadline: NodeJS.Timeout | undefined;
  #due: TimerInput | undefined;

  protected constructor(table: AnyTable<Input, Action>, basis: TimerBasis) {
    this.#table = table;
    this.#basis = basis;
  }

  get state(): string {
    return this.#state;
  }

  get isTerminated(): boolean {
    return this.#state === "terminated";
  }

  get isReliable(): boolean {
    return this.#basis.reliable;
  }

  /** Returns false for a stray: an input that the present state does not name. */
  take(input: Input | TimerInput, event?: Event): boolean {
    const row = this.#table[this.#state]?.[input];
    if (row === undefined) {
      return false;
    }
    this.#state = row.to;
    if (row.to === "terminated") {
      this.#stopTimers();
    }
    for (const effect of row.effects) {
      this.#run(effect, event);
    }
    this.#takeDue();
    return true;
  }

  /** Ends the transaction from outside, with no effect of any row. */
  abandon(): void {
    this.#state = "terminated";
    this.#stopTimers();
  }

  /** The effects that are not timers. */
  protected abstract perform(action: Action, event: Event | undefined): void;

  #run(effect: Action | TimerEffect, event: Event | undefined): void {
    if (isDeadlineEffect(effect)) {
      this.#startDeadline(effect);
    } else if (isRetransmitEffect(effect)) {
      this.#startRetransmit(effect);
    } else {
      this.perform(effect, event);
    }
  }

  #startDeadline(effect: DeadlineEffect): void {
    const { input, lengthMs } = DEADLINES[effect];
    const delayMs = lengthMs(this.#basis);
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    if (delayMs === 0) {
      this.#due = input;
    } else {
      this.#deadline = setTimeout(fire, delayMs, this, input);
    }
  }

  #startRetransmit(effect: RetransmitEffect): void {
    const { input, intervalMs } = RETRANSMITS[effect];
    clearTimeout(this.#retransmit);
    this.#retransmit = undefined;
    if (input === undefined || this.#basis.reliable) {
      return;
    }
    this.#intervalMs = intervalMs(this.#intervalMs, this.#basis.settings);
    if (this.#intervalMs !== Infinity) {
      this.#retransmit = setTimeout(fire, this.#intervalMs, this, input);
    }
  }

  #takeDue(): void {
    const due = this.#due;
    if (due !== undefined) {
      this.#due = undefined;
      this.take(due);
    }
  }

  #stopTimers(): void {
    clearTimeout(this.#retransmit);
    clearTimeout(this.#deadline);
    this.#retransmit = undefined;
    this.#deadline = undefined;
    this.#due = undefined;
  }
}

/** One function for all timers, so that a timer costs no closure. */
function fire(machine: { take(input: TimerInput): boolean }, input: TimerInput): void {
  machine.take(input);
}
