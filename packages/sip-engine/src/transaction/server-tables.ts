import type { Table, TimerEffect, TimerInput } from "./table.ts";

export type ServerInput =
  | "start"
  | "retransmission"
  | "ack"
  | "cancel"
  /** What the user answers. */
  | "1xx"
  | "2xx"
  | "3xx-6xx"
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
  | "dispose";

export type InviteServerState = "initial" | "proceeding" | "accepted" | "completed" | "confirmed" | "terminated";

/**
 * INVITE server transaction: RFC 3261 §17.2.1 with RFC 6026 §8.5 and its figure 5. A transport error is told and
 * changes nothing: the peer may come back on another path before the timers end. The user sends a 2xx again with
 * `resend`, beside this table.
 */
export const INVITE_SERVER: Table<InviteServerState, ServerInput, ServerAction | TimerEffect> = {
  initial: {
    start: { to: "proceeding", effects: ["startUnanswered", "sendTrying", "passRequest"] },
  },
  proceeding: {
    retransmission: { to: "proceeding", effects: ["resend"] },
    cancel: { to: "proceeding", effects: ["passCancel"] },
    "1xx": { to: "proceeding", effects: ["startUnanswered", "send"] },
    "2xx": { to: "accepted", effects: ["startL", "send"] },
    "3xx-6xx": { to: "completed", effects: ["startG", "startH", "send"] },
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
    ack: { to: "confirmed", effects: ["stopRetransmit", "startI"] },
    timerG: { to: "completed", effects: ["againG", "resend"] },
    timerH: { to: "terminated", effects: ["dispose"] },
    transportError: { to: "completed", effects: ["failTransport"] },
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
 * Server transaction of every other method: RFC 3261 §17.2.2. A user that does not answer within 64*T1 and T4 is
 * given up in silence, because the client has stopped listening by then and a 408 may not be sent (RFC 4320 §4.1).
 */
export const NON_INVITE_SERVER: Table<NonInviteServerState, ServerInput, ServerAction | TimerEffect> = {
  initial: {
    start: { to: "trying", effects: ["startUnanswered", "passRequest"] },
  },
  trying: {
    retransmission: { to: "trying", effects: [] },
    "1xx": { to: "proceeding", effects: ["send"] },
    "2xx": { to: "completed", effects: ["startJ", "send"] },
    "3xx-6xx": { to: "completed", effects: ["startJ", "send"] },
    unanswered: { to: "terminated", effects: ["failTimeout", "dispose"] },
  },
  proceeding: {
    retransmission: { to: "proceeding", effects: ["resend"] },
    "1xx": { to: "proceeding", effects: ["send"] },
    "2xx": { to: "completed", effects: ["startJ", "send"] },
    "3xx-6xx": { to: "completed", effects: ["startJ", "send"] },
    unanswered: { to: "terminated", effects: ["failTimeout", "dispose"] },
    transportError: { to: "terminated", effects: ["failTransport", "dispose"] },
  },
  completed: {
    retransmission: { to: "completed", effects: ["resend"] },
    timerJ: { to: "terminated", effects: ["dispose"] },
    transportError: { to: "terminated", effects: ["failTransport", "dispose"] },
  },
  terminated: {},
};
