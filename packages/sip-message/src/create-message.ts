import { type HeaderField, type HeaderList, createHeaderList, fieldListOf } from "./header-list.ts";
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

function responseHeaders(request: SipRequest, { status, toTag, headers }: ResponseHeaderParts): HeaderList {
  const fields: HeaderField[] = [];
  const copied = fieldListOf(request.headers);
  const formsDialog = status > 100 && status < 300 && DIALOG_METHODS.includes(request.method);
  const copy = (name: string, key: string): void => {
    for (const value of copied.all(key)) {
      fields.push({ name, value });
    }
  };
  // Once each, though a request that is refused may have several.
  const copyOne = (name: string, value: string | undefined): void => {
    if (value !== undefined) {
      fields.push({ name, value });
    }
  };
  copy("Via", "via");
  if (formsDialog) {
    copy("Record-Route", "record-route");
  }
  const to = copied.get("to");
  copyOne("From", copied.get("from"));
  copyOne("To", to === undefined || toTag === undefined || tagOf(to) !== undefined ? to : `${to};tag=${toTag}`);
  copyOne("Call-ID", copied.get("call-id"));
  copyOne("CSeq", copied.get("cseq"));
  if (status === 100) {
    copyOne("Timestamp", copied.get("timestamp")); // RFC 3261 §8.2.6.1
  }
  fields.push(...headers);
  return createHeaderList(fields);
}
