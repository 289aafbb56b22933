import { isByteText, isSafe, isToken } from "./characters.ts";
import { SipMessageError } from "./errors.ts";
import { type FieldList, fieldListOf } from "./header-list.ts";
import type { SipMessage } from "./message.ts";

let lastMessage: SipMessage | undefined;
let lastText = "";

/**
 * Writes a message as byte text, with Content-Length from the body in place of any in the list. Throws
 * `SipMessageError` UNSAFE_HEADER rather than write CR, LF or NUL outside the body, or a name that is no token, and
 * UNSAFE_BODY for text that was not made byte text. The last text is remembered, because what was sent is then told.
 */
export function serializeMessage(message: SipMessage): string {
  if (message !== lastMessage) {
    lastText = textOf(message);
    lastMessage = message;
  }
  return lastText;
}

function textOf(message: SipMessage): string {
  const headers = fieldListOf(message.headers);
  if (!headers.safe) {
    refuseUnsafeField(headers);
  }
  if (!isByteText(message.body)) {
    throw new SipMessageError("UNSAFE_BODY");
  }
  const head = headers.format(startLine(message), "content-length");
  return `${head}\r\nContent-Length: ${message.body.length}\r\n\r\n${message.body}`;
}

function startLine(message: SipMessage): string {
  if (message.kind === "response") {
    const { status, reason } = message;
    if (!isSafe(reason) || !Number.isInteger(status) || status < 100 || status > 699) {
      throw new SipMessageError("UNSAFE_HEADER", { status, reason });
    }
    return `SIP/2.0 ${status} ${reason}`;
  }
  const { method, uri } = message;
  // A space would make another start line of it just as a line break would.
  if (!isToken(method) || uri === "" || !isSafe(uri) || /[\t ]/.test(uri)) {
    throw new SipMessageError("UNSAFE_HEADER", { method, uri });
  }
  return `${method} ${uri} SIP/2.0`;
}

function refuseUnsafeField(headers: FieldList): void {
  for (let index = 0; index < headers.length; index += 1) {
    if (!isToken(headers.nameAt(index)) || !isSafe(headers.valueAt(index))) {
      throw new SipMessageError("UNSAFE_HEADER", { name: headers.nameAt(index) });
    }
  }
}
