import { randomBytes } from "node:crypto";
import { createRequest, parseCSeq, parseNameAddress } from "@mss/sip-message";
import type { HeaderField, SipMessage, SipRequest, SipResponse } from "@mss/sip-message";

export function randomTag(): string {
  return randomBytes(8).toString("hex");
}

export function newBranch(): string {
  return `z9hG4bK${randomTag()}`;
}

export function branchOf(message: SipMessage): string {
  return /;branch=([^;,\s]+)/.exec(message.headers.get("Via") ?? "")?.[1] ?? "";
}

/** INVITE and CANCEL of one call have the same Via branch. RFC 3261 §9.1. */
export function callKey(request: SipRequest): string {
  return `${request.headers.get("Call-ID") ?? ""} ${branchOf(request)}`;
}

function sequenceOf(request: SipRequest): number {
  return parseCSeq(request.headers.get("CSeq") ?? "")?.sequence ?? 0;
}

/** CANCEL, or the ACK of a final that is no success: as the INVITE, hop by hop. RFC 3261 §9.1, §17.1.1.3. */
export function derived(
  invite: SipRequest,
  method: "CANCEL" | "ACK",
  to = invite.headers.get("To") ?? "",
  more: readonly HeaderField[] = [],
): SipRequest {
  const kept = ["Via", "Max-Forwards", "From", "Call-ID"].map((name) => ({
    name,
    value: invite.headers.get(name) ?? "",
  }));
  return createRequest({
    method,
    uri: invite.uri,
    headers: [...kept, { name: "To", value: to }, { name: "CSeq", value: `${sequenceOf(invite)} ${method}` }, ...more],
  });
}

export function acknowledgement(invite: SipRequest, response: SipResponse): SipRequest {
  const to = response.headers.get("To") ?? "";
  const ack = derived(invite, "ACK", to);
  if (response.status >= 300) {
    return ack;
  }
  const target = parseNameAddress(response.headers.get("Contact") ?? "")?.uri ?? invite.uri;
  const via = (invite.headers.get("Via") ?? "").replace(/;branch=[^;]+/, `;branch=${newBranch()}`);
  return { ...ack, uri: target, headers: ack.headers.with("Via", via) };
}
