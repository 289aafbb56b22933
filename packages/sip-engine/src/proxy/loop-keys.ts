import type { SipRequest } from "@mss/sip-message";
import { branchOf, parseCSeq, parseVia, splitList, tagOf } from "@mss/sip-message";

const SEPARATOR = "\u0000";

/**
 * What decides where a request goes: a request that comes back with the same is a loop, with another Request-URI it is
 * a spiral, which is allowed. RFC 3261 §16.3 step 4 and §16.6 step 8.
 */
export function loopKey({ uri, headers }: SipRequest): string {
  const parts = [
    uri,
    tagOf(headers.get("From") ?? "") ?? "",
    tagOf(headers.get("To") ?? "") ?? "",
    headers.get("Call-ID") ?? "",
    String(parseCSeq(headers.get("CSeq") ?? "")?.sequence ?? ""),
    headers.all("Route").join(","),
    headers.all("Proxy-Require").join(","),
    headers.all("Proxy-Authorization").join(","),
  ];
  return parts.join(SEPARATOR);
}

/** The branches of every Via, topmost first. */
export function viaBranches(request: SipRequest): readonly string[] {
  return request.headers
    .all("Via")
    .flatMap((value) => splitList(value))
    .flatMap((entry) => {
      const via = parseVia(entry);
      const branch = via === undefined ? undefined : branchOf(via);
      return branch === undefined ? [] : [branch];
    });
}
