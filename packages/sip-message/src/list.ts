import { BACKSLASH, COMMA, GREATER_THAN, LESS_THAN, QUOTE } from "./characters.ts";
import { trimSpace } from "./white-space.ts";

/**
 * Splits a header value at the commas outside quoted strings and angle brackets. Entries are trimmed and may be
 * empty; an empty value has none. A quote or bracket that is never closed reaches to the end.
 */
export function splitList(value: string): readonly string[] {
  if (!value.includes(",")) {
    const only = trimSpace(value);
    return only === "" ? [] : [only];
  }
  const entries: string[] = [];
  let start = 0;
  while (start <= value.length) {
    const end = entryEnd(value, start);
    entries.push(trimSpace(value.slice(start, end)));
    start = end + 1;
  }
  return entries;
}

/** First entry of a list, without looking at the others. */
export function firstOfList(value: string): string {
  return value.includes(",") ? trimSpace(value.slice(0, entryEnd(value, 0))) : value;
}

function entryEnd(value: string, start: number): number {
  let quoted = false;
  let bracketed = false;
  for (let index = start; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (quoted) {
      if (code === BACKSLASH) {
        index += 1;
      } else if (code === QUOTE) {
        quoted = false;
      }
    } else if (code === QUOTE && !bracketed) {
      quoted = true;
    } else if (code === LESS_THAN) {
      bracketed = true;
    } else if (code === GREATER_THAN) {
      bracketed = false;
    } else if (code === COMMA && !bracketed) {
      return index;
    }
  }
  return value.length;
}
