import type { HeaderField, MessageFault, SipMessage, SipRequest } from "@mss/sip-message";
import { messageFault, parseCSeq, splitList, tagOf } from "@mss/sip-message";

/** A message that is not passed on, and what answers it; without `answerable` nothing does. */
export interface Refusal extends MessageFault {
  /** Headers that belong to the status, such as Allow. */
  readonly headers?: readonly HeaderField[];
}

/** What a node takes of requests that are well-formed. What is left out is taken, whatever it is. */
export interface AdmissionPolicy {
  /** Methods, exactly as they are written; others are 501. RFC 3261 §8.2.1, §21.5.2. */
  readonly methods?: readonly string[];
  /** Option tags, in lower case, that a request may require of us; others are 420. RFC 3261 §8.2.2.3. */
  readonly optionTags?: readonly string[];
  /** The same for Proxy-Require. RFC 3261 §16.3 step 5. */
  readonly proxyOptionTags?: readonly string[];
  /** Media types of an INVITE's body, in lower case; others are 415. RFC 3261 §8.2.3. */
  readonly inviteTypes?: readonly string[];
  /** Requests that start something new and have no hop left are 483, OPTIONS excepted. RFC 3261 §16.3. */
  readonly checksHops?: boolean;
}

/** Requests of another method, and responses to none of ours, which nobody answers. */
export function methodRefusal(message: SipMessage, { methods }: AdmissionPolicy): Refusal | undefined {
  const method = message.kind === "request" ? message.method : parseCSeq(message.headers.get("cseq") ?? "")?.method;
  if (methods === undefined || method === undefined || methods.includes(method)) {
    return undefined;
  }
  return refusal(message, { status: 501, reason: "Not Implemented", header: ["Allow", methods] });
}

/** Of a message that is valid. */
export function policyRefusal(message: SipMessage, policy: AdmissionPolicy): Refusal | undefined {
  // RFC 3261 §8.2.2.3: what ACK and CANCEL require is ignored. They belong to what was let in before.
  if (message.kind === "response" || message.method === "ACK" || message.method === "CANCEL") {
    return undefined;
  }
  return hopRefusal(message, policy) ?? optionRefusal(message, policy) ?? typeRefusal(message, policy);
}

function hopRefusal(request: SipRequest, { checksHops }: AdmissionPolicy): Refusal | undefined {
  const { method, headers } = request;
  const isSpent = checksHops === true && Number(headers.get("max-forwards")) === 0 && headers.has("max-forwards");
  return isSpent && method !== "OPTIONS" && tagOf(headers.get("to") ?? "") === undefined
    ? refusal(request, { status: 483, reason: "Too Many Hops" })
    : undefined;
}

function optionRefusal(request: SipRequest, policy: AdmissionPolicy): Refusal | undefined {
  const { headers } = request;
  const unknown = [
    ...unknownOptions(headers.all("require"), policy.optionTags),
    ...unknownOptions(headers.all("proxy-require"), policy.proxyOptionTags),
  ];
  return unknown.length === 0
    ? undefined
    : refusal(request, { status: 420, reason: "Bad Extension", header: ["Unsupported", unknown] });
}

function unknownOptions(values: readonly string[], known: readonly string[] | undefined): readonly string[] {
  return known === undefined || values.length === 0
    ? []
    : values.flatMap(splitList).filter((tag) => !known.includes(tag.toLowerCase()));
}

function typeRefusal(request: SipRequest, { inviteTypes }: AdmissionPolicy): Refusal | undefined {
  if (inviteTypes === undefined || request.method !== "INVITE" || request.body === "") {
    return undefined;
  }
  const { headers } = request;
  const type = (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const isOptional = /;\s*handling\s*=\s*optional\b/i.test(headers.get("content-disposition") ?? "");
  return isOptional || inviteTypes.includes(type)
    ? undefined
    : refusal(request, { status: 415, reason: "Unsupported Media Type", header: ["Accept", inviteTypes] });
}

interface RefusalParts {
  readonly status: number;
  readonly reason: string;
  readonly header?: readonly [name: string, values: readonly string[]];
}

function refusal(message: SipMessage, { status, reason, header }: RefusalParts): Refusal {
  const fault = messageFault(status, reason, message);
  const headers: readonly HeaderField[] =
    header === undefined ? [] : [{ name: header[0], value: header[1].join(", ") }];
  return { ...fault, headers };
}
