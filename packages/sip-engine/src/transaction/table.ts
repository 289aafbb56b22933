/**
 * A state machine as data. An input that a state does not name changes nothing and has no effect: it is a stray.
 * `terminated` has no rows in any table, so it absorbs everything.
 */
export type Table<State extends string, Input extends string, Effect extends string> = {
  readonly [Name in State]: Readonly<Partial<Record<Input, Row<State, Effect>>>>;
};

export interface Row<State extends string, Effect extends string> {
  readonly to: State;
  /** In order. An effect that calls the user of the layer comes last, so that what the user does meets a settled state. */
  readonly effects: readonly Effect[];
}

/** Timers that repeat a message, or put off the first. `start` begins at T1 (E, G capped at T2), `again` doubles, `briefly` does too and ends soon, `slow` is T2. */
export type RetransmitEffect =
  | "startA"
  | "againA"
  | "brieflyA"
  | "startE"
  | "againE"
  | "slowE"
  | "startG"
  | "againG"
  | "startTrying"
  | "stopRetransmit";

/** Timers that end a state. One runs at a time: starting one stops the one before. */
export type DeadlineEffect =
  | "startB"
  | "startC"
  | "startD"
  | "startF"
  | "startH"
  | "startI"
  | "startJ"
  | "startK"
  | "startL"
  | "startM"
  | "startForget"
  | "startCancelWait"
  | "startUnanswered";

export type TimerEffect = RetransmitEffect | DeadlineEffect;

export type TimerInput =
  | "timerA"
  | "timerB"
  | "timerC"
  | "timerD"
  | "timerE"
  | "timerF"
  | "timerG"
  | "timerH"
  | "timerI"
  | "timerJ"
  | "timerK"
  | "timerL"
  | "timerM"
  | "timerTrying"
  | "forget"
  | "cancelWait"
  | "unanswered";
