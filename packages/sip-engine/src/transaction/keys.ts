import type { SipMessage, SipRequest, SipResponse, Via } from "@mss/sip-message";
import { branchOf, parseCSeq, parseVia, splitList, tagOf, topVia } from "@mss/sip-message";
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

/** What of a response's Via fields says whom it is for. */
export interface ResponseVia {
  readonly branch: string;
  /** Entries of all Via fields: as many as the request had when it left. RFC 3261 §8.1.3.3, §18.1.2. */
  readonly count: number;
}

/** Undefined when the response has no Via that can be read, or no branch in the topmost one. */
export function responseVia(response: SipResponse): ResponseVia | undefined {
  const value = response.headers.get("via");
  const via = value === undefined ? undefined : parseVia(value);
  const branch = via === undefined ? undefined : branchOf(via);
  return branch === undefined ? undefined : { branch, count: viaCount(response) };
}

/** Via entries of a message, however they are spread over header fields. */
export function viaCount(message: SipMessage): number {
  const vias = message.headers.all("via");
  let count = vias.length;
  for (const value of vias) {
    if (value.includes(",")) {
      count += splitList(value).length - 1;
    }
  }
  return count;
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
