import { parseDecimal } from "./characters.ts";
import { readHead } from "./head-reader.ts";
import type { FieldList } from "./header-list.ts";
import { DEFAULT_LIMITS, type MessageLimits } from "./limits.ts";
import type { SipMessage } from "./message.ts";
import { type MessageFault, messageFault } from "./message-fault.ts";
import { type StartLine, parseStartLine } from "./start-line.ts";

export type ParseOutcome =
  | { readonly kind: "message"; readonly message: SipMessage }
  | { readonly kind: "malformed"; readonly fault: MessageFault };

/**
 * Reads one message, a datagram or what a stream framer has cut out, in one linear pass. Folding is undone and white
 * space collapsed; header values are not looked into (see `validateMessage`), except Content-Length, to which the body
 * is cut: bytes after it are ignored, a body that is too short is a fault (RFC 3261 §18.3).
 */
export function parseMessage(text: string, limits: MessageLimits = DEFAULT_LIMITS): ParseOutcome {
  return parseWithin(text, limits.streamBytes, limits);
}

/** `parseMessage` with the limit of a datagram. */
export function parseDatagram(text: string, limits: MessageLimits = DEFAULT_LIMITS): ParseOutcome {
  return parseWithin(text, limits.datagramBytes, limits);
}

function parseWithin(text: string, maximumBytes: number, limits: MessageLimits): ParseOutcome {
  if (text.length > maximumBytes) {
    return malformed(readOversized(text.slice(0, maximumBytes), limits));
  }
  const lineStart = skipLineBreaks(text);
  const lineEnd = text.indexOf("\r\n", lineStart);
  const startLine = parseStartLine(text.slice(lineStart, lineEnd === -1 ? text.length : lineEnd));
  const head = readHead(text, lineEnd === -1 ? text.length : lineEnd + 2, limits);
  const body = bodyOf(text.slice(head.end), head.fields, limits);
  const fault =
    startLine.fault ??
    (lineEnd - lineStart > limits.lineBytes ? { status: 414, reason: "Start Line Too Long" } : undefined) ??
    head.fault ??
    body.fault;
  const message = toMessage(startLine, head.fields, body.text);
  if (fault !== undefined) {
    return malformed(messageFault(fault.status, fault.reason, message));
  }
  return { kind: "message", message };
}

function malformed(fault: MessageFault): ParseOutcome {
  return { kind: "malformed", fault };
}

/** What fits of the message may be enough to answer it. */
function readOversized(text: string, limits: MessageLimits): MessageFault {
  const outcome = parseWithin(text, text.length, limits);
  const request = outcome.kind === "message" ? outcome.message : outcome.fault.answerable;
  return messageFault(513, "Message Too Large", request);
}

function toMessage(line: StartLine, headers: FieldList, body: string): SipMessage {
  return line.kind === "request"
    ? { kind: "request", method: line.method, uri: line.uri, headers, body }
    : { kind: "response", status: line.status, reason: line.reason, headers, body };
}

/** RFC 3261 §7.5: line breaks before a message are ignored. */
function skipLineBreaks(text: string): number {
  let start = 0;
  while (text.startsWith("\r\n", start)) {
    start += 2;
  }
  return start;
}

interface Body {
  readonly text: string;
  readonly fault?: MessageFault;
}

function bodyOf(rest: string, headers: FieldList, limits: MessageLimits): Body {
  const value = headers.get("content-length");
  if (value === undefined) {
    return withinLimit(rest, limits);
  }
  const length = parseDecimal(value, 7);
  if (length === undefined || headers.all("content-length").length > 1) {
    return { text: "", fault: { status: 400, reason: "Malformed Content-Length" } };
  }
  if (length > rest.length) {
    return { text: "", fault: { status: 400, reason: "Body Shorter Than Content-Length" } };
  }
  return withinLimit(length === rest.length ? rest : rest.slice(0, length), limits);
}

function withinLimit(text: string, limits: MessageLimits): Body {
  return text.length > limits.bodyBytes
    ? { text: "", fault: { status: 413, reason: "Request Entity Too Large" } }
    : { text };
}
