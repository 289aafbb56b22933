import type { SipMessage, SipResponse } from "@mss/sip-message";
import type { AppDialog } from "./core.ts";

/** Whether a header that lists option tags names this one. */
export function hasOption(message: SipMessage, header: string, option: string): boolean {
  return message.headers
    .all(header)
    .some((value) => value.split(",").some((tag) => tag.trim().toLowerCase() === option));
}

/**
 * Whether a provisional response is to be taken: unreliable ones always, reliable ones only in the order of their RSeq,
 * which the dialog remembers. RFC 3262 §4.
 */
export function isNextReliable(dialog: AppDialog, response: SipResponse): boolean {
  const value = response.headers.get("RSeq");
  if (value === undefined || !hasOption(response, "Require", "100rel")) {
    return true;
  }
  const sequence = Number.parseInt(value, 10);
  const last = dialog.reliableSequence;
  if (last !== undefined && sequence !== last + 1) {
    return false;
  }
  dialog.reliableSequence = sequence;
  return true;
}
