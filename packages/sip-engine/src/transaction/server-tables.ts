import type { Table, TimerEffect, TimerInput } from "./table.ts";

export type ServerInput =
  | "start"
  /** From a source that may not be where it says: nothing is sent before an answer, or 200 ms. */
  | "startQuietly"
  | "retransmission"
  | "ack"
  | "cancel"
  /** What the user answers. */
  | "1xx"
  | "2xx"
  | "3xx-6xx"
  /** A refusal that cost nothing, to a source that may not be where it says. */
  | "refusal"
  | "transportError"
  | TimerInput;

/** The effects that are not timers. */
export type ServerAction =
  | "sendTrying"
  /** Puts the user's response on the wire and keeps it for retransmissions. */
  | "send"
  | "resend"
  /** 408 in the place of a user that never answered an INVITE. */
  | "sendRequestTimeout"
  | "passRequest"
  | "passAck"
  | "passCancel"
  | "failTimeout"
  | "failTransport"
  /** The source has our tag: it is where it says. */
  | "noteEcho"
  | "dispose";

export type InviteServerState =
  "initial" | "proceeding" | "accepted" | "completed" | "confirmed" | "refused" | "terminated";

/**
 * INVITE server transaction: RFC 3261 §17.2.1 with RFC 6026 §8.5 and its figure 5. A transport error is told and
 * changes nothing: the peer may come back on another path before the timers end. The user sends a 2xx again with
 * `resend`, beside this table. `refused` is for sources that may be false (RFC 3261 §26.3.2.4, as a stateless server of
 * §8.2.7 would): it sends by itself nothing more, and remembers for T4 what it answered.
 */
export const INVITE_SERVER: Table<InviteServerState, ServerInput, ServerAction | TimerEffect> = {
  initial: {
    start: { to: "proceeding", effects: ["startUnanswered", "sendTrying", "passRequest"] },
    startQuietly: { to: "proceeding", effects: ["startUnanswered", "startTrying", "passRequest"] },
  },
  proceeding: {
    retransmission: { to: "proceeding", effects: ["resend"] },
    cancel: { to: "proceeding", effects: ["passCancel"] },
    timerTrying: { to: "proceeding", effects: ["sendTrying"] }, // RFC 3261 §17.2.1: within 200 ms
    "1xx": { to: "proceeding", effects: ["stopRetransmit", "startUnanswered", "send"] },
    "2xx": { to: "accepted", effects: ["stopRetransmit", "startL", "send"] },
    "3xx-6xx": { to: "completed", effects: ["startG", "startH", "send"] },
    refusal: { to: "refused", effects: ["stopRetransmit", "startForget", "send"] },
    unanswered: { to: "completed", effects: ["startG", "startH", "sendRequestTimeout", "failTimeout"] },
    transportError: { to: "proceeding", effects: ["failTransport"] },
  },
  accepted: {
    retransmission: { to: "accepted", effects: [] },
    ack: { to: "accepted", effects: ["passAck"] },
    timerL: { to: "terminated", effects: ["dispose"] },
    transportError: { to: "accepted", effects: ["failTransport"] },
  },
  completed: {
    retransmission: { to: "completed", effects: ["resend"] },
    ack: { to: "confirmed", effects: ["stopRetransmit", "startI", "noteEcho"] },
    timerG: { to: "completed", effects: ["againG", "resend"] },
    timerH: { to: "terminated", effects: ["dispose"] },
    transportError: { to: "completed", effects: ["failTransport"] },
  },
  refused: {
    retransmission: { to: "refused", effects: ["resend"] },
    ack: { to: "terminated", effects: ["noteEcho", "dispose"] },
    forget: { to: "terminated", effects: ["dispose"] },
    transportError: { to: "refused", effects: ["failTransport"] },
  },
  confirmed: {
    retransmission: { to: "confirmed", effects: [] },
    ack: { to: "confirmed", effects: [] },
    timerI: { to: "terminated", effects: ["dispose"] },
  },
  terminated: {},
};

export type NonInviteServerState = "initial" | "trying" | "proceeding" | "completed" | "terminated";

/**
 * Server transaction of every other method: RFC 3261 §17.2.2. A `refusal` is remembered for T4 and not for 64*T1. A user that does not answer within 64*T1 and T4 is
 * given up in silence, because the client has stopped listening by then and a 408 may not be sent (RFC 4320 §4.1). A
 * transport error changes nothing, as RFC 6026 has it for INVITE and unlike §17.2.4: a transaction that is forgotten for
 * one datagram that could not be sent would have the repetition of its request carried out once more.
 */
export const NON_INVITE_SERVER: Table<NonInviteServerState, ServerInput, ServerAction | TimerEffect> = {
  initial: {
    start: { to: "trying", effects: ["startUnanswered", "passRequest"] },
    startQuietly: { to: "trying", effects: ["startUnanswered", "passRequest"] },
  },
  trying: {
    retransmission: { to: "trying", effects: [] },
    "1xx": { to: "proceeding", effects: ["send"] },
    "2xx": { to: "completed", effects: ["startJ", "send"] },
    "3xx-6xx": { to: "completed", effects: ["startJ", "send"] },
    refusal: { to: "completed", effects: ["startForget", "send"] },
    unanswered: { to: "terminated", effects: ["failTimeout", "dispose"] },
  },
  proceeding: {
    retransmission: { to: "proceeding", effects: ["resend"] },
    "1xx": { to: "proceeding", effects: ["send"] },
    "2xx": { to: "completed", effects: ["startJ", "send"] },
    "3xx-6xx": { to: "completed", effects: ["startJ", "send"] },
    refusal: { to: "completed", effects: ["startForget", "send"] },
    unanswered: { to: "terminated", effects: ["failTimeout", "dispose"] },
    transportError: { to: "proceeding", effects: ["failTransport"] },
  },
  completed: {
    retransmission: { to: "completed", effects: ["resend"] },
    timerJ: { to: "terminated", effects: ["dispose"] },
    forget: { to: "terminated", effects: ["dispose"] },
    transportError: { to: "completed", effects: ["failTransport"] },
  },
  terminated: {},
};
