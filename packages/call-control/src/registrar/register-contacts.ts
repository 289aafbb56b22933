import { parseNameAddressList, parseSipUri } from "@mss/sip-message";

export interface RegisteredContact {
  /** The URI as written, without parameters of the header. */
  readonly uri: string;
  /** Value of the `expires` parameter, unchecked; absent when there is none. */
  readonly expires?: string;
}

export type RegisterContacts =
  | { readonly kind: "none" }
  /** `Contact: *`; `alone` is false when other contacts stand beside it. */
  | { readonly kind: "wildcard"; readonly alone: boolean }
  | { readonly kind: "list"; readonly contacts: readonly RegisteredContact[] }
  | { readonly kind: "bad" };

/**
 * A URI with headers would put them into every request to the phone (RFC 3261 §19.1.5). A phone that is to be called at a
 * sips URI can be called on the TLS connection that it registered on, and nowhere else.
 */
function isAcceptable(uri: string, isTls: boolean): boolean {
  const parsed = parseSipUri(uri);
  return parsed !== undefined && (parsed.scheme === "sip" || isTls) && parsed.headers === undefined;
}

/**
 * Takes the Contact value of a REGISTER apart; only sip: URIs without headers are accepted, and sips: URIs over TLS.
 * RFC 3261 §10.2.1, §20.10.
 */
export function parseRegisterContacts(value: string | undefined, isTls: boolean): RegisterContacts {
  const text = value?.trim() ?? "";
  if (text === "") {
    return { kind: "none" };
  }
  if (text === "*") {
    return { kind: "wildcard", alone: true };
  }
  const addresses = parseNameAddressList(text);
  if (addresses === undefined) {
    const hasWildcard = text.split(",").some((part) => part.trim() === "*");
    return hasWildcard ? { kind: "wildcard", alone: false } : { kind: "bad" };
  }
  if (addresses.length === 0 || !addresses.every(({ uri }) => isAcceptable(uri, isTls))) {
    return { kind: "bad" };
  }
  const contacts = addresses.map(({ uri, parameters }) => {
    const expires = parameters.get("expires");
    return expires === undefined ? { uri } : { uri, expires };
  });
  return { kind: "list", contacts };
}
