import { COLON, CR, LF, SPACE, TAB, TOKEN, parseDecimal, skipSpace, tokenEnd } from "./characters.ts";
import { canonicalName } from "./header-name.ts";
import { DEFAULT_LIMITS, type MessageLimits } from "./limits.ts";
import { type MessageFault, messageFault } from "./message-fault.ts";
import { parseMessage } from "./parse-message.ts";
import { collapseWhiteSpace } from "./white-space.ts";

export type FramedItem =
  /** One whole message for `parseMessage`. */
  | { readonly kind: "message"; readonly text: string }
  /**
   * A line break between messages (RFC 5626 §3.5.1). The first is a pong or the first half of a ping, `pong: false`;
   * the second in a row makes it a ping: `pong: true` says that a pong (one CRLF) is owed.
   */
  | { readonly kind: "keepalive"; readonly pong: boolean }
  /** Borders of messages can no longer be known: answer if possible, then close the stream. */
  | { readonly kind: "broken"; readonly fault: MessageFault };

export interface StreamFramer {
  /** Takes the next bytes and gives what they complete. After a broken item it gives nothing more. */
  push(bytes: string): readonly FramedItem[];
  /** Bytes kept of a message that is not complete. */
  readonly pendingBytes: number;
}

/**
 * Cuts a byte stream into messages by Content-Length, which must be there, once, as 1 to 7 digits (RFC 3261 §18.3).
 * Each byte is looked at once however the stream is cut, and nothing is reserved for what a peer only announces.
 */
export function createStreamFramer(limits: MessageLimits = DEFAULT_LIMITS): StreamFramer {
  return new Framer(limits);
}

type Phase = "between" | "head" | "body" | "broken";

class Framer implements StreamFramer {
  readonly #limits: MessageLimits;
  #phase: Phase = "between";
  /** The pieces of the current message from former pushes; joined once, when it is complete. */
  #pieces: string[] = [];
  #pendingBytes = 0;
  /** Bytes of CRLF CRLF seen last: 0 to 3. */
  #matched = 0;
  #emptyLines = 0;
  #bodyBytesMissing = 0;
  #items: FramedItem[] = [];

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  push(bytes: string): readonly FramedItem[] {
    this.#items = [];
    let position = 0;
    while (position < bytes.length && this.#phase !== "broken") {
      position = this.#step(bytes, position);
    }
    return this.#items;
  }

  #step(bytes: string, position: number): number {
    if (this.#phase === "between") {
      return this.#readBetween(bytes, position);
    }
    return this.#phase === "head" ? this.#readHead(bytes, position) : this.#readBody(bytes, position);
  }

  #readBetween(bytes: string, position: number): number {
    const code = bytes.charCodeAt(position);
    if (this.#matched === 0 && code === CR) {
      this.#matched = 1;
      this.#pendingBytes = 1;
      return position + 1;
    }
    if (this.#matched === 1) {
      if (code !== LF) {
        this.#break({ status: 400, reason: "Stray Line Break" });
        return position;
      }
      this.#matched = 0;
      this.#pendingBytes = 0;
      this.#emptyLines = (this.#emptyLines + 1) % 2;
      this.#items.push({ kind: "keepalive", pong: this.#emptyLines === 0 });
      return position + 1;
    }
    if (TOKEN[code] !== 1) {
      this.#break({ status: 400, reason: "Malformed Start Line" });
      return position;
    }
    this.#emptyLines = 0;
    this.#phase = "head";
    return position;
  }

  #readHead(bytes: string, position: number): number {
    const end = Math.min(bytes.length, position + this.#limits.streamBytes - this.#pendingBytes);
    let matched = this.#matched;
    let index = position;
    for (; index < end && matched < 4; index += 1) {
      const code = bytes.charCodeAt(index);
      if (code > SPACE && (matched & 1) === 0) {
        matched = 0;
      } else {
        matched = nextMatched(matched, code);
        if (matched === STRAY) {
          this.#keep(bytes, position, index);
          this.#break({ status: 400, reason: "Stray Line Break" });
          return index;
        }
      }
    }
    this.#matched = matched;
    this.#keep(bytes, position, index);
    if (matched === 4) {
      this.#finishHead();
    } else if (this.#pendingBytes >= this.#limits.streamBytes) {
      this.#break({ status: 513, reason: "Message Too Large" });
    }
    return index;
  }

  #finishHead(): void {
    const head = this.#pieces.join("");
    this.#pieces = [head];
    this.#matched = 0;
    const length = contentLengthOf(head);
    if (length === undefined) {
      this.#break({ status: 400, reason: "Missing Or Malformed Content-Length" });
    } else if (length > this.#limits.bodyBytes) {
      this.#break({ status: 413, reason: "Request Entity Too Large" });
    } else if (head.length + length > this.#limits.streamBytes) {
      this.#break({ status: 513, reason: "Message Too Large" });
    } else {
      this.#phase = "body";
      this.#bodyBytesMissing = length;
      this.#finishBodyIfWhole();
    }
  }

  #readBody(bytes: string, position: number): number {
    const end = Math.min(bytes.length, position + this.#bodyBytesMissing);
    this.#bodyBytesMissing -= end - position;
    this.#keep(bytes, position, end);
    this.#finishBodyIfWhole();
    return end;
  }

  #finishBodyIfWhole(): void {
    if (this.#bodyBytesMissing === 0) {
      this.#items.push({ kind: "message", text: this.#pieces.join("") });
      this.#reset("between");
    }
  }

  #keep(bytes: string, start: number, end: number): void {
    if (end > start) {
      this.#pieces.push(start === 0 && end === bytes.length ? bytes : bytes.slice(start, end));
      this.#pendingBytes += end - start;
    }
  }

  #break(fault: MessageFault): void {
    this.#items.push({ kind: "broken", fault: this.#withAnswerable(fault) });
    this.#reset("broken");
  }

  /** What was read may be enough to answer; the length it claims is of no more use. */
  #withAnswerable(fault: MessageFault): MessageFault {
    const outcome = parseMessage(this.#pieces.join(""), this.#limits);
    const request = outcome.kind === "message" ? outcome.message : outcome.fault.answerable;
    return messageFault(fault.status, fault.reason, request);
  }

  #reset(phase: Phase): void {
    this.#phase = phase;
    this.#pieces = [];
    this.#pendingBytes = 0;
    this.#matched = 0;
  }
}

const STRAY = -1;

/** How much of CRLF CRLF has been seen after `code`; STRAY for a CR or LF that is no line break. */
function nextMatched(matched: number, code: number): number {
  const awaitsLf = matched === 1 || matched === 3;
  if (awaitsLf) {
    return code === LF ? matched + 1 : STRAY;
  }
  if (code === CR) {
    return matched + 1;
  }
  return code === LF ? STRAY : 0;
}

/** The value of the one Content-Length field of a head, or undefined. The parser reads the same. */
function contentLengthOf(head: string): number | undefined {
  let found: string | undefined;
  let lineStart = head.indexOf("\r\n") + 2;
  while (lineStart < head.length - 2) {
    const lineEnd = head.indexOf("\r\n", lineStart);
    const first = head.charCodeAt(lineStart) | 0x20;
    if (first === 0x63 || first === 0x6c) {
      const value = contentLengthValue(head, lineStart, lineEnd);
      if (value !== undefined && found !== undefined) {
        return undefined;
      }
      found ??= value;
    }
    lineStart = lineEnd + 2;
  }
  return found === undefined ? undefined : parseDecimal(found, 7);
}

function contentLengthValue(head: string, lineStart: number, lineEnd: number): string | undefined {
  const nameEnd = tokenEnd(head, lineStart);
  const colon = skipSpace(head, nameEnd);
  if (head.charCodeAt(colon) !== COLON || canonicalName(head.slice(lineStart, nameEnd)) !== "content-length") {
    return undefined;
  }
  let end = lineEnd;
  while (head.charCodeAt(end + 2) === SPACE || head.charCodeAt(end + 2) === TAB) {
    end = head.indexOf("\r\n", end + 2);
  }
  return collapseWhiteSpace(head.slice(colon + 1, end));
}
