import type { Binding, TransportAddress } from "@mss/model";
import { sipUrisEqual } from "@mss/sip-message";
import { parseRegisterContacts } from "./register-contacts.ts";
import type { RegisteredContact } from "./register-contacts.ts";

/** The parts of a REGISTER that decide what it changes; header values as they came. */
export interface RegisterRequest {
  readonly aor: string;
  readonly callId: string;
  readonly cseq: number;
  /** Value of the Contact header, comma-separated where there were several; absent for a query. */
  readonly contact?: string;
  readonly expires?: string;
  /** Where the request came from. */
  readonly source: TransportAddress;
  readonly userAgent?: string;
}

export interface RegistrationLimits {
  readonly minExpiresSeconds: number;
  readonly maxExpiresSeconds: number;
  readonly defaultExpiresSeconds: number;
  readonly maxContacts: number;
}

export type RegisterRefusal =
  /** A Contact that does not parse, or is not a sip: URI with a host. */
  | { readonly kind: "badContact" }
  /** `Contact: *` beside other contacts, or without `Expires: 0`. RFC 3261 §10.3 step 6. */
  | { readonly kind: "badWildcard" }
  | { readonly kind: "intervalTooBrief"; readonly minExpiresSeconds: number }
  | { readonly kind: "outOfOrder" }
  | { readonly kind: "tooManyContacts"; readonly limit: number };

export type RegisterChange =
  | { readonly kind: "query" }
  | { readonly kind: "clear" }
  | { readonly kind: "apply"; readonly set: readonly Binding[]; readonly remove: readonly string[] }
  | RegisterRefusal;

export interface RegistrarState {
  /** What is bound to the address of record now. */
  readonly current: readonly Binding[];
  readonly nowMs: number;
}

const EXPIRES_PATTERN = /^[0-9]{1,10}$/;
const MAX_EXPIRES = 2 ** 32 - 1; // RFC 3261 §20.19

/** Seconds asked for; undefined when absent or malformed, which both mean the default (RFC 3261 §10.2.1.1, §20.19). */
function requestedSeconds(value: string | undefined): number | undefined {
  if (value === undefined || !EXPIRES_PATTERN.test(value.trim())) {
    return undefined;
  }
  return Math.min(Number(value), MAX_EXPIRES);
}

/** RFC 3261 §10.3 step 7: the same Call-ID asks for a higher CSeq. */
function isOld(binding: Binding, request: RegisterRequest): boolean {
  return binding.callId === request.callId && request.cseq <= binding.cseq;
}

/**
 * What one REGISTER does to the bindings of its address of record, decided without touching them. Contacts are compared
 * as URIs (RFC 3261 §19.1.4); of two equal ones in a request the later counts. All is changed or nothing.
 */
export function registerChange(
  request: RegisterRequest,
  limits: RegistrationLimits,
  state: RegistrarState,
): RegisterChange {
  const contacts = parseRegisterContacts(request.contact, request.source.transport === "tls");
  if (contacts.kind === "none") {
    return { kind: "query" };
  }
  if (contacts.kind === "bad") {
    return { kind: "badContact" };
  }
  return contacts.kind === "wildcard"
    ? clearAll(request, state.current, contacts.alone)
    : changeList(contacts.contacts, { request, limits, ...state });
}

function clearAll(request: RegisterRequest, current: readonly Binding[], alone: boolean): RegisterChange {
  if (!alone || requestedSeconds(request.expires) !== 0) {
    return { kind: "badWildcard" };
  }
  return current.some((binding) => isOld(binding, request)) ? { kind: "outOfOrder" } : { kind: "clear" };
}

interface ListContext extends RegistrarState {
  readonly request: RegisterRequest;
  readonly limits: RegistrationLimits;
}

function changeList(contacts: readonly RegisteredContact[], context: ListContext): RegisterChange {
  const { request, limits, current } = context;
  const set = new Map<string, Binding>();
  const remove = new Set<string>();
  let adds = false;
  for (const contact of contacts) {
    const asked =
      requestedSeconds(contact.expires) ?? requestedSeconds(request.expires) ?? limits.defaultExpiresSeconds;
    if (asked > 0 && asked < limits.minExpiresSeconds) {
      return { kind: "intervalTooBrief", minExpiresSeconds: limits.minExpiresSeconds };
    }
    const same = current.filter((known) => sipUrisEqual(known.contact, contact.uri));
    adds ||= asked > 0 && same.length === 0;
    for (const binding of same) {
      if (isOld(binding, request)) {
        return { kind: "outOfOrder" };
      }
      remove.add(binding.contact);
    }
    for (const earlier of [...set.keys()].filter((uri) => sipUrisEqual(uri, contact.uri))) {
      set.delete(earlier);
    }
    if (asked > 0) {
      set.set(contact.uri, bindingOf(contact.uri, Math.min(asked, limits.maxExpiresSeconds), context));
    }
  }
  const kept = current.filter((binding) => !remove.has(binding.contact)).length;
  // A mere refresh is never refused, so that a lowered limit throws no phone off.
  if (adds && kept + set.size > limits.maxContacts) {
    return { kind: "tooManyContacts", limit: limits.maxContacts };
  }
  return { kind: "apply", set: [...set.values()], remove: [...remove].filter((uri) => !set.has(uri)) };
}

function bindingOf(contact: string, seconds: number, { request, nowMs }: ListContext): Binding {
  return {
    aor: request.aor,
    contact,
    source: request.source,
    callId: request.callId,
    cseq: request.cseq,
    ...(request.userAgent === undefined ? {} : { userAgent: request.userAgent }),
    expiresAt: nowMs + seconds * 1000,
  };
}
