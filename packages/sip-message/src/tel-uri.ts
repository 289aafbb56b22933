import { parseUriParameters } from "./parameters.ts";
import { uriScheme } from "./uri-scheme.ts";

/** RFC 3966 telephone number. */
export interface TelUri {
  /** Without visual separators; a global number begins with `+`. */
  readonly number: string;
  readonly parameters: ReadonlyMap<string, string>;
}

export function parseTelUri(text: string): TelUri | undefined {
  if (uriScheme(text) !== "tel") {
    return undefined;
  }
  const semicolon = text.indexOf(";");
  const end = semicolon === -1 ? text.length : semicolon;
  const number = text.slice(4, end).replace(/[-.()]/g, "");
  const parameters = parseUriParameters(text, end, text.length);
  return parameters === undefined || !/^(?:\+[0-9]+|[0-9A-Fa-f*#]+)$/.test(number) ? undefined : { number, parameters };
}
