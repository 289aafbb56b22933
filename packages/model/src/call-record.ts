import { z } from "zod";

export const CALL_RESULTS = [
  "answered",
  "cancelled",
  "busy",
  "no-answer",
  "rejected",
  "unreachable",
  "failed",
] as const;
export type CallResult = (typeof CALL_RESULTS)[number];

/** What is known of a call from its beginning. */
const CALL = {
  /** Unique per node and call, and per leg of a call that crosses a node twice. A second write with the same id changes nothing. */
  id: z.string().min(1).max(64),
  /** The same at every node that the call crosses: the Session-ID of RFC 7989 §5, 32 lower-case hexadecimal digits. */
  sessionId: z.string().regex(/^[0-9a-f]{32}$/),
  node: z.string().min(1),
  /** Calling and called number as the node received them. */
  from: z.string(),
  to: z.string(),
  /** Who brought the call to this node: `extension:1000`, `hub:hub-1`, `branch:hk`. */
  origin: z.string(),
  /** Who transferred the caller, in the same notation; absent when the call comes of no transfer. */
  transferredBy: z.string().optional(),
  /** Where the node sent it, in the same notation; absent when it went nowhere. */
  target: z.string().optional(),
  /** ISO 8601, UTC: INVITE received, first ringing, answer. */
  startedAt: z.iso.datetime(),
  ringingAt: z.iso.datetime().optional(),
  answeredAt: z.iso.datetime().optional(),
};

/** One call as one node saw it: written once, when the call is over. */
export const callRecordSchema = z
  .strictObject({
    ...CALL,
    result: z.enum(CALL_RESULTS),
    /** Final SIP status that the caller saw. */
    status: z.int().min(200).max(699),
    /** Stable code of the failure, as in the package's error table; absent for an answered call. */
    code: z.string().optional(),
    /** Ways that did not lead to the callee, in order, and why (codes of the same table); absent where `target` alone was tried. */
    tried: z
      .array(z.strictObject({ route: z.string(), code: z.string() }).readonly())
      .readonly()
      .optional(),
    /** ISO 8601, UTC. */
    endedAt: z.iso.datetime(),
    /** `crash`: the node died; the end is when it is last known to have lived. */
    endedBy: z.enum(["caller", "callee", "system", "crash"]),
    /** From INVITE to final answer, and from answer to end, in milliseconds, by the monotonic clock. */
    setupMs: z.number().nonnegative(),
    durationMs: z.number().nonnegative(),
  })
  .readonly();
export type CallRecord = z.infer<typeof callRecordSchema>;

/** A call that goes on: what its record is made of if the node dies. */
export const openCallSchema = z
  .strictObject({
    ...CALL,
    /** INVITE and answer in milliseconds of the process's monotonic clock, which means nothing to another process. */
    startedMs: z.number(),
    answeredMs: z.number().optional(),
  })
  .readonly();
export type OpenCall = z.infer<typeof openCallSchema>;

/** A caller who hears nothing any more takes that for this status (RFC 3261 §8.1.3.1). */
const STATUS_OF_SILENCE = 408;

/** The record of a call that a crash ended: `seenMs` is the last time, by the clock of its process, that it lived. */
export function recordOfCrash({ startedMs, answeredMs, ...call }: OpenCall, seenMs: number): CallRecord {
  const isAnswered = answeredMs !== undefined;
  const endedMs = Math.max(seenMs, answeredMs ?? startedMs);
  return {
    ...call,
    result: isAnswered ? "answered" : "failed",
    status: isAnswered ? 200 : STATUS_OF_SILENCE,
    endedAt: new Date(Date.parse(call.startedAt) + endedMs - startedMs).toISOString(),
    endedBy: "crash",
    setupMs: Math.round((answeredMs ?? endedMs) - startedMs),
    durationMs: Math.round(endedMs - (answeredMs ?? endedMs)),
  };
}

/** What tells a record from all others of the federation: a node numbers its own calls only. */
export function recordKey({ node, id }: Pick<CallRecord, "node" | "id">): string {
  return `${node}/${id}`;
}
