/** Why a byte stream can no longer be read as frames. */
export type FrameFault = "malformed length" | "frame too long";

const LENGTH_DIGITS_MAX = 7;
const HASH = 35;
const DIGIT_ZERO = 48;
const DIGIT_NINE = 57;
const INCOMPLETE = -1;

/** `<byte length>#<frame>`; the frame is byte text, so that its length is its number of bytes. */
export function encodeFrame(frame: string): string {
  return `${frame.length}#${frame}`;
}

/**
 * Cuts a stream of byte text into frames. An unfinished frame is kept and looked at again only when the whole of it can be
 * there, so that the work is linear in the bytes however they are split. After a fault nothing more is read.
 */
export class FrameReader {
  /** Longest frame that is accepted, in bytes; may be raised when the peer has authenticated. */
  limitBytes: number;
  #text = "";
  #needed = 0;
  #fault: FrameFault | undefined;
  #stopped = false;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** Gives each complete frame to `onFrame`. Returns the fault that ends this stream, if there is one. */
  push(text: string, onFrame: (frame: string) => void): FrameFault | undefined {
    if (this.#fault !== undefined || this.#stopped) {
      return this.#fault;
    }
    this.#text += text;
    return this.#text.length < this.#needed ? undefined : this.#cut(this.#text, onFrame);
  }

  /** Drops what is buffered and ignores everything that still comes. */
  stop(): void {
    this.#stopped = true;
    this.#text = "";
  }

  #cut(text: string, onFrame: (frame: string) => void): FrameFault | undefined {
    let offset = 0;
    this.#needed = 0;
    while (offset < text.length && !this.#stopped) {
      const hash = this.#findHash(text, offset);
      if (hash === INCOMPLETE || this.#fault !== undefined) {
        break;
      }
      const end = hash + 1 + Number(text.slice(offset, hash));
      if (end > text.length) {
        this.#needed = end - offset;
        break;
      }
      offset = end;
      onFrame(text.slice(hash + 1, end));
    }
    this.#text = this.#fault === undefined ? text.slice(offset) : "";
    return this.#fault;
  }

  /** Index of the `#` after a well-formed length that is within the limit. */
  #findHash(text: string, from: number): number {
    const last = Math.min(text.length, from + LENGTH_DIGITS_MAX + 1);
    for (let index = from; index < last; index += 1) {
      const code = text.charCodeAt(index);
      if (code === HASH && index > from) {
        const length = Number(text.slice(from, index));
        if (length === 0) {
          this.#fault = "malformed length";
        } else if (length > this.limitBytes) {
          this.#fault = "frame too long";
        }
        return index;
      }
      if (code < DIGIT_ZERO || code > DIGIT_NINE) {
        this.#fault = "malformed length";
        return INCOMPLETE;
      }
    }
    if (text.length - from > LENGTH_DIGITS_MAX) {
      this.#fault = "malformed length";
    }
    return INCOMPLETE;
  }
}
