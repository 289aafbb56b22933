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

/** One call as one node saw it: written once, when the call is over. */
export const callRecordSchema = z
  .strictObject({
    /** Unique per node and call; a second write with the same id changes nothing. */
    id: z.string().min(1),
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
    result: z.enum(CALL_RESULTS),
    /** Final SIP status that the caller saw. */
    status: z.int().min(200).max(699),
    /** Stable code of the failure, as in the package's error table; absent for an answered call. */
    code: z.string().optional(),
    /** ISO 8601, UTC: INVITE received, first ringing, answer, end. */
    startedAt: z.iso.datetime(),
    ringingAt: z.iso.datetime().optional(),
    answeredAt: z.iso.datetime().optional(),
    endedAt: z.iso.datetime(),
    endedBy: z.enum(["caller", "callee", "system"]),
    /** From INVITE to final answer, and from answer to end, in milliseconds, by the monotonic clock. */
    setupMs: z.number().nonnegative(),
    durationMs: z.number().nonnegative(),
  })
  .readonly();
export type CallRecord = z.infer<typeof callRecordSchema>;
