import type { SipMessage, SipRequest, SipResponse } from "@mss/sip-message";

const TAG = ";tag=";
const BARE_URI_WITH_HEADERS = /^sips?:[^<>;,"\s]+\?[^<>;,"\s]+$/i;

/**
 * Mends two faults that are common in the field and can be mended in one way only, before anything reads the message,
 * so that all readers see the same. Everything else that is wrong is refused.
 */
export function repaired(message: SipMessage): SipMessage {
  return message.kind === "response" ? withOneToTag(message) : withBracketedReferTo(message);
}

/**
 * SIPp scenarios put a tag on the To of a response (`[last_To:];tag=…`) that has the one of our request already. The
 * first is ours, and stays.
 */
function withOneToTag(response: SipResponse): SipResponse {
  const to = response.headers.get("to") ?? "";
  if (to.indexOf(TAG) === to.lastIndexOf(TAG)) {
    return response;
  }
  const first = to.indexOf(TAG, Math.max(to.lastIndexOf(">"), 0));
  const next = first === -1 ? -1 : to.indexOf(";", first + TAG.length);
  if (next === -1) {
    return response;
  }
  const rest = to
    .slice(next)
    .split(";")
    .filter((parameter) => !parameter.startsWith("tag="))
    .join(";");
  return { ...response, headers: response.headers.with("To", to.slice(0, next).replace(/ $/, "") + rest) };
}

/** Phones write `Refer-To: sip:a@b?Replaces=…` without the brackets that RFC 3261 §20 asks for. */
function withBracketedReferTo(request: SipRequest): SipRequest {
  const referTo = request.method === "REFER" ? request.headers.get("refer-to") : undefined;
  return referTo !== undefined && BARE_URI_WITH_HEADERS.test(referTo)
    ? { ...request, headers: request.headers.with("Refer-To", `<${referTo}>`) }
    : request;
}
