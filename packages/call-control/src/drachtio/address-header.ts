import { parseNameAddress, parseSipUri } from "@mss/sip-message";
import type { AddressHeader } from "./types.ts";

const TEL_NUMBER = /^tel:([0-9+*#().-]{1,64})/i;
const NOBODY: AddressHeader = { uri: "", user: "", host: "" };

/** As text, or as it stands when the escapes are not UTF-8. */
function percentDecoded(text: string): string {
  if (!text.includes("%")) {
    return text;
  }
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** User part without parameters and password; empty when there is none. */
export function userOf(uri: string): string {
  const tel = TEL_NUMBER.exec(uri);
  if (tel !== null) {
    return tel[1] ?? "";
  }
  const user = parseSipUri(uri)?.user ?? "";
  const parameters = user.indexOf(";");
  return percentDecoded(parameters === -1 ? user : user.slice(0, parameters));
}

/** The parts of a From, To or P-Asserted-Identity value; all empty when it does not parse. */
export function addressOf(value: string | undefined): AddressHeader {
  const address = value === undefined ? undefined : parseNameAddress(value);
  if (address === undefined) {
    return NOBODY;
  }
  const { displayName, uri } = address;
  const tag = address.parameters.get("tag");
  return {
    uri,
    user: userOf(uri),
    host: parseSipUri(uri)?.host ?? "",
    ...(displayName === undefined || displayName === "" ? {} : { displayName }),
    ...(tag === undefined || tag === "" ? {} : { tag }),
  };
}
