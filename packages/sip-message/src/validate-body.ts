import { CR, LF, unquote } from "./characters.ts";
import type { MessageLimits } from "./limits.ts";
import type { MessageFault } from "./message-fault.ts";
import { parseParameters } from "./parameters.ts";
import { trimSpace } from "./white-space.ts";

/** Why a body is refused: its size, its lines of SDP, the depth of its parts. What a body means is for whoever reads it. */
export function bodyFault(body: string, contentType: string, limits: MessageLimits): MessageFault | undefined {
  if (body.length > limits.bodyBytes) {
    return { status: 413, reason: "Request Entity Too Large" };
  }
  if (body === "" || contentType === "") {
    return undefined;
  }
  return contentFault(body, { contentType, depth: 1, limits });
}

interface Content {
  readonly contentType: string;
  /** 1 for the body of the message. */
  readonly depth: number;
  readonly limits: MessageLimits;
}

function contentFault(content: string, of: Content): MessageFault | undefined {
  const { contentType, limits } = of;
  // A line of SDP has three bytes at least, so that most bodies need not be counted.
  if (content.length > 2 * limits.sdpLines && /^application\/sdp\b/i.test(contentType)) {
    return hasMoreLines(content, limits.sdpLines) ? { status: 488, reason: "SDP Too Long" } : undefined;
  }
  return /multipart\//i.test(contentType) ? multipartFault(content, of) : undefined;
}

function hasMoreLines(content: string, maximum: number): boolean {
  let lines = 0;
  for (let at = content.indexOf("\n"); at !== -1 && lines <= maximum; at = content.indexOf("\n", at + 1)) {
    lines += 1;
  }
  return lines > maximum;
}

/** Each level is read once, so that the work is the length of the body times `multipartDepth`. */
function multipartFault(content: string, of: Content): MessageFault | undefined {
  const { contentType, depth, limits } = of;
  if (depth > limits.multipartDepth) {
    return { status: 415, reason: "Multipart Nested Too Deep" };
  }
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) {
    return { status: 400, reason: "Malformed Content-Type" };
  }
  if (depth === 1 && hasSlowTypeLine(content)) {
    return { status: 400, reason: "Malformed Body Part" };
  }
  for (const part of partsOf(content, boundary)) {
    const headEnd = part.indexOf("\r\n\r\n");
    const type = headEnd === -1 ? "" : contentTypeOf(part.slice(0, headEnd));
    const fault =
      type === "" ? undefined : contentFault(part.slice(headEnd + 4), { ...of, contentType: type, depth: depth + 1 });
    if (fault !== undefined) {
      return fault;
    }
  }
  return undefined;
}

const LONGEST_BOUNDARY = 70; // RFC 2046 §5.1.1

function boundaryOf(contentType: string): string | undefined {
  const semicolon = contentType.indexOf(";");
  const boundary = semicolon === -1 ? undefined : parseParameters(contentType, semicolon)?.get("boundary");
  const text = boundary === undefined ? "" : unquote(boundary);
  return text === "" || text.length > LONGEST_BOUNDARY ? undefined : text;
}

/** What stands between the delimiter lines, header fields included; what is before the first and after the last is no part. */
function* partsOf(content: string, boundary: string): Generator<string> {
  const delimiter = `\r\n--${boundary}`;
  // The first delimiter may stand at the very beginning, without a line break before it.
  let at = content.startsWith(delimiter.slice(2)) ? -2 : content.indexOf(delimiter);
  while (at !== -1) {
    const start = at + delimiter.length;
    const next = content.indexOf(delimiter, start);
    if (content.startsWith("--", start)) {
      return;
    }
    yield content.slice(start, next === -1 ? content.length : next);
    at = next;
  }
}

/** The type of a part, from its header fields. */
function contentTypeOf(head: string): string {
  for (const line of head.replace(/\r\n[ \t]+/g, " ").split("\r\n")) {
    if (/^content-type[ \t]*:/i.test(line)) {
      return trimSpace(line.slice(line.indexOf(":") + 1));
    }
  }
  return "";
}

const TYPE_LINE = "Content-Type:";
const MOST_WHITE_SPACE = 8;

/**
 * drachtio-srf searches every part for `Content-Type:`, white space and the rest of a line, in quadratic time when the
 * white space is long or the line does not end in CR LF.
 */
function hasSlowTypeLine(content: string): boolean {
  let lineEnd = 0;
  for (let at = content.indexOf(TYPE_LINE); at !== -1; at = content.indexOf(TYPE_LINE, at + 1)) {
    let start = at + TYPE_LINE.length;
    while (maybeWhite(content.charCodeAt(start))) {
      start += 1;
    }
    if (start - at > TYPE_LINE.length + MOST_WHITE_SPACE) {
      return true;
    }
    if (lineEnd < start) {
      lineEnd = endOfLine(content, start);
    }
    if (!content.startsWith("\r\n", lineEnd)) {
      return true;
    }
  }
  return false;
}

/** White space of a regular expression, or a byte of one beyond ASCII. */
function maybeWhite(code: number): boolean {
  return code <= 0x20 || code >= 0x80;
}

/** Where `.` of a regular expression stops in the text that drachtio-srf decodes: at CR, LF, U+2028 and U+2029. */
function endOfLine(content: string, start: number): number {
  let end = start;
  while (end < content.length && !endsLine(content, end)) {
    end += 1;
  }
  return end;
}

function endsLine(content: string, at: number): boolean {
  const code = content.charCodeAt(at);
  return code === CR || code === LF || (code === 0xe2 && /^\x80[\xa8\xa9]/.test(content.slice(at + 1, at + 3)));
}
