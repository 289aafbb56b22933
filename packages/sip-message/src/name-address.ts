import { COLON, COMMA, GREATER_THAN, LESS_THAN, QUOTE, SEMICOLON, SPACE } from "./characters.ts";
import { quote, skipQuoted, skipSpace, unquote } from "./characters.ts";
import { splitList } from "./list.ts";
import { formatParameters, parseParameters } from "./parameters.ts";
import { uriScheme } from "./uri-scheme.ts";
import { trimSpace } from "./white-space.ts";

/** A From, To, Contact, Route … entry: name-addr or addr-spec with the parameters of the header. */
export interface NameAddress {
  /** Without quotes and escapes. */
  readonly displayName?: string;
  /** As written, of any scheme. */
  readonly uri: string;
  /** Names in lower case, values as written; without value: "". */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Reads one entry; undefined when quotes or brackets do not match, or anything but parameters follows the URI. */
export function parseNameAddress(value: string): NameAddress | undefined {
  const start = skipSpace(value, 0);
  if (value.charCodeAt(start) === QUOTE) {
    const end = skipQuoted(value, start);
    const bracket = end === -1 ? -1 : skipSpace(value, end);
    return value.charCodeAt(bracket) === LESS_THAN
      ? bracketed(value, bracket, unquote(value.slice(start, end)))
      : undefined;
  }
  const end = displayEnd(value, start);
  if (value.charCodeAt(end) === LESS_THAN) {
    const name = trimSpace(value.slice(start, end));
    return bracketed(value, end, name === "" ? undefined : name);
  }
  return value.charCodeAt(end) === COLON ? bare(value, start) : undefined;
}

/** Reads every entry of a list; undefined when one is malformed or there is none. `*` of Contact is for the caller. */
export function parseNameAddressList(value: string): readonly NameAddress[] | undefined {
  const addresses: NameAddress[] = [];
  for (const entry of splitList(value)) {
    const address = parseNameAddress(entry);
    if (address === undefined) {
      return undefined;
    }
    addresses.push(address);
  }
  return addresses.length === 0 ? undefined : addresses;
}

/** Always with brackets, and the display name in quotes. */
export function formatNameAddress(address: NameAddress): string {
  const name = address.displayName === undefined ? "" : `${quote(address.displayName)} `;
  return `${name}<${address.uri}>${formatParameters(address.parameters)}`;
}

/** The tag of a From or To value. */
export function tagOf(value: string): string | undefined {
  if (value.includes('"')) {
    return parseNameAddress(value)?.parameters.get("tag");
  }
  const parametersStart = value.indexOf(">") + 1;
  const at = value.indexOf(";tag=", parametersStart);
  if (at === -1) {
    // Other spellings (`; TAG = x`) are rare enough for the whole parser.
    return value.indexOf(";", parametersStart) === -1 ? undefined : parseNameAddress(value)?.parameters.get("tag");
  }
  let end = at + 5;
  while (end < value.length && value.charCodeAt(end) !== SEMICOLON && value.charCodeAt(end) !== SPACE) {
    end += 1;
  }
  return value.slice(at + 5, end);
}

/** Index of the `<` after a display name, of the `:` of a scheme, or of what can be in neither. */
function displayEnd(value: string, start: number): number {
  let index = start;
  while (index < value.length && !endsDisplay(value.charCodeAt(index))) {
    index += 1;
  }
  return index;
}

function endsDisplay(code: number): boolean {
  return (
    code === LESS_THAN ||
    code === COLON ||
    code === QUOTE ||
    code === COMMA ||
    code === SEMICOLON ||
    code === GREATER_THAN
  );
}

function bracketed(value: string, bracket: number, displayName: string | undefined): NameAddress | undefined {
  const end = value.indexOf(">", bracket);
  const uri = value.slice(bracket + 1, Math.max(end, 0));
  const parameters = end === -1 || !isUriText(uri) ? undefined : parseParameters(value, end + 1);
  if (parameters === undefined) {
    return undefined;
  }
  return displayName === undefined ? { uri, parameters } : { displayName, uri, parameters };
}

/** RFC 3261 §20: a URI with a comma, question mark or semicolon must be in brackets. */
function bare(value: string, start: number): NameAddress | undefined {
  let end = start;
  while (end < value.length && value.charCodeAt(end) !== SEMICOLON && value.charCodeAt(end) !== SPACE) {
    end += 1;
  }
  const uri = value.slice(start, end);
  if (!isUriText(uri) || uri.includes("?") || uri.includes(",")) {
    return undefined;
  }
  const parameters = parseParameters(value, end);
  return parameters === undefined ? undefined : { uri, parameters };
}

function isUriText(uri: string): boolean {
  for (let index = 0; index < uri.length; index += 1) {
    const code = uri.charCodeAt(index);
    if (code <= SPACE || code === LESS_THAN || code === GREATER_THAN || code === QUOTE) {
      return false;
    }
  }
  return uriScheme(uri) !== undefined;
}
