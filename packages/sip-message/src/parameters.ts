import { COMMA, EQUALS, GREATER_THAN, LESS_THAN, QUOTE, SEMICOLON, SPACE, TOKEN } from "./characters.ts";
import { normalizeEscapes } from "./escapes.ts";
import { skipQuoted, skipSpace } from "./characters.ts";

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();

/**
 * Reads `;name=value;name` from `start` to the end of a header value. Names are in lower case, values as written
 * (a quoted string keeps its quotes), a parameter without value has the value "". Undefined when a name is empty or
 * stands twice: two readers would choose differently.
 */
export function parseParameters(text: string, start: number): ReadonlyMap<string, string> | undefined {
  let index = skipSpace(text, start);
  if (index === text.length) {
    return NO_PARAMETERS;
  }
  const parameters = new Map<string, string>();
  while (index < text.length) {
    if (text.charCodeAt(index) !== SEMICOLON) {
      return undefined;
    }
    const nameStart = skipSpace(text, index + 1);
    const nameEnd = tokenEnd(text, nameStart);
    const name = text.slice(nameStart, nameEnd).toLowerCase();
    if (name === "" || parameters.has(name)) {
      return undefined;
    }
    index = skipSpace(text, nameEnd);
    let value = "";
    if (text.charCodeAt(index) === EQUALS) {
      const valueStart = skipSpace(text, index + 1);
      const valueEnd = genericValueEnd(text, valueStart);
      if (valueEnd === -1) {
        return undefined;
      }
      value = text.slice(valueStart, valueEnd);
      index = skipSpace(text, valueEnd);
    }
    parameters.set(name, value);
  }
  return parameters;
}

/** Reads the parameters of a URI (no quotes, no white space) from `start` to `end`, under the same rules. */
export function parseUriParameters(text: string, start: number, end: number): ReadonlyMap<string, string> | undefined {
  if (start === end) {
    return NO_PARAMETERS;
  }
  const parameters = new Map<string, string>();
  let index = start;
  while (index < end) {
    // `index` is at a semicolon.
    const next = text.indexOf(";", index + 1);
    const parameterEnd = next === -1 || next > end ? end : next;
    const parameter = text.slice(index + 1, parameterEnd);
    const equals = parameter.indexOf("=");
    // RFC 4475 §3.1.1.3: `%6C%72` is `lr`; whoever looks for a name must not miss it for its spelling.
    const name = normalizeEscapes(equals === -1 ? parameter : parameter.slice(0, equals)).toLowerCase();
    if (name === "" || parameters.has(name)) {
      return undefined;
    }
    parameters.set(name, equals === -1 ? "" : parameter.slice(equals + 1));
    index = parameterEnd;
  }
  return parameters;
}

export function formatParameters(parameters: ReadonlyMap<string, string>): string {
  let text = "";
  for (const [name, value] of parameters) {
    text += value === "" ? `;${name}` : `;${name}=${value}`;
  }
  return text;
}

export function tokenEnd(text: string, start: number): number {
  let index = start;
  while (index < text.length && TOKEN[text.charCodeAt(index)] === 1) {
    index += 1;
  }
  return index;
}

/** End of a token, host or quoted string; wider than the grammar, since tags and the like hold all kinds of characters. */
function genericValueEnd(text: string, start: number): number {
  if (text.charCodeAt(start) === QUOTE) {
    return skipQuoted(text, start);
  }
  let index = start;
  while (index < text.length && !endsGenericValue(text.charCodeAt(index))) {
    index += 1;
  }
  return index;
}

function endsGenericValue(code: number): boolean {
  return (
    code <= SPACE ||
    code === SEMICOLON ||
    code === COMMA ||
    code === QUOTE ||
    code === LESS_THAN ||
    code === GREATER_THAN
  );
}
