import type { SipResponse } from "@mss/sip-message";
import { splitList } from "@mss/sip-message";

/** A response without the Via that we put on its request. RFC 3261 §16.7 step 3. */
export function forwardedResponse(response: SipResponse): SipResponse {
  const [top, ...others] = response.headers.all("Via");
  const rest = top?.includes(",") === true ? splitList(top).slice(1) : [];
  const headers =
    rest.length === 0 ? response.headers.withoutFirst("Via") : response.headers.with("Via", rest.join(", "), ...others);
  return { ...response, headers };
}
