import type { SipResponse } from "@mss/sip-message";
import { parseNameAddressList } from "@mss/sip-message";

/** The URIs that a 3xx names, the most wanted first. RFC 3261 §16.5, §20.10: without `q` it is 1. */
export function redirectTargets(response: SipResponse): readonly string[] {
  const contacts = response.headers.all("Contact").flatMap((value) => parseNameAddressList(value) ?? []);
  return contacts
    .map(({ uri, parameters }) => ({ uri, q: preferenceOf(parameters.get("q")) }))
    .toSorted((one, other) => other.q - one.q)
    .map(({ uri }) => uri);
}

function preferenceOf(q: string | undefined): number {
  const value = q === undefined ? 1 : Number.parseFloat(q);
  return Number.isNaN(value) ? 0 : value;
}
