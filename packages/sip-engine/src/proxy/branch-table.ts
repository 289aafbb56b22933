import type { Table } from "../transaction/table.ts";

export type BranchState = "waiting" | "calling" | "proceeding" | "cancelling" | "abandoned" | "ended";

export type BranchInput =
  | "start"
  /** It will never be tried: the search is over. */
  | "skip"
  | "cancel"
  | "100"
  | "1xx"
  | "2xx"
  | "3xx-6xx"
  /** No final response will come. */
  | "failure"
  | "provisionalTimeout"
  | "finalTimeout";

export type BranchEffect =
  | "send"
  | "startTimers"
  | "stopProvisionalTimer"
  | "stopTimers"
  /** Of an INVITE. The transaction holds it back until a provisional response. RFC 3261 §9.1. */
  | "sendCancel"
  /** Upstream, at once. RFC 3261 §16.7 step 5. */
  | "forward"
  /** The response, or the one made up for it, is kept for the choice of the best one. */
  | "conclude"
  /** 408 is kept in the place of a response. */
  | "concludeTimeout";

/**
 * One branch of a proxied request: RFC 3261 §16.6 to §16.8 above the client transaction. An abandoned branch took
 * longer than the application allows: the search goes on without it, yet a 2xx of it is still forwarded, as every 2xx
 * to INVITE is. After `ended` only further 2xx count, of forks and repetitions.
 */
export const BRANCH: Table<BranchState, BranchInput, BranchEffect> = {
  waiting: {
    start: { to: "calling", effects: ["startTimers", "send"] },
    skip: { to: "ended", effects: [] },
    cancel: { to: "ended", effects: [] },
  },
  calling: {
    "100": { to: "proceeding", effects: ["stopProvisionalTimer"] },
    "1xx": { to: "proceeding", effects: ["stopProvisionalTimer", "forward"] },
    "2xx": { to: "ended", effects: ["stopTimers", "forward"] },
    "3xx-6xx": { to: "ended", effects: ["stopTimers", "conclude"] },
    failure: { to: "ended", effects: ["stopTimers", "conclude"] },
    provisionalTimeout: { to: "abandoned", effects: ["stopTimers", "sendCancel", "concludeTimeout"] },
    finalTimeout: { to: "abandoned", effects: ["stopTimers", "sendCancel", "concludeTimeout"] },
    cancel: { to: "cancelling", effects: ["stopTimers", "sendCancel"] },
  },
  proceeding: {
    "1xx": { to: "proceeding", effects: ["forward"] },
    "2xx": { to: "ended", effects: ["stopTimers", "forward"] },
    "3xx-6xx": { to: "ended", effects: ["stopTimers", "conclude"] },
    failure: { to: "ended", effects: ["stopTimers", "conclude"] },
    finalTimeout: { to: "abandoned", effects: ["stopTimers", "sendCancel", "concludeTimeout"] },
    cancel: { to: "cancelling", effects: ["stopTimers", "sendCancel"] },
  },
  cancelling: {
    "1xx": { to: "cancelling", effects: ["forward"] },
    "2xx": { to: "ended", effects: ["forward"] },
    "3xx-6xx": { to: "ended", effects: ["conclude"] },
    failure: { to: "ended", effects: ["conclude"] },
  },
  abandoned: {
    "2xx": { to: "ended", effects: ["forward"] },
    "3xx-6xx": { to: "ended", effects: [] },
    failure: { to: "ended", effects: [] },
  },
  ended: {
    "2xx": { to: "ended", effects: ["forward"] },
  },
};
