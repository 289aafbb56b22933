import { CodedError } from "@mss/runtime";

interface ErrorRow {
  /** What the caller is answered. */
  readonly sip: number;
  /** Cause of the Reason header (RFC 3326, Q.850). */
  readonly q850: number;
  /** Whether the next step of a plan may be tried: only where the callee cannot have been reached. */
  readonly tryNext: boolean;
  readonly message: string;
  /** Value of the `result` label of metrics, and of `result` in the call record. */
  readonly result: "busy" | "no-answer" | "cancelled" | "rejected" | "unreachable" | "failed";
}

/** One row per way a call fails, with everything that callers of this package decide by. The README has the same table. */
export const ERRORS = {
  // Decided here or by the application, before anything rings.
  BAD_REQUEST: { sip: 400, q850: 95, tryNext: false, result: "rejected", message: "request cannot be understood" },
  NOT_AUTHENTICATED: { sip: 403, q850: 21, tryNext: false, result: "rejected", message: "caller is not authenticated" },
  NOT_PERMITTED: { sip: 403, q850: 57, tryNext: false, result: "rejected", message: "caller may not call this number" },
  PRIVACY_UNAVAILABLE: {
    sip: 500, // RFC 3323 §5
    q850: 29,
    tryNext: false,
    result: "rejected",
    message: "privacy that is demanded cannot be given",
  },
  UNKNOWN_NUMBER: { sip: 404, q850: 1, tryNext: false, result: "rejected", message: "nobody has this number" },
  NOT_REGISTERED: { sip: 480, q850: 20, tryNext: false, result: "unreachable", message: "no phone is registered" },
  CALL_LOOP: { sip: 482, q850: 25, tryNext: false, result: "failed", message: "call came back to where it has been" },
  TOO_MANY_HOPS: { sip: 483, q850: 25, tryNext: false, result: "failed", message: "call passed too many nodes" },
  NO_ROUTE: { sip: 503, q850: 3, tryNext: false, result: "unreachable", message: "no way to the destination is left" },
  TRUNK_FULL: {
    sip: 503,
    q850: 34,
    tryNext: true,
    result: "rejected",
    message: "trunk carries its most calls already",
  },
  TRUNK_RATE: { sip: 503, q850: 42, tryNext: true, result: "rejected", message: "trunk has its most calls a second" },
  // 480 and not 503, which would send the phone to another server
  EXTENSION_FULL: { sip: 480, q850: 34, tryNext: false, result: "rejected", message: "extension has its most calls" },
  EXTENSION_RATE: { sip: 480, q850: 42, tryNext: false, result: "rejected", message: "extension calls too fast" },
  NODE_FULL: { sip: 503, q850: 42, tryNext: true, result: "rejected", message: "node carries its most calls already" },
  NODE_DRAINING: { sip: 503, q850: 42, tryNext: true, result: "rejected", message: "node takes no new calls" },
  PEER_AWAY: { sip: 503, q850: 38, tryNext: true, result: "unreachable", message: "the peer of this trunk is away" },
  // The caller.
  CALLER_CANCELLED: { sip: 487, q850: 16, tryNext: false, result: "cancelled", message: "caller gave up" },
  // What a target did. A target that has rung is final whatever its row says.
  TARGET_BUSY: { sip: 486, q850: 17, tryNext: false, result: "busy", message: "callee is busy" },
  TARGET_DECLINED: { sip: 603, q850: 21, tryNext: false, result: "rejected", message: "callee declined" },
  TARGET_NO_ANSWER: {
    sip: 480,
    q850: 19,
    tryNext: false,
    result: "no-answer",
    message: "callee rang and did not answer",
  },
  NOT_SECURE: {
    sip: 480,
    q850: 63,
    tryNext: true,
    result: "unreachable",
    message: "call to a sips URI, and no TLS to the target",
  },
  TARGET_REFUSED: { sip: 480, q850: 31, tryNext: false, result: "rejected", message: "target refused the call" },
  TARGET_REDIRECTED: { sip: 480, q850: 31, tryNext: false, result: "failed", message: "target redirected the call" },
  TARGET_CHALLENGED: { sip: 503, q850: 41, tryNext: true, result: "failed", message: "target wants other credentials" },
  PHONE_SILENT: {
    sip: 480,
    q850: 18,
    tryNext: true,
    result: "unreachable",
    message: "phone did not answer the request",
  },
  TARGET_SILENT: {
    sip: 503,
    q850: 38,
    tryNext: true,
    result: "unreachable",
    message: "target did not answer the request",
  },
  TARGET_UNREACHABLE: { sip: 503, q850: 38, tryNext: true, result: "unreachable", message: "target cannot be reached" },
  TARGET_UNAVAILABLE: { sip: 503, q850: 41, tryNext: true, result: "unreachable", message: "target takes no call now" },
  TARGET_FAILED: { sip: 500, q850: 41, tryNext: true, result: "failed", message: "target failed" },
  // This node.
  ENGINE_LINK_LOST: { sip: 503, q850: 41, tryNext: false, result: "failed", message: "link to the SIP engine is lost" },
  INTERNAL: { sip: 500, q850: 127, tryNext: false, result: "failed", message: "an error within this node" },
} as const satisfies Record<string, ErrorRow>;

export type CallErrorCode = keyof typeof ERRORS;

/** Thrown for what nobody can decide on by a value: wrong use, and what ends a call from inside. */
export class CallError extends CodedError<CallErrorCode> {
  constructor(code: CallErrorCode, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, ERRORS[code].message, details, options);
  }
}
