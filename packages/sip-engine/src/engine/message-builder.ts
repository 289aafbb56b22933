import { randomUUID } from "node:crypto";
import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";
import { createRequest, createResponse } from "@mss/sip-message";

export interface RequestParts {
  readonly method: string;
  readonly uri: string;
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly sequence: number;
  readonly routes?: readonly string[];
  readonly contact?: string | undefined;
  readonly maxForwards?: string | undefined;
  readonly others?: readonly HeaderField[];
  readonly contentType?: string | undefined;
  readonly body?: string;
}

export interface ResponseParts {
  readonly status: number;
  readonly reason: string;
  /** Put on the To header when the request's has no tag. */
  readonly toTag?: string | undefined;
  readonly contact?: string | undefined;
  readonly reliableSequence?: number | undefined;
  readonly others?: readonly HeaderField[];
  readonly contentType?: string | undefined;
  readonly body?: string;
}

const MAX_FORWARDS = "70"; // RFC 3261 §8.1.1.6
const SEQUENCE_START_LIMIT = 0x1000_0000; // far below 2^31, so that no dialog comes near it. RFC 3261 §8.1.1.5

/** Call-ID of a call that we start. */
export function newCallId(): string {
  return randomUUID();
}

/** First CSeq number of a call that we start. */
export function newSequence(): number {
  return 1 + Math.floor(Math.random() * SEQUENCE_START_LIMIT); // needs no secrecy, only to differ
}

/** A request without Via, which the transaction layer puts on it. */
export function buildRequest(parts: RequestParts): SipRequest {
  const fields: HeaderField[] = [{ name: "Max-Forwards", value: parts.maxForwards ?? MAX_FORWARDS }];
  for (const value of parts.routes ?? []) {
    fields.push({ name: "Route", value });
  }
  fields.push(
    { name: "From", value: parts.from },
    { name: "To", value: parts.to },
    { name: "Call-ID", value: parts.callId },
    { name: "CSeq", value: `${parts.sequence} ${parts.method}` },
  );
  if (parts.contact !== undefined) {
    fields.push({ name: "Contact", value: parts.contact });
  }
  fields.push(...(parts.others ?? []));
  if (parts.contentType !== undefined) {
    fields.push({ name: "Content-Type", value: parts.contentType });
  }
  return createRequest({ method: parts.method, uri: parts.uri, headers: fields, body: parts.body ?? "" });
}

/** A response with what every response takes over from its request. RFC 3261 §8.2.6.2. */
export function buildResponse(request: SipRequest, parts: ResponseParts): SipResponse {
  const fields: HeaderField[] = [];
  if (parts.contact !== undefined) {
    fields.push({ name: "Contact", value: parts.contact });
  }
  if (parts.reliableSequence !== undefined) {
    fields.push({ name: "RSeq", value: String(parts.reliableSequence) });
  }
  fields.push(...(parts.others ?? []));
  if (parts.contentType !== undefined) {
    fields.push({ name: "Content-Type", value: parts.contentType });
  }
  const { status, reason, toTag, body = "" } = parts;
  return createResponse(request, status, { reason, headers: fields, body, ...(toTag === undefined ? {} : { toTag }) });
}
