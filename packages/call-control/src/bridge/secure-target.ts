import { formatSipUri, parseSipUri, uriScheme } from "@mss/sip-message";
import type { CallTarget } from "./types.ts";

/** Whether a call to that Request-URI has to stay on TLS all the way. RFC 3261 §26.2.2, RFC 5630. */
export function asksForTls(requestUri: string): boolean {
  return uriScheme(requestUri) === "sips";
}

/** The target as a sips URI, so that everything behind it stays on TLS as well; undefined when it is not reached over TLS. */
export function secureTarget(target: CallTarget): CallTarget | undefined {
  const uri = parseSipUri(target.uri);
  const hop = target.proxy === undefined ? uri : parseSipUri(target.proxy);
  const isTls = hop?.scheme === "sips" || hop?.parameters.get("transport")?.toLowerCase() === "tls";
  if (uri === undefined || !isTls) {
    return undefined;
  }
  const parameters = new Map(uri.parameters);
  parameters.delete("transport"); // RFC 3261 §26.2.2: `sips` says it all
  return { ...target, uri: formatSipUri({ ...uri, scheme: "sips", parameters }) };
}
