import type { CallErrorCode } from "../errors.ts";

/** A way that a call was not connected by, and why. */
export interface TriedRoute {
  /** `hub:hub-1`, `branch:london`. */
  readonly route: string;
  /** Of the error table. */
  readonly code: CallErrorCode;
}

const MAX_TOLD = 8;
const SIP_REASON = /\s*,?\s*SIP\s*;[^",]*(?:"[^"]*")?[^",]*/gi;

/**
 * Reason values with a further one that says which ways were tried and why each failed, in order:
 * `SIP;cause=503;text="hub:hub-1 TARGET_SILENT, branch:london TARGET_UNREACHABLE"`. RFC 3326 §2: one value for a protocol.
 */
export function reasonWithTried(reason: string, status: number, tried: readonly TriedRoute[]): string {
  if (tried.length === 0) {
    return reason;
  }
  const told = tried.slice(0, MAX_TOLD).map(({ route, code }) => `${route.replaceAll(/[^\w:.-]/g, "")} ${code}`);
  const others = reason.length > 1024 ? "" : reason.replaceAll(SIP_REASON, "").replace(/^\s*,\s*/, "");
  const ours = `SIP;cause=${status};text="${told.join(", ")}"`;
  return others === "" ? ours : `${others}, ${ours}`;
}
