import { isSafe } from "./characters.ts";
import { FieldList, type HeaderField, type HeaderList, createHeaderList, fieldListOf } from "./header-list.ts";
import { type HeaderName, headerName } from "./header-name.ts";
import type { SipRequest, SipResponse } from "./message.ts";
import { tagOf } from "./name-address.ts";
import { reasonPhrase } from "./reason-phrase.ts";

export interface RequestParts {
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly HeaderField[];
  readonly body?: string;
}

export interface ResponseOptions {
  /** Default: the registered phrase. */
  readonly reason?: string;
  /** Tag for To when the request has none there. */
  readonly toTag?: string;
  /** Appended after the copied ones. */
  readonly headers?: readonly HeaderField[];
  readonly body?: string;
}

/** Content-Length is not among the headers: `serializeMessage` writes it from the body. */
export function createRequest({ method, uri, headers, body = "" }: RequestParts): SipRequest {
  return { kind: "request", method, uri, headers: createHeaderList(headers), body };
}

/** RFC 3261 §8.2.6.2: Via, From, To, Call-ID and CSeq as in the request; Record-Route where a dialog may form (§12.1.1). */
export function createResponse(request: SipRequest, status: number, options: ResponseOptions = {}): SipResponse {
  const { reason = reasonPhrase(status), toTag, headers = [], body = "" } = options;
  return { kind: "response", status, reason, headers: responseHeaders(request, { status, toTag, headers }), body };
}

const DIALOG_METHODS = ["INVITE", "SUBSCRIBE", "REFER"];

interface ResponseHeaderParts {
  readonly status: number;
  readonly toTag: string | undefined;
  readonly headers: readonly HeaderField[];
}

const VIA = headerName("Via");
const RECORD_ROUTE = headerName("Record-Route");
const FROM = headerName("From");
const TO = headerName("To");
const CALL_ID = headerName("Call-ID");
const CSEQ = headerName("CSeq");
const TIMESTAMP = headerName("Timestamp");

function responseHeaders(request: SipRequest, { status, toTag, headers }: ResponseHeaderParts): HeaderList {
  const copied = fieldListOf(request.headers);
  const draft = new Draft();
  draft.copyAll(copied, VIA);
  if (status > 100 && status < 300 && DIALOG_METHODS.includes(request.method)) {
    draft.copyAll(copied, RECORD_ROUTE);
  }
  // Once each, though a request that is refused may have several.
  draft.copyFirst(copied, FROM);
  const to = copied.get("to");
  if (to === undefined || toTag === undefined || tagOf(to) !== undefined) {
    draft.copyFirst(copied, TO);
  } else {
    draft.add(TO, `${to};tag=${toTag}`);
  }
  draft.copyFirst(copied, CALL_ID);
  draft.copyFirst(copied, CSEQ);
  if (status === 100) {
    draft.copyFirst(copied, TIMESTAMP); // RFC 3261 §8.2.6.1
  }
  for (const { name, value } of headers) {
    draft.add(headerName(name), value);
  }
  return draft.list();
}

/** A list that is being made. What is copied from a list whose values are safe to write is not looked at again. */
class Draft {
  readonly #names: HeaderName[] = [];
  readonly #values: string[] = [];
  #safe = true;

  add(name: HeaderName, value: string): void {
    this.#safe &&= name.isToken && isSafe(value);
    this.#names.push(name);
    this.#values.push(value);
  }

  copyAll(from: FieldList, name: HeaderName): void {
    for (const value of from.all(name.key)) {
      this.#copy(from, name, value);
    }
  }

  copyFirst(from: FieldList, name: HeaderName): void {
    const value = from.get(name.key);
    if (value !== undefined) {
      this.#copy(from, name, value);
    }
  }

  list(): HeaderList {
    return new FieldList(this.#names, this.#values, this.#safe);
  }

  #copy(from: FieldList, name: HeaderName, value: string): void {
    this.#safe &&= from.safe || isSafe(value);
    this.#names.push(name);
    this.#values.push(value);
  }
}
