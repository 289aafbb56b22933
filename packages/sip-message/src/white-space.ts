import { CR, LF, QUOTE, SPACE, TAB, skipQuoted } from "./characters.ts";

/**
 * Undoes folding and makes one space of every run of white space outside quoted strings (RFC 3261 §7.3.1), because
 * drachtio-srf reads such runs in quadratic time. A quote that is never closed quotes nothing. Linear: at most one
 * look ahead for a closing quote fails. CR and LF come in pairs; the parser has seen to that.
 */
export function collapseWhiteSpace(value: string): string {
  let collapsed = "";
  let quotesClose = true;
  let partStart = 0;
  let index = 0;
  while (index < value.length) {
    const code = value.charCodeAt(index);
    if (code === QUOTE && quotesClose) {
      const end = skipQuoted(value, index);
      quotesClose = end !== -1;
      index = quotesClose ? end : index + 1;
    } else if (isWhite(code)) {
      collapsed += `${value.slice(partStart, index)} `;
      while (isWhite(value.charCodeAt(index))) {
        index += 1;
      }
      partStart = index;
    } else {
      index += 1;
    }
  }
  collapsed += value.slice(partStart);
  // Inside quotes only the line break of a fold goes: white space there is content.
  return trimSpace(collapsed.replaceAll("\r\n", ""));
}

/**
 * Leaves out the quoted pairs of a NUL, which RFC 3261 §25.1 allows in a display name (RFC 4475 §3.1.1.2): a reader
 * written in C would end there. A NUL elsewhere stays, and is refused.
 */
export function removeQuotedNul(value: string): string {
  let kept = "";
  let partStart = 0;
  for (let index = value.indexOf('"'); index !== -1; index = value.indexOf('"', partStart)) {
    const end = skipQuoted(value, index);
    if (end === -1) {
      break;
    }
    kept += value.slice(partStart, index) + value.slice(index, end).replace(/\\([^])/g, withoutNul);
    partStart = end;
  }
  return kept + value.slice(partStart);
}

function withoutNul(pair: string, character: string): string {
  return character === "\0" ? "" : pair;
}

/** Not `String.trim`, which takes the byte 0xA0 for a space and so breaks UTF-8 letters. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) {
    start += 1;
  }
  while (end > start && isBlank(text.charCodeAt(end - 1))) {
    end -= 1;
  }
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function isWhite(code: number): boolean {
  return code === SPACE || code === TAB || code === CR || code === LF;
}
