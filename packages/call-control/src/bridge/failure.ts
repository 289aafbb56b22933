import { ERRORS } from "../errors.ts";
import type { CallErrorCode } from "../errors.ts";
import type { SipHeaders } from "../drachtio/types.ts";

/** How one target failed, and what the caller would be answered for it. */
export interface LegFailure {
  readonly code: CallErrorCode;
  readonly target: string;
  readonly status: number;
  readonly reason?: string;
  readonly headers?: SipHeaders;
  /** The callee was alerted: nobody else may be rung for this call any more. */
  readonly rang: boolean;
  /** A response of the target said so, no timer of ours. */
  readonly byTarget?: boolean;
}

const CODE_BY_STATUS: Readonly<Record<number, CallErrorCode>> = {
  401: "TARGET_CHALLENGED",
  403: "NOT_PERMITTED",
  404: "UNKNOWN_NUMBER",
  407: "TARGET_CHALLENGED",
  482: "CALL_LOOP",
  483: "TOO_MANY_HOPS",
  486: "TARGET_BUSY",
  503: "TARGET_UNAVAILABLE",
  600: "TARGET_BUSY",
  603: "TARGET_DECLINED",
  604: "UNKNOWN_NUMBER",
  607: "TARGET_DECLINED",
  608: "TARGET_DECLINED",
};
const Q850_CAUSE = /(?:^|,)\s*Q\.850\s*;\s*cause\s*=\s*([0-9]{1,3})/i;
const NO_ANSWER_CAUSE = 19;
const NO_CIRCUIT_CAUSE = 34;

/**
 * Whether a provisional response means that the callee, or a machine in its place, has noticed the call. A 183 without
 * SDP does not: our own nodes send one to say that they are at work.
 */
export function alerts({ status, body }: { readonly status: number; readonly body: string }): boolean {
  return status >= 180 && status <= 189 && (status !== 183 || body !== "");
}

/** Cause of a Reason header by Q.850; undefined when there is none. RFC 3326 §2. */
export function q850Cause(reason: string | undefined): number | undefined {
  const found = reason === undefined || reason.length > 512 ? undefined : Q850_CAUSE.exec(reason)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The row of the error table for a final response that is no success. */
export function codeOf(
  status: number,
  { heard, rang, reason }: { readonly heard: boolean; readonly rang: boolean; readonly reason: string | undefined },
): CallErrorCode {
  if (status === 503 && q850Cause(reason) === NO_CIRCUIT_CAUSE) {
    return "TRUNK_FULL";
  }
  const known = CODE_BY_STATUS[status];
  if (known !== undefined) {
    return known;
  }
  if (status === 408) {
    return rang ? "TARGET_NO_ANSWER" : heard ? "TARGET_FAILED" : "TARGET_SILENT";
  }
  if (status === 480) {
    return rang || q850Cause(reason) === NO_ANSWER_CAUSE ? "TARGET_NO_ANSWER" : "NOT_REGISTERED";
  }
  if (status < 400) {
    return "TARGET_REDIRECTED";
  }
  return status >= 500 && status < 600 ? "TARGET_FAILED" : "TARGET_REFUSED";
}

// A target's own words go on to the caller, but for what would mislead: a challenge that is not for the caller
// (its credentials must not be asked for by somebody else), a redirection, a timeout between us and the target.
const STATUS_OF_ROW: ReadonlySet<CallErrorCode> = new Set<CallErrorCode>([
  "TARGET_CHALLENGED",
  "TARGET_REDIRECTED",
  "TARGET_SILENT",
]);

/** What the caller is answered: the target's status, or that of the row where the target's would mislead. */
export function statusFor(code: CallErrorCode, received: number): number {
  return STATUS_OF_ROW.has(code) || received === 408 ? ERRORS[code].sip : received;
}

export function reasonHeaderOf(code: CallErrorCode): string {
  return `Q.850;cause=${ERRORS[code].q850};text="${ERRORS[code].message}"`;
}

/** What a node says with BYE when the next node is lost to it, and not to the whole federation. */
export function saysPeerAway(reason: string | undefined): boolean {
  return q850Cause(reason) === ERRORS.PEER_AWAY.q850;
}

/** True when the next step may be tried: only where no callee can have been alerted. */
export function mayTryNext(failures: readonly LegFailure[]): boolean {
  return failures.every(({ code, rang }) => ERRORS[code].tryNext && !rang);
}

/** Order within 4xx: what says most about the callee first. */
function rankWithin4xx(status: number): number {
  const early = [486, 480].indexOf(status);
  const late = [408, 487].includes(status);
  return early !== -1 ? early : late ? 3 : 2;
}

/**
 * The failure that the caller is told of several. RFC 3261 §16.7 step 6: any 6xx, else the lowest class. Within 4xx busy
 * before no answer before the others; else the first to arrive.
 */
export function bestFailure(failures: readonly LegFailure[]): LegFailure | undefined {
  const rank = ({ status }: LegFailure): number => {
    const statusClass = Math.floor(status / 100);
    return statusClass === 6 ? 0 : statusClass * 10 + (statusClass === 4 ? rankWithin4xx(status) : 0);
  };
  return failures.reduce<LegFailure | undefined>(
    (best, failure) => (best === undefined || rank(failure) < rank(best) ? failure : best),
    undefined,
  );
}
