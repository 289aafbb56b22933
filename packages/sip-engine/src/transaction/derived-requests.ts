import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";
import { createRequest, parseCSeq } from "@mss/sip-message";

const MAX_FORWARDS = "70";

/** The fields that ACK and CANCEL share with their INVITE: top Via, Route, From, Call-ID. RFC 3261 §9.1, §17.1.1.3. */
function sharedFields(invite: SipRequest, to: string, method: string): HeaderField[] {
  const cseq = parseCSeq(invite.headers.get("cseq") ?? "");
  return [
    { name: "Via", value: invite.headers.get("via") ?? "" },
    ...invite.headers.all("route").map((value) => ({ name: "Route", value })),
    { name: "Max-Forwards", value: MAX_FORWARDS },
    { name: "From", value: invite.headers.get("from") ?? "" },
    { name: "To", value: to },
    { name: "Call-ID", value: invite.headers.get("call-id") ?? "" },
    { name: "CSeq", value: `${cseq?.sequence ?? 0} ${method}` },
  ];
}

/** ACK for a final response other than 2xx: the branch of the INVITE, the To of the response. RFC 3261 §17.1.1.3. */
export function ackFor(invite: SipRequest, response: SipResponse): SipRequest {
  const headers = sharedFields(invite, response.headers.get("to") ?? "", "ACK");
  return createRequest({ method: "ACK", uri: invite.uri, headers });
}

/** CANCEL with the branch, To and CSeq number of the INVITE. `extra` is for fields such as Reason. RFC 3261 §9.1. */
export function cancelFor(invite: SipRequest, extra: readonly HeaderField[]): SipRequest {
  const shared = sharedFields(invite, invite.headers.get("to") ?? "", "CANCEL");
  return createRequest({ method: "CANCEL", uri: invite.uri, headers: [...shared, ...extra] });
}
