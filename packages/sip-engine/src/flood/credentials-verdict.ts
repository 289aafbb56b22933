import type { SipRequest, SipResponse } from "@mss/sip-message";
import { parseNameAddressList } from "@mss/sip-message";

/** How long a source counts as known after credentials that were not for a registration. */
const KNOWN_SECONDS = 3600;
const CHALLENGE_HEADERS = ["WWW-Authenticate", "Proxy-Authenticate"] as const;

function hasCredentials({ headers }: SipRequest): boolean {
  return headers.has("Authorization") || headers.has("Proxy-Authorization");
}

/** RFC 7616 §3.3: the secret was right, only the nonce is old. */
function saysStale({ headers }: SipResponse): boolean {
  return CHALLENGE_HEADERS.some((name) => headers.all(name).some((value) => /\bstale="?true\b/i.test(value)));
}

/** The longest of the registrations that a 200 to REGISTER lists; 0 when there is none. */
function registeredSeconds({ headers }: SipResponse): number {
  const general = Number.parseInt(headers.get("Expires") ?? "", 10);
  const contacts = headers.all("Contact").flatMap((value) => parseNameAddressList(value) ?? []);
  const seconds = contacts.map(({ parameters }) => Number.parseInt(parameters.get("expires") ?? "", 10));
  const granted = seconds.map((own) => (Number.isNaN(own) ? general : own)).filter((each) => each > 0);
  return Math.min(Math.max(0, ...granted), 10 * KNOWN_SECONDS);
}

/**
 * What an answer says of the credentials in its request: `right` for as long as the registration lasts, or an hour after
 * a call; `wrong` for 401 and 407, unless they say that only the nonce is old. Undefined when it says nothing.
 */
export function verdictOnCredentials(
  request: SipRequest,
  response: SipResponse,
): { readonly kind: "right"; readonly seconds: number } | { readonly kind: "wrong" } | undefined {
  const { status } = response;
  if (status < 200 || !hasCredentials(request)) {
    return undefined;
  }
  if (status < 300) {
    const seconds = request.method === "REGISTER" ? registeredSeconds(response) : KNOWN_SECONDS;
    return seconds > 0 ? { kind: "right", seconds } : undefined;
  }
  return (status === 401 || status === 407) && !saysStale(response) ? { kind: "wrong" } : undefined;
}
