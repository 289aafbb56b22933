import { parseNameAddress, parseSipUri, uriScheme } from "@mss/sip-message";
import { userOf } from "../drachtio/address-header.ts";

/** A dialog as Replaces names it to the node that is to find it: our end is local. RFC 3891 §3. */
export interface ReplacedDialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
}

export type ReferTo =
  | { readonly kind: "call"; readonly number: string; readonly replaces?: ReplacedDialog }
  | { readonly kind: "bad"; readonly status: number; readonly reason: string };

const MAX_REPLACES_LENGTH = 800; // three identifiers of 256 bytes

function bad(status: number, reason: string): ReferTo {
  return { kind: "bad", status, reason };
}

/** Percent-decoded; undefined when the escapes are no text. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Value of Replaces: `call-id;to-tag=…;from-tag=…`, in any order of its parameters. Undefined when malformed. */
export function parseReplaces(value: string): ReplacedDialog | undefined {
  if (value.length > MAX_REPLACES_LENGTH) {
    return undefined;
  }
  const [callId = "", ...parameters] = value.split(";").map((part) => part.trim());
  const tags = new Map<string, string>();
  for (const parameter of parameters) {
    const equals = parameter.indexOf("=");
    tags.set(parameter.slice(0, equals).trim().toLowerCase(), parameter.slice(equals + 1).trim());
  }
  const localTag = tags.get("to-tag");
  const remoteTag = tags.get("from-tag");
  return callId === "" || localTag === undefined || remoteTag === undefined
    ? undefined
    : { callId, localTag, remoteTag };
}

/** The header fields of a URI are percent-encoded: `?Replaces=…&Require=replaces`. RFC 3261 §19.1.1. */
function replacesOf(uriHeaders: string | undefined): ReplacedDialog | "none" | "malformed" {
  for (const field of (uriHeaders ?? "").split("&")) {
    const equals = field.indexOf("=");
    if (field.slice(0, equals).toLowerCase() === "replaces") {
      const value = decoded(field.slice(equals + 1));
      return (value === undefined ? undefined : parseReplaces(value)) ?? "malformed";
    }
  }
  return "none";
}

/**
 * What a REFER asks for: a call to a number, in the place of a dialog of the asking side or not. Only a user part counts:
 * a number is dialled by our plan and nothing is fetched or sent to the host that the URI names (SEC-07, SEC-33).
 * RFC 3515 §2.4.2: exactly one Refer-To, else 400.
 */
export function parseReferTo(value: string | undefined): ReferTo {
  const address = value === undefined ? undefined : parseNameAddress(value);
  if (address === undefined) {
    return bad(400, "Refer-To Missing Or Malformed");
  }
  const scheme = uriScheme(address.uri);
  if (scheme !== "sip" && scheme !== "sips" && scheme !== "tel") {
    return bad(416, "Refer-To Of This Scheme Is Not Supported");
  }
  const uri = parseSipUri(address.uri);
  const method = uri?.parameters.get("method");
  if (method !== undefined && method !== null && method.toUpperCase() !== "INVITE") {
    return bad(405, "Only Calls Can Be Referred To");
  }
  const replaces = replacesOf(uri?.headers);
  const number = userOf(address.uri);
  if (replaces === "malformed") {
    return bad(400, "Replaces Malformed");
  }
  if (replaces === "none") {
    return number === "" ? bad(404, "Refer-To Names Nobody") : { kind: "call", number };
  }
  return { kind: "call", number, replaces };
}
