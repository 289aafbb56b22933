import { parseNameAddressList, sipUrisEqual } from "@mss/sip-message";

const SECONDS = /^[0-9]{1,10}$/;

/** How long a registrar keeps the value `contact` of a Contact header: its own `expires` parameter, else Expires, else what was asked (RFC 3261 §10.2.4). */
export function grantedSeconds(
  response: { header(name: string): string | undefined },
  contact: string,
  askedSeconds: number,
): number {
  const contacts = parseNameAddressList(response.header("Contact") ?? "") ?? [];
  const asked = parseNameAddressList(contact)?.[0]?.uri ?? contact;
  const own = contacts.find(({ uri }) => sipUrisEqual(uri, asked));
  const text = own?.parameters.get("expires") ?? response.header("Expires");
  const seconds = text !== undefined && SECONDS.test(text) ? Number(text) : askedSeconds;
  return Math.max(1, Math.min(seconds, askedSeconds));
}
