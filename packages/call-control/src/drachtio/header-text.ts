import type { NativeMessage } from "./native.ts";
import type { SipHeaders } from "./types.ts";

const FORBIDDEN_IN_VALUE = /[\r\n\0]/;
const HEADER_NAME = /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/;
const URI_TEXT = /^(?:sips?|tel):[\x21-\x3b\x3d\x3f-\x7b\x7d\x7e]{1,512}$/; // no space, no <, >, | (the wire's separator)
const FOLD = /\r\n[ \t]+/g;

/** drachtio-srf keeps the case of these names; it has all others in lower case. */
function keepsCase(lowerName: string): boolean {
  return lowerName.startsWith("x-") || lowerName.startsWith("p-") || lowerName === "diversion";
}

/** Value of a header, unfolded; linear in the number of headers only for the names that drachtio-srf does not fold. */
export function headerOf(message: NativeMessage, name: string): string | undefined {
  const lowerName = name.toLowerCase();
  let value = Object.hasOwn(message.headers, lowerName) ? message.headers[lowerName] : undefined;
  if (value === undefined && keepsCase(lowerName)) {
    const key = Object.keys(message.headers).find((candidate) => candidate.toLowerCase() === lowerName);
    value = key === undefined ? undefined : message.headers[key];
  }
  return value?.includes("\r\n") === true ? value.replace(FOLD, " ").trim() : value?.trim();
}

export type HeaderTextOutcome =
  { readonly kind: "ok"; readonly headers: Record<string, string> } | { readonly kind: "bad"; readonly name: string };

/**
 * Headers in the form drachtio-srf sends. It writes values as they are (D6), so CR, LF and NUL are refused here; the
 * same freedom gives an array one line per value.
 */
export function headerText(headers: SipHeaders | undefined): HeaderTextOutcome {
  const text: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) {
      continue;
    }
    const values = typeof value === "string" ? [value] : value;
    if (!HEADER_NAME.test(name) || values.some((one) => FORBIDDEN_IN_VALUE.test(one))) {
      return { kind: "bad", name };
    }
    if (values.length > 0) {
      text[name] = values.length === 1 ? (values[0] ?? "") : values.join(`\r\n${name}: `);
    }
  }
  return { kind: "ok", headers: text };
}

/** False for a URI that could break out of a request line, a name-addr or a frame of the wire protocol. */
export function isSendableUri(uri: string): boolean {
  return URI_TEXT.test(uri);
}

/** drachtio-srf writes `body.length` as Content-Length, which is in characters: this has it in bytes. */
class ByteCountedBody {
  readonly length: number;
  readonly #text: string;

  constructor(text: string, length: number) {
    this.#text = text;
    this.length = length;
  }

  toString(): string {
    return this.#text;
  }
}

/** The body in a form whose `length` is in bytes; undefined for none. */
export function bodyText(body: string | undefined): string | ByteCountedBody | undefined {
  if (body === undefined || body === "") {
    return undefined;
  }
  const length = Buffer.byteLength(body);
  return length === body.length ? body : new ByteCountedBody(body, length);
}

/** `changes` over `base`; a header of `changes` replaces that of any case in `base`. */
export function mergeHeaders(base: SipHeaders | undefined, changes: SipHeaders | undefined): SipHeaders {
  if (base === undefined || changes === undefined) {
    return base ?? changes ?? {};
  }
  const changed = new Set(Object.keys(changes).map((name) => name.toLowerCase()));
  const kept = Object.entries(base).filter(([name]) => !changed.has(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...changes };
}
