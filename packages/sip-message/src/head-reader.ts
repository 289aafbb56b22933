import { COLON, CR, LF, SPACE, TAB, skipSpace, tokenEnd } from "./characters.ts";
import { FieldList } from "./header-list.ts";
import { type HeaderName, headerNameAt } from "./header-name.ts";
import type { MessageLimits } from "./limits.ts";
import type { MessageFault } from "./message-fault.ts";
import { collapseWhiteSpace, removeQuotedNul } from "./white-space.ts";

export interface Head {
  readonly fields: FieldList;
  /** Index of the first byte of the body. */
  readonly end: number;
  /** The first fault; the fields after it are read nevertheless, so that the request may be answered. */
  readonly fault: MessageFault | undefined;
}

/** Reads the header fields from `start` to the empty line. Clean values are not copied. */
export function readHead(text: string, start: number, limits: MessageLimits): Head {
  return new HeadReader(text, start, limits).read();
}

/**
 * Lines are found with `indexOf`, which is many times faster than a look at each character. Where white space must be
 * collapsed or a NUL stands is known from three look-aheads over the whole text, renewed only when one is reached.
 */
class HeadReader {
  readonly #text: string;
  readonly #limits: MessageLimits;
  readonly #names: HeaderName[] = [];
  readonly #values: string[] = [];
  #position: number;
  #fault: MessageFault | undefined;
  #safe = true;
  #nextTab: number;
  #nextDoubleSpace: number;
  #nextNul: number;
  #nextSeparator: number;

  constructor(text: string, start: number, limits: MessageLimits) {
    this.#text = text;
    this.#position = start;
    this.#limits = limits;
    this.#nextTab = indexOrEnd(text, "\t", start);
    this.#nextDoubleSpace = indexOrEnd(text, "  ", start);
    this.#nextNul = indexOrEnd(text, "\0", start);
    this.#nextSeparator = indexOrEnd(text, "\xe2\x80", start);
  }

  read(): Head {
    const text = this.#text;
    while (text.charCodeAt(this.#position) !== CR || text.charCodeAt(this.#position + 1) !== LF) {
      if (this.#position >= text.length) {
        return this.#head(text.length, "Missing End Of Headers");
      }
      if (this.#names.length === this.#limits.headerCount) {
        return this.#head(text.length, "Too Many Header Fields");
      }
      this.#readField();
    }
    return this.#head(this.#position + 2);
  }

  #readField(): void {
    const text = this.#text;
    const start = this.#position;
    const nameEnd = tokenEnd(text, start);
    const colon = skipSpace(text, nameEnd);
    const lineEnd = this.#findLineEnd(start);
    const end = this.#isFolded(lineEnd) ? this.#findFoldedEnd(lineEnd) : lineEnd;
    this.#position = end + 2;
    if (nameEnd === start || text.charCodeAt(colon) !== COLON) {
      this.#report(400, "Malformed Header Field");
      return;
    }
    if (end - start > this.#limits.lineBytes) {
      this.#report(400, "Header Field Too Long");
    }
    this.#names.push(headerNameAt(text, start, nameEnd));
    this.#values.push(this.#readValue(skipSpace(text, colon + 1), end, end !== lineEnd));
  }

  #readValue(start: number, end: number, folded: boolean): string {
    this.#skipSeparators(end);
    if (this.#nextNul < end) {
      this.#nextNul = indexOrEnd(this.#text, "\0", end);
      const value = removeQuotedNul(collapseWhiteSpace(this.#text.slice(start, end)));
      this.#safe &&= !value.includes("\0"); // refused by `validateMessage`
      return value;
    }
    const collapses = folded || this.#nextTab < end || this.#nextDoubleSpace < end;
    if (collapses) {
      // Looked for again only when passed, or a long text without another would be searched for each field.
      this.#nextTab = this.#nextTab < end ? indexOrEnd(this.#text, "\t", end) : this.#nextTab;
      this.#nextDoubleSpace = this.#nextDoubleSpace < end ? indexOrEnd(this.#text, "  ", end) : this.#nextDoubleSpace;
      return collapseWhiteSpace(this.#text.slice(start, end));
    }
    const last = this.#text.charCodeAt(end - 1) === SPACE ? end - 1 : end;
    return start < last ? this.#text.slice(start, last) : "";
  }

  /** U+2028 and U+2029 are line breaks to JavaScript: drachtio-srf would read no further there. */
  #skipSeparators(end: number): void {
    while (this.#nextSeparator < end) {
      const last = this.#text.charCodeAt(this.#nextSeparator + 2);
      if (last === 0xa8 || last === 0xa9) {
        this.#safe = false; // refused by `validateMessage`
      }
      this.#nextSeparator = indexOrEnd(this.#text, "\xe2\x80", this.#nextSeparator + 2);
    }
  }

  /** Index of the CR that ends the line at `start`, or the end of the text. */
  #findLineEnd(start: number): number {
    const text = this.#text;
    let end = text.indexOf("\r", start);
    const feed = text.indexOf("\n", start);
    if (end !== -1 && feed === end + 1) {
      return end;
    }
    // A CR or LF by itself: some readers would see a line break here and some would not.
    this.#safe = false;
    this.#report(400, "Stray Line Break");
    end = text.indexOf("\r\n", start);
    return end === -1 ? text.length : end;
  }

  #isFolded(lineEnd: number): boolean {
    const code = this.#text.charCodeAt(lineEnd + 2);
    return code === SPACE || code === TAB;
  }

  #findFoldedEnd(lineEnd: number): number {
    let end = lineEnd;
    while (this.#isFolded(end)) {
      end = this.#findLineEnd(end + 2);
    }
    return end;
  }

  #report(status: number, reason: string): void {
    this.#fault ??= { status, reason };
  }

  #head(end: number, reason?: string): Head {
    if (reason !== undefined) {
      this.#report(400, reason);
    }
    const fields = new FieldList(this.#names, this.#values, this.#safe);
    return { fields, end: Math.min(end, this.#text.length), fault: this.#fault };
  }
}

function indexOrEnd(text: string, searched: string, start: number): number {
  const index = text.indexOf(searched, start);
  return index === -1 ? text.length : index;
}
