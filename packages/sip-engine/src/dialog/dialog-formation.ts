import type { SipMessage, SipRequest, SipResponse } from "@mss/sip-message";
import { parseCSeq, parseNameAddress, parseNameAddressList, tagOf, uriScheme } from "@mss/sip-message";
import type { DialogState } from "./dialog-state.ts";

/** URI of the first Contact; undefined when there is none, when it is `*`, or when it does not parse. */
export function contactUriOf(message: SipMessage): string | undefined {
  const value = message.headers.get("Contact");
  const contact = value === undefined ? undefined : parseNameAddressList(value)?.[0];
  return contact?.uri;
}

/** A request whose dialog is secure: it says so in its Request-URI. What came otherwise than over TLS never gets here. */
export function isSecureRequest(request: SipRequest): boolean {
  return uriScheme(request.uri) === "sips";
}

/** The name-addr values of all Record-Route headers, one per hop, in the order of the message. */
function recordRoute(message: SipMessage): readonly string[] {
  const values = message.headers.all("Record-Route");
  if (values.length === 0) {
    return [];
  }
  return values.flatMap((value) => (parseNameAddressList(value) ?? []).map((hop) => `<${hop.uri}>`));
}

/**
 * The dialog of a caller. Without Contact (which a 2xx must have) the request's own Request-URI is the target; a 2xx
 * without To tag is from a peer of RFC 2543, and its tag counts as empty. Undefined for a provisional response without
 * To tag. RFC 3261 §12.1.2.
 */
export function fromUac(request: SipRequest, response: SipResponse): DialogState | undefined {
  const local = response.headers.get("From") ?? "";
  const remote = response.headers.get("To") ?? "";
  const localTag = tagOf(local);
  const remoteTag = tagOf(remote) ?? (response.status < 200 ? undefined : "");
  const sequence = parseCSeq(response.headers.get("CSeq") ?? "");
  if (localTag === undefined || remoteTag === undefined || sequence === undefined) {
    return undefined;
  }
  return {
    role: "uac",
    phase: response.status < 200 ? "early" : "confirmed",
    callId: response.headers.get("Call-ID") ?? "",
    localTag,
    remoteTag,
    local,
    remote,
    localSequence: sequence.sequence,
    remoteSequence: undefined,
    remoteTarget: contactUriOf(response) ?? request.uri,
    routeSet: recordRoute(response).toReversed(),
    isSecure: isSecureRequest(request),
  };
}

/**
 * The dialog of a callee, from the request and our response, whose To has our tag. Undefined when the request has no
 * From tag. RFC 3261 §12.1.1.
 */
export function fromUas(request: SipRequest, response: SipResponse): DialogState | undefined {
  const local = response.headers.get("To") ?? "";
  const remote = request.headers.get("From") ?? "";
  const localTag = tagOf(local);
  const remoteTag = tagOf(remote);
  const sequence = parseCSeq(request.headers.get("CSeq") ?? "");
  if (localTag === undefined || remoteTag === undefined || sequence === undefined) {
    return undefined;
  }
  return {
    role: "uas",
    phase: response.status < 200 ? "early" : "confirmed",
    callId: request.headers.get("Call-ID") ?? "",
    localTag,
    remoteTag,
    local,
    remote,
    localSequence: 0,
    remoteSequence: sequence.sequence,
    remoteTarget: contactUriOf(request) ?? parseNameAddress(remote)?.uri ?? "",
    routeSet: recordRoute(request),
    isSecure: isSecureRequest(request),
  };
}
