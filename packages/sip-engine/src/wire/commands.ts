import type { HeaderField } from "@mss/sip-message";

/** A SIP message of an application: what it left out is the engine's to fill in. Byte text, like everything here. */
export interface AppMessage {
  readonly startLine: string;
  readonly headers: readonly HeaderField[];
  readonly body: string;
}

/** What an application asks for: `id|command|…`. The answer carries the same id. */
export type Command =
  | { readonly kind: "authenticate"; readonly id: string; readonly secret: string; readonly tags: readonly string[] }
  | { readonly kind: "route"; readonly id: string; readonly verb: string }
  | { readonly kind: "remove-route"; readonly id: string; readonly verb: string }
  | { readonly kind: "ping"; readonly id: string }
  | SipCommand
  | ProxyCommand
  | { readonly kind: "malformed"; readonly id: string; readonly reason: string };

/**
 * A message to send. Without ids a new request; with a transaction alone an answer (or the CANCEL of a request); with a
 * dialog a request within it. `nextHop` is the URI of an outbound proxy, or empty.
 */
export interface SipCommand {
  readonly kind: "sip";
  readonly id: string;
  readonly transactionId: string;
  readonly dialogId: string;
  readonly nextHop: string;
  readonly message: AppMessage;
}

/** Lets the engine proxy a request that waits for an answer. Times are as they were written: `2s`, `1500ms`, or empty. */
export interface ProxyCommand {
  readonly kind: "proxy";
  readonly id: string;
  readonly transactionId: string;
  /** Record-Route, or Path in a REGISTER. */
  readonly remainInDialog: boolean;
  /** Final responses are told as they come, not only that the request left. */
  readonly fullResponse: boolean;
  readonly followRedirects: boolean;
  readonly simultaneous: boolean;
  readonly provisionalTimeout: string;
  readonly finalTimeout: string;
  readonly destinations: readonly string[];
  readonly headers: readonly HeaderField[];
}

const CRLF = "\r\n";
const END_OF_HEADERS = "\r\n\r\n";
const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;
const TAB = 9;
const SPACE = 32;
const DELETE = 127;

/** CR and LF would make another header of the rest of a value; the others have no business there either. */
function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if ((code < SPACE && code !== TAB) || code === DELETE) {
      return true;
    }
  }
  return false;
}

function parseHeaderLine(line: string): HeaderField | undefined {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0)).trim();
  const value = line.slice(colon + 1).trim();
  return TOKEN.test(name) && !hasControlCharacter(value) ? { name, value } : undefined;
}

/** Undefined when a header line has no proper name, or a control character (a lone CR or LF) in its value. */
export function parseAppMessage(text: string): AppMessage | undefined {
  const end = text.indexOf(END_OF_HEADERS);
  const head = end < 0 ? text : text.slice(0, end);
  const lines = head.split(CRLF);
  const headers: HeaderField[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    if (line === "") {
      continue;
    }
    const field = parseHeaderLine(line);
    if (field === undefined) {
      return undefined;
    }
    headers.push(field);
  }
  const startLine = lines[0] ?? "";
  if (startLine === "" || hasControlCharacter(startLine)) {
    return undefined;
  }
  return { startLine, headers, body: end < 0 ? "" : text.slice(end + END_OF_HEADERS.length) };
}

function parseSip(tokens: readonly string[], rest: string): Command {
  const id = tokens[0] ?? "";
  const message = parseAppMessage(rest);
  if (tokens.length < 4 || message === undefined) {
    return { kind: "malformed", id, reason: "Invalid message format" };
  }
  return {
    kind: "sip",
    id,
    transactionId: tokens[2] ?? "",
    dialogId: tokens[3] ?? "",
    nextHop: tokens[4] ?? "",
    message,
  };
}

const PROXY_TOKENS_MIN = 10;

function parseProxy(tokens: readonly string[], rest: string): Command {
  const [id = "", , transactionId = "", remain, full, redirects, forking] = tokens;
  const message = rest === "" ? undefined : parseAppMessage(rest);
  if (tokens.length < PROXY_TOKENS_MIN || (rest !== "" && message === undefined)) {
    return { kind: "malformed", id, reason: "Invalid proxy request: not enough information provided" };
  }
  return {
    kind: "proxy",
    id,
    transactionId,
    remainInDialog: remain === "remainInDialog",
    fullResponse: full === "fullResponse",
    followRedirects: redirects === "followRedirects",
    simultaneous: forking === "simultaneous",
    provisionalTimeout: tokens[7] ?? "",
    finalTimeout: tokens[8] ?? "",
    destinations: tokens.slice(PROXY_TOKENS_MIN - 1),
    headers: message?.headers ?? [],
  };
}

/** Reads one frame of an application. Never throws: what it cannot read is `malformed`, with the reason to answer. */
export function parseCommand(frame: string): Command {
  const lineEnd = frame.indexOf(CRLF);
  const tokens = (lineEnd < 0 ? frame : frame.slice(0, lineEnd)).split("|");
  const id = tokens[0] ?? "";
  switch (tokens[1]) {
    case "sip": {
      return parseSip(tokens, lineEnd < 0 ? "" : frame.slice(lineEnd + CRLF.length));
    }
    case "authenticate": {
      const tags = (tokens[3] ?? "").split(",").filter((tag) => tag !== "");
      return { kind: "authenticate", id, secret: tokens[2] ?? "", tags };
    }
    case "route": {
      return { kind: "route", id, verb: tokens[2] ?? "" };
    }
    case "remove_route": {
      return { kind: "remove-route", id, verb: tokens[2] ?? "" };
    }
    case "ping": {
      return { kind: "ping", id };
    }
    case "proxy": {
      return parseProxy(tokens, lineEnd < 0 ? "" : frame.slice(lineEnd + CRLF.length));
    }
    case undefined: {
      return { kind: "malformed", id, reason: "Invalid message format" };
    }
    default: {
      return { kind: "malformed", id, reason: "Unknown message type" };
    }
  }
}
