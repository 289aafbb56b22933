import type { BranchId } from "@mss/model";
import { parseNameAddress, parseSipUri } from "@mss/sip-message";
import type { ActiveCall } from "../call-control-types.ts";
import type { IncomingRequest } from "../drachtio/types.ts";
import { dialledNumber } from "./dialled-number.ts";
import { sessionIdOf } from "./session-id.ts";

/** Under which number a branch calls, and whom the callee is shown. */
export interface CallingNumber {
  /** Belongs to the branch, or the call is not permitted. */
  readonly responsible: string;
  /** Shown instead of what From says; absent: From is shown. */
  readonly shown?: string;
}

export interface CallingNumberOptions {
  readonly ownerOf: (number: string) => BranchId | undefined;
  readonly activeCalls: () => readonly ActiveCall[];
}

/** What of an INVITE says who calls. */
export type CallerHeaders = Pick<IncomingRequest, "from" | "header">;

/** The number of who transferred the call (RFC 3892); undefined when nobody did. */
function referrerOf(invite: CallerHeaders): string | undefined {
  const address = parseNameAddress(invite.header("referred-by") ?? "");
  return address === undefined ? undefined : dialledNumber(parseSipUri(address.uri)?.user ?? "");
}

/** A branch in log lines and call records: `branch:hk`. */
export function branchLabel(branch: BranchId): string {
  return `branch:${branch}`;
}

/** Whether that number talks with the branch through this node, in the session that the branch names. */
function isTalking(calls: readonly ActiveCall[], branch: BranchId, number: string, sessionId: string | undefined) {
  const label = branchLabel(branch);
  return calls.some(
    (call) =>
      call.sessionId === sessionId &&
      call.state === "answered" &&
      ((call.origin === label && call.to === number) || (call.target === label && call.from === number)),
  );
}

/**
 * A branch calls under its own numbers only, but when one of its extensions has transferred a call: then the extension is
 * responsible, and the transferee is shown if this node carries the call that was transferred. A branch that only claims
 * a transfer is shown under its own number.
 */
export function callingNumber(
  invite: CallerHeaders,
  branch: BranchId,
  { ownerOf, activeCalls }: CallingNumberOptions,
): CallingNumber {
  const from = dialledNumber(invite.from.user) ?? "";
  const referrer = ownerOf(from) === branch ? undefined : referrerOf(invite);
  if (referrer === undefined) {
    return { responsible: from };
  }
  return isTalking(activeCalls(), branch, from, sessionIdOf(invite))
    ? { responsible: referrer }
    : { responsible: referrer, shown: referrer };
}
