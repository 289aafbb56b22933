import type { DeadlineEffect, RetransmitEffect, TimerInput } from "./table.ts";
import type { TimerSettings } from "./types.ts";

/** RFC 3261 table 4. Timer C must be larger than three minutes (§16.6 step 11). */
export const DEFAULT_TIMERS: TimerSettings = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000, timerCMs: 181_000 };

/** What the length of a timer depends on. */
export interface TimerBasis {
  readonly settings: TimerSettings;
  /** TCP and TLS: nothing is repeated, and nobody waits for repetitions. */
  readonly reliable: boolean;
  /** How long the user of a server transaction may take to answer. */
  readonly unansweredMs: number;
}

interface Deadline {
  readonly input: TimerInput;
  readonly lengthMs: (basis: TimerBasis) => number;
}

const afterT1x64 = (basis: TimerBasis): number => 64 * basis.settings.t1Ms;
const whileRepeated =
  (lengthMs: (settings: TimerSettings) => number) =>
  (basis: TimerBasis): number =>
    basis.reliable ? 0 : lengthMs(basis.settings);

/** RFC 3261 table 4, RFC 6026 §8.4 and §8.5. D is 64*T1, which is the 32 s of the RFC at the default T1. */
export const DEADLINES: Readonly<Record<DeadlineEffect, Deadline>> = {
  startB: { input: "timerB", lengthMs: afterT1x64 },
  startC: { input: "timerC", lengthMs: (basis) => basis.settings.timerCMs },
  startD: { input: "timerD", lengthMs: whileRepeated((settings) => 64 * settings.t1Ms) },
  startF: { input: "timerF", lengthMs: afterT1x64 },
  startH: { input: "timerH", lengthMs: afterT1x64 },
  startI: { input: "timerI", lengthMs: whileRepeated((settings) => settings.t4Ms) },
  startJ: { input: "timerJ", lengthMs: whileRepeated((settings) => 64 * settings.t1Ms) },
  startK: { input: "timerK", lengthMs: whileRepeated((settings) => settings.t4Ms) },
  startL: { input: "timerL", lengthMs: afterT1x64 },
  startForget: { input: "forget", lengthMs: (basis) => basis.settings.t4Ms },
  startM: { input: "timerM", lengthMs: afterT1x64 },
  startCancelWait: { input: "cancelWait", lengthMs: afterT1x64 },
  startUnanswered: { input: "unanswered", lengthMs: (basis) => basis.unansweredMs },
};

interface Retransmit {
  /** Undefined: the timer stops. */
  readonly input: TimerInput | undefined;
  /** Infinity: it stops, too. */
  readonly intervalMs: (beforeMs: number, settings: TimerSettings) => number;
}

/** 200 ms at the default T1: before the client repeats its INVITE. RFC 3261 §17.2.1. */
const TRYING_SHARE_OF_T1 = 0.4;

/** Pause after which a cancelled INVITE that was never answered is not sent again. */
const BRIEFLY_IN_T1 = 4;

/** RFC 3261 §17.1.1.2 (A doubles without bound, B ends it), §17.1.2.2 (E), §17.2.1 (G). */
export const RETRANSMITS: Readonly<Record<RetransmitEffect, Retransmit>> = {
  startA: { input: "timerA", intervalMs: (_before, settings) => settings.t1Ms },
  againA: { input: "timerA", intervalMs: (before) => 2 * before },
  brieflyA: {
    input: "timerA",
    intervalMs: (before, { t1Ms }) => (2 * before > BRIEFLY_IN_T1 * t1Ms ? Infinity : 2 * before),
  },
  startE: { input: "timerE", intervalMs: (_before, settings) => settings.t1Ms },
  againE: { input: "timerE", intervalMs: (before, settings) => Math.min(2 * before, settings.t2Ms) },
  slowE: { input: "timerE", intervalMs: (_before, settings) => settings.t2Ms },
  startG: { input: "timerG", intervalMs: (_before, settings) => settings.t1Ms },
  againG: { input: "timerG", intervalMs: (before, settings) => Math.min(2 * before, settings.t2Ms) },
  startTrying: { input: "timerTrying", intervalMs: (_before, settings) => TRYING_SHARE_OF_T1 * settings.t1Ms },
  stopRetransmit: { input: undefined, intervalMs: () => 0 },
};

export function isDeadlineEffect(effect: string): effect is DeadlineEffect {
  return Object.hasOwn(DEADLINES, effect);
}

export function isRetransmitEffect(effect: string): effect is RetransmitEffect {
  return Object.hasOwn(RETRANSMITS, effect);
}
