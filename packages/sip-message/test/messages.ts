import assert from "node:assert/strict";
import {
  type HeaderField,
  type MessageFault,
  type SipMessage,
  type SipRequest,
  parseMessage,
  validateMessage,
} from "@mss/sip-message";

/** The header fields of an OPTIONS that nothing is wrong with. */
const FIELDS: readonly string[] = [
  "Via: SIP/2.0/UDP 127.11.0.1:5060;branch=z9hG4bK77",
  "From: <sip:1000@hk.example.com>;tag=a",
  "To: <sip:4000@london.example.com>",
  "Call-ID: c1@127.11.0.1",
  "CSeq: 1 OPTIONS",
  "Max-Forwards: 70",
];

export interface Changes {
  readonly startLine?: string;
  /** Replace the fields of the same written name. */
  readonly fields?: readonly string[];
  readonly without?: readonly string[];
  /** Appended as they are. */
  readonly extra?: readonly string[];
  readonly body?: string;
}

/** The text of a good OPTIONS with changes. */
export function wire({ startLine, fields = [], without = [], extra = [], body = "" }: Changes = {}): string {
  const replaced = [...fields.map(nameOf), ...without];
  const kept = FIELDS.filter((field) => !replaced.includes(nameOf(field)));
  const start = startLine ?? "OPTIONS sip:4000@london.example.com SIP/2.0";
  return [start, ...kept, ...fields, ...extra, "", body].join("\r\n");
}

function nameOf(field: string): string {
  return field.slice(0, field.indexOf(":"));
}

/** Parses and validates, as the engine does. */
export function judge(text: string): MessageFault | undefined {
  const outcome = parseMessage(text);
  return outcome.kind === "message" ? validateMessage(outcome.message) : outcome.fault;
}

export function parsed(text: string): SipMessage {
  const outcome = parseMessage(text);
  assert.equal(outcome.kind, "message", JSON.stringify(outcome));
  return outcome.kind === "message" ? outcome.message : assert.fail();
}

export function parsedRequest(text: string): SipRequest {
  const message = parsed(text);
  return message.kind === "request" ? message : assert.fail("a response");
}

export function fieldsOf(message: SipMessage): readonly HeaderField[] {
  return [...message.headers];
}
