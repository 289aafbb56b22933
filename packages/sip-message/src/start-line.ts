import { SPACE, isSafe, isToken, parseDecimal } from "./characters.ts";
import type { MessageFault } from "./message-fault.ts";

/** A line that is at fault still says what it can, so that a request may be answered. */
export type StartLine = RequestLine | StatusLine;

export interface RequestLine {
  readonly kind: "request";
  readonly method: string;
  readonly uri: string;
  readonly fault?: MessageFault;
}

export interface StatusLine {
  readonly kind: "response";
  readonly status: number;
  readonly reason: string;
  readonly fault?: MessageFault;
}

/** RFC 3261 §7.1 and §7.2: exactly one space between the parts. Another version of SIP is answered 505. */
export function parseStartLine(line: string): StartLine {
  // `/` is no character of a method, so nothing but a response begins like this.
  return line.slice(0, 4).toUpperCase() === "SIP/" ? parseStatusLine(line) : parseRequestLine(line);
}

function parseRequestLine(line: string): RequestLine {
  const methodEnd = line.indexOf(" ");
  const uriEnd = line.lastIndexOf(" ");
  const method = line.slice(0, Math.max(methodEnd, 0));
  const uri = line.slice(methodEnd + 1, Math.max(uriEnd, 0));
  const version = line.slice(uriEnd + 1);
  if (version !== "SIP/2.0" && version.toUpperCase() !== "SIP/2.0") {
    const other = /^SIP\/[0-9]+\.[0-9]+$/i.test(version) && isToken(method);
    return { kind: "request", method, uri, fault: other ? VERSION_FAULT : LINE_FAULT };
  }
  if (methodEnd === uriEnd || !isToken(method) || !isRequestUri(uri)) {
    return { kind: "request", method, uri, fault: LINE_FAULT };
  }
  return { kind: "request", method, uri };
}

function parseStatusLine(line: string): StatusLine {
  const status = parseDecimal(line.slice(8, 11), 3) ?? 0;
  const reason = line.slice(12);
  const wellFormed =
    line.slice(0, 8).toUpperCase() === "SIP/2.0 " &&
    status >= 100 &&
    status <= 699 &&
    (line.length === 11 || line.charCodeAt(11) === SPACE) &&
    isReason(reason);
  return wellFormed ? { kind: "response", status, reason } : { kind: "response", status, reason, fault: LINE_FAULT };
}

const LINE_FAULT: MessageFault = { status: 400, reason: "Malformed Start Line" };
const VERSION_FAULT: MessageFault = { status: 505, reason: "Version Not Supported" };

/** One run of visible characters; its grammar is checked later. */
function isRequestUri(uri: string): boolean {
  for (let index = 0; index < uri.length; index += 1) {
    const code = uri.charCodeAt(index);
    if (code <= SPACE || code === 0x7f) {
      return false;
    }
  }
  return uri !== "";
}

function isReason(reason: string): boolean {
  for (let index = 0; index < reason.length; index += 1) {
    const code = reason.charCodeAt(index);
    if (code < SPACE && code !== 0x09) {
      return false;
    }
  }
  return isSafe(reason);
}
