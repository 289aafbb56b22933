import { AddressEntry } from "./address-entry.ts";
import { COMMA, quote, unquote } from "./characters.ts";
import { formatParameters, parseParameters } from "./parameters.ts";

/** A From, To, Contact, Route … entry: name-addr or addr-spec with the parameters of the header. */
export interface NameAddress {
  /** Without quotes and escapes. */
  readonly displayName?: string;
  /** As written, of any scheme. */
  readonly uri: string;
  /** Names in lower case, values as written; without value: "". */
  readonly parameters: ReadonlyMap<string, string>;
}

const entry = new AddressEntry();

/** Reads one entry; undefined when quotes or brackets do not match, or anything but parameters follows the URI. */
export function parseNameAddress(value: string): NameAddress | undefined {
  return entry.read(value, 0) && entry.end === value.length ? addressOf(value) : undefined;
}

/** Reads every entry of a list; undefined when one is malformed or there is none. `*` of Contact is for the caller. */
export function parseNameAddressList(value: string): readonly NameAddress[] | undefined {
  const addresses: NameAddress[] = [];
  let start = 0;
  do {
    if (!entry.read(value, start)) {
      return undefined;
    }
    start = entry.end + 1;
    addresses.push(addressOf(value));
  } while (value.charCodeAt(start - 1) === COMMA);
  return addresses;
}

/** What `entry` has read. */
function addressOf(value: string): NameAddress {
  const { displayStart, displayEnd, uriStart, uriEnd, parametersStart, end } = entry;
  const uri = value.slice(uriStart, uriEnd);
  const parameters = parseParameters(value.slice(parametersStart, end), 0) ?? new Map<string, string>();
  return displayEnd === displayStart
    ? { uri, parameters }
    : { displayName: unquote(value.slice(displayStart, displayEnd)), uri, parameters };
}

/** Always with brackets, and the display name in quotes. */
export function formatNameAddress(address: NameAddress): string {
  const name = address.displayName === undefined ? "" : `${quote(address.displayName)} `;
  return `${name}<${address.uri}>${formatParameters(address.parameters)}`;
}

/** The tag of a From or To value; "" for a `tag` without value. */
export function tagOf(value: string): string | undefined {
  return entry.read(value, 0) && entry.tagStart !== -1 ? value.slice(entry.tagStart, entry.tagEnd) : undefined;
}
