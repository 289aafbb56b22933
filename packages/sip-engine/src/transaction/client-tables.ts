import type { Table, TimerEffect, TimerInput } from "./table.ts";

export type ClientInput =
  "start" | "100" | "1xx" | "2xx" | "3xx-6xx" | "cancel" | "transportError" | "connectionLost" | TimerInput;

/** The effects that are not timers. */
export type ClientAction =
  /** Puts the request on the wire: first time or again. */
  | "send"
  /** ACK for a final response other than 2xx. RFC 3261 §17.1.1.3. */
  | "sendAck"
  | "sendCancel"
  | "passUp"
  | "failTimeout"
  | "failTransport"
  | "dispose";

export type InviteClientState =
  "initial" | "calling" | "cancelHeld" | "proceeding" | "cancelling" | "accepted" | "completed" | "terminated";

/**
 * INVITE client transaction: RFC 3261 §17.1.1 with RFC 6026 §8.4. `cancelHeld` and `cancelling` are calling and
 * proceeding after the user asked for CANCEL: it waits for a provisional response (RFC 3261 §9.1), and 64*T1 after it
 * was sent the transaction gives up.
 */
export const INVITE_CLIENT: Table<InviteClientState, ClientInput, ClientAction | TimerEffect> = {
  initial: {
    start: { to: "calling", effects: ["startA", "startB", "send"] },
  },
  calling: {
    "100": { to: "proceeding", effects: ["stopRetransmit", "startC", "passUp"] },
    "1xx": { to: "proceeding", effects: ["stopRetransmit", "startC", "passUp"] },
    "2xx": { to: "accepted", effects: ["stopRetransmit", "startM", "passUp"] },
    "3xx-6xx": { to: "completed", effects: ["stopRetransmit", "sendAck", "startD", "passUp"] },
    cancel: { to: "cancelHeld", effects: ["brieflyA"] },
    timerA: { to: "calling", effects: ["againA", "send"] },
    timerB: { to: "terminated", effects: ["failTimeout", "dispose"] },
    transportError: { to: "terminated", effects: ["failTransport", "dispose"] },
    connectionLost: { to: "terminated", effects: ["failTransport", "dispose"] },
  },
  cancelHeld: {
    "100": { to: "cancelling", effects: ["stopRetransmit", "startCancelWait", "sendCancel", "passUp"] },
    "1xx": { to: "cancelling", effects: ["stopRetransmit", "startCancelWait", "sendCancel", "passUp"] },
    "2xx": { to: "accepted", effects: ["stopRetransmit", "startM", "passUp"] },
    "3xx-6xx": { to: "completed", effects: ["stopRetransmit", "sendAck", "startD", "passUp"] },
    // A lost answer is asked for again, but not for long: an INVITE that arrives when its caller is long gone rings a phone.
    timerA: { to: "cancelHeld", effects: ["brieflyA", "send"] },
    timerB: { to: "terminated", effects: ["failTimeout", "dispose"] },
    transportError: { to: "terminated", effects: ["failTransport", "dispose"] },
    connectionLost: { to: "terminated", effects: ["failTransport", "dispose"] },
  },
  proceeding: {
    "100": { to: "proceeding", effects: ["passUp"] },
    "1xx": { to: "proceeding", effects: ["startC", "passUp"] }, // §16.7 step 2: 101 to 199 set timer C again, 100 does not
    "2xx": { to: "accepted", effects: ["startM", "passUp"] },
    "3xx-6xx": { to: "completed", effects: ["sendAck", "startD", "passUp"] },
    cancel: { to: "cancelling", effects: ["startCancelWait", "sendCancel"] },
    timerC: { to: "cancelling", effects: ["startCancelWait", "sendCancel"] }, // §16.8
  },
  cancelling: {
    "100": { to: "cancelling", effects: ["passUp"] },
    "1xx": { to: "cancelling", effects: ["passUp"] },
    "2xx": { to: "accepted", effects: ["startM", "passUp"] },
    "3xx-6xx": { to: "completed", effects: ["sendAck", "startD", "passUp"] },
    cancelWait: { to: "terminated", effects: ["failTimeout", "dispose"] },
  },
  accepted: {
    "2xx": { to: "accepted", effects: ["passUp"] },
    timerM: { to: "terminated", effects: ["dispose"] },
  },
  completed: {
    "3xx-6xx": { to: "completed", effects: ["sendAck"] },
    timerD: { to: "terminated", effects: ["dispose"] },
    transportError: { to: "terminated", effects: ["dispose"] }, // the user has its final response already
  },
  terminated: {},
};

export type NonInviteClientState = "initial" | "trying" | "proceeding" | "completed" | "terminated";

/** Client transaction of every other method, CANCEL included: RFC 3261 §17.1.2. */
export const NON_INVITE_CLIENT: Table<NonInviteClientState, ClientInput, ClientAction | TimerEffect> = {
  initial: {
    start: { to: "trying", effects: ["startE", "startF", "send"] },
  },
  trying: {
    "100": { to: "proceeding", effects: ["passUp"] },
    "1xx": { to: "proceeding", effects: ["passUp"] },
    "2xx": { to: "completed", effects: ["stopRetransmit", "startK", "passUp"] },
    "3xx-6xx": { to: "completed", effects: ["stopRetransmit", "startK", "passUp"] },
    timerE: { to: "trying", effects: ["againE", "send"] },
    timerF: { to: "terminated", effects: ["failTimeout", "dispose"] },
    transportError: { to: "terminated", effects: ["failTransport", "dispose"] },
    connectionLost: { to: "terminated", effects: ["failTransport", "dispose"] },
  },
  proceeding: {
    "100": { to: "proceeding", effects: ["passUp"] },
    "1xx": { to: "proceeding", effects: ["passUp"] },
    "2xx": { to: "completed", effects: ["stopRetransmit", "startK", "passUp"] },
    "3xx-6xx": { to: "completed", effects: ["stopRetransmit", "startK", "passUp"] },
    timerE: { to: "proceeding", effects: ["slowE", "send"] },
    timerF: { to: "terminated", effects: ["failTimeout", "dispose"] },
    transportError: { to: "terminated", effects: ["failTransport", "dispose"] },
    connectionLost: { to: "terminated", effects: ["failTransport", "dispose"] },
  },
  completed: {
    timerK: { to: "terminated", effects: ["dispose"] },
  },
  terminated: {},
};
