import type { SipMessage, SipRequest, SipResponse, Via } from "@mss/sip-message";
import { branchOf, parseCSeq, parseVia, tagOf, topVia } from "@mss/sip-message";
import { hasMagicCookie } from "./ids.ts";

/*
 * Keys join their parts with a character that no part can contain, since header values of a parsed message hold no
 * control characters. So two different transactions cannot share a key.
 */
const SEPARATOR = "\u0000";

/** The branch of a client transaction and the method of its request. RFC 3261 §17.1.3. */
export function clientKey(branch: string, method: string): string {
  return branch + SEPARATOR + method;
}

/** Undefined when the response cannot be for us: no Via, or more than the one that we put (RFC 3261 §8.1.3.3). */
export function responseBranch(response: SipResponse): string | undefined {
  const vias = response.headers.all("via");
  const value = vias[0];
  if (value === undefined || vias.length > 1 || value.includes(",")) {
    return undefined;
  }
  const via = parseVia(value);
  return via === undefined ? undefined : branchOf(via);
}

export function cseqMethodOf(message: SipMessage): string {
  return parseCSeq(message.headers.get("cseq") ?? "")?.method ?? "";
}

/** Branch, sent-by and method of a request whose branch carries the magic cookie. RFC 3261 §17.2.3. */
function magicKey(via: Via, branch: string, method: string): string {
  return [branch, via.host.toLowerCase(), via.port ?? "", method].join(SEPARATOR);
}

/**
 * For peers that know only RFC 2543 (RFC 3261 §17.2.3, second list): Request-URI, From tag, Call-ID, CSeq number and
 * the top Via as sent. The To tag is left out, since the ACK to a refused INVITE carries the one of the response.
 */
function oldKey(request: SipRequest, via: Via, method: string): string {
  const headers = request.headers;
  const parts = [
    request.uri,
    tagOf(headers.get("from") ?? "") ?? "",
    headers.get("call-id") ?? "",
    String(parseCSeq(headers.get("cseq") ?? "")?.sequence ?? ""),
    branchOf(via) ?? "",
    via.host.toLowerCase(),
    String(via.port ?? ""),
    method,
  ];
  return parts.join(SEPARATOR);
}

/**
 * The key under which a server transaction is kept, with `method` in the place of the request's own: an ACK is looked
 * up as its INVITE, and so is the INVITE that a CANCEL means. Undefined without a Via that can be read.
 */
export function serverKey(request: SipRequest, method: string): string | undefined {
  const via = topVia(request);
  if (via === undefined) {
    return undefined;
  }
  const branch = branchOf(via);
  return branch !== undefined && hasMagicCookie(branch) ? magicKey(via, branch, method) : oldKey(request, via, method);
}
