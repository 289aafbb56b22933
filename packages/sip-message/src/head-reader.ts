import { COLON, CR, LF, SPACE, TAB, TOKEN } from "./characters.ts";
import { FieldList } from "./header-list.ts";
import { canonicalName } from "./header-name.ts";
import type { MessageLimits } from "./limits.ts";
import type { MessageFault } from "./message-fault.ts";
import { collapseWhiteSpace } from "./white-space.ts";

export interface Head {
  readonly fields: FieldList;
  /** Index of the first byte of the body. */
  readonly end: number;
  /** The first fault; the fields after it are read nevertheless, so that the request may be answered. */
  readonly fault: MessageFault | undefined;
}

/** Reads the header fields from `start` to the empty line. Each character is looked at once; clean values are not copied. */
export function readHead(text: string, start: number, limits: MessageLimits): Head {
  return new HeadReader(text, start, limits).read();
}

class HeadReader {
  readonly #text: string;
  readonly #limits: MessageLimits;
  readonly #keys: string[] = [];
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  #position: number;
  #fault: MessageFault | undefined;
  #safe = true;
  /** What `#skipValue` found on its way. */
  #valueEnd = 0;
  #needsCollapse = false;

  constructor(text: string, start: number, limits: MessageLimits) {
    this.#text = text;
    this.#position = start;
    this.#limits = limits;
  }

  read(): Head {
    while (!this.#text.startsWith("\r\n", this.#position)) {
      if (this.#position >= this.#text.length) {
        return this.#head(this.#text.length, "Missing End Of Headers");
      }
      if (this.#keys.length === this.#limits.headerCount) {
        return this.#head(this.#text.length, "Too Many Header Fields");
      }
      this.#readField();
    }
    return this.#head(this.#position + 2);
  }

  #readField(): void {
    const start = this.#position;
    const nameEnd = this.#tokenEnd(start);
    const colon = this.#blankEnd(nameEnd);
    if (nameEnd === start || this.#text.charCodeAt(colon) !== COLON) {
      this.#report(400, "Malformed Header Field");
      this.#skipValue(start);
      return;
    }
    const valueStart = this.#blankEnd(colon + 1);
    this.#skipValue(valueStart);
    if (this.#position - start > this.#limits.lineBytes) {
      this.#report(400, "Header Field Too Long");
    }
    const name = this.#text.slice(start, nameEnd);
    const value = this.#text.slice(valueStart, this.#valueEnd);
    this.#keys.push(canonicalName(name));
    this.#names.push(name);
    this.#values.push(this.#needsCollapse ? collapseWhiteSpace(value) : value);
  }

  /** Moves to the line after the value that begins at `start`, over folded lines. */
  #skipValue(start: number): void {
    const text = this.#text;
    let index = start;
    let end = start;
    this.#needsCollapse = false;
    for (; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > SPACE) {
        end = index + 1;
      } else if (code === SPACE) {
        this.#needsCollapse ||= isBlank(text.charCodeAt(index + 1));
      } else if (code === CR && text.charCodeAt(index + 1) === LF) {
        if (!isBlank(text.charCodeAt(index + 2))) {
          break;
        }
        this.#needsCollapse = true;
        index += 1;
      } else {
        this.#control(code);
        end = code === TAB ? end : index + 1;
      }
    }
    this.#valueEnd = end;
    this.#position = index + 2;
  }

  #control(code: number): void {
    if (code === TAB) {
      this.#needsCollapse = true;
    } else if (code === 0) {
      this.#safe = false; // Refused by `validateMessage`; a quoted NUL is within the grammar.
    } else if (code === CR || code === LF) {
      this.#safe = false;
      this.#report(400, "Stray Line Break");
    }
  }

  #tokenEnd(start: number): number {
    let index = start;
    while (index < this.#text.length && TOKEN[this.#text.charCodeAt(index)] === 1) {
      index += 1;
    }
    return index;
  }

  #blankEnd(start: number): number {
    let index = start;
    while (index < this.#text.length && isBlank(this.#text.charCodeAt(index))) {
      index += 1;
    }
    return index;
  }

  #report(status: number, reason: string): void {
    this.#fault ??= { status, reason };
  }

  #head(end: number, reason?: string): Head {
    if (reason !== undefined) {
      this.#report(400, reason);
    }
    const columns = { keys: this.#keys, names: this.#names, values: this.#values };
    return { fields: FieldList.read(columns, this.#safe), end: Math.min(end, this.#text.length), fault: this.#fault };
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
