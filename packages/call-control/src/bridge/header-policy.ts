import type { SipHeaders } from "../drachtio/types.ts";

/** Reads one header of a message; undefined when absent. */
export type ReadHeader = (name: string) => string | undefined;

/*
 * What crosses from one leg to the other is listed here; whatever is not listed stays on its leg: Via, Route,
 * Record-Route, Contact, credentials, session timers, vendor headers, and all that nobody has thought of yet.
 */

/** What describes the body, in any message that has one. */
const BODY = ["Content-Type", "Content-Disposition", "Content-Encoding", "Content-Language", "MIME-Version"] as const;

const INVITE = [
  "Subject",
  "Alert-Info",
  "Priority",
  "Organization",
  "Accept",
  "Accept-Encoding",
  "Accept-Language",
  "Privacy",
  "User-to-User", // RFC 7433
  "P-Early-Media", // RFC 5009
  "Recv-Info", // RFC 6086
] as const;

/**
 * By which way a call came, and who is said to call: believed from a peer of the federation only, and told to one only.
 * P-Asserted-Identity is for `identity.ts`; P-Preferred-Identity ends at the node that knows the caller (RFC 3325 §9.2).
 */
const INVITE_BETWEEN_PEERS = ["Remote-Party-ID", "Diversion", "History-Info", "Referred-By"] as const;

const RESPONSE = [
  "Subject",
  "Alert-Info",
  "Accept",
  "Accept-Encoding",
  "Accept-Language",
  "User-to-User",
  "P-Early-Media",
  "Recv-Info",
  "Reason",
  "Retry-After",
  "Warning",
  "Unsupported",
] as const;

const IN_DIALOG = [
  "Accept",
  "Accept-Encoding",
  "Reason",
  "User-to-User",
  "Info-Package",
  "Event",
  "Subscription-State",
] as const;
/** MESSAGE, OPTIONS and NOTIFY that belong to no call. */
const LONE: Readonly<Record<string, readonly string[]>> = {
  MESSAGE: ["Subject", "Priority", "Date", "Privacy", "In-Reply-To", "Reply-To", "Organization", "Expires"],
  OPTIONS: ["Accept", "Accept-Encoding", "Accept-Language", "Privacy"],
  NOTIFY: ["Event", "Subscription-State", "Privacy"],
};
const IN_DIALOG_INVITE = [
  "Accept",
  "Accept-Encoding",
  "Alert-Info",
  "Recv-Info",
  "P-Early-Media",
  "User-to-User",
] as const;

const RELIABLE = "100rel";

/** Option tags that are carried from end to end. Not replaces. 100rel only in the INVITE that begins a call. */
export const CARRIED_OPTION_TAGS: ReadonlySet<string> = new Set([RELIABLE, "ice", "sdp-anat", "trickle-ice", "uui"]);

/** Of each leg alone: understood where it is required, and not carried. RFC 4028. */
const TIMER = "timer";

/** Option tags that an INVITE may require. */
export const UNDERSTOOD_OPTION_TAGS: ReadonlySet<string> = new Set([...CARRIED_OPTION_TAGS, TIMER]);

/** Methods that are carried between the legs: what each side may know of the other. */
const CARRIED_METHODS: ReadonlySet<string> = new Set([
  "INVITE",
  "ACK",
  "CANCEL",
  "BYE",
  "OPTIONS",
  "INFO",
  "MESSAGE",
  "UPDATE",
  "NOTIFY",
  "PRACK",
]);

const NO_REMOTE_SESSION = "0".repeat(32);
const SESSION_ID = /^([0-9a-f]{32})(?:;|$)/;

function copy(read: ReadHeader, names: readonly string[], into: Record<string, string>): Record<string, string> {
  for (const name of names) {
    const value = read(name);
    if (value !== undefined) {
      into[name] = value;
    }
  }
  return into;
}

function tokens(value: string | undefined): readonly string[] {
  return value === undefined ? [] : value.split(",").flatMap((part) => part.trim() || []);
}

function copyCapabilities(read: ReadHeader, into: Record<string, string>): Record<string, string> {
  const allow = tokens(read("Allow")).filter((method) => CARRIED_METHODS.has(method));
  const supported = tokens(read("Supported")).filter((tag) => CARRIED_OPTION_TAGS.has(tag.toLowerCase()));
  if (allow.length > 0) {
    into["Allow"] = allow.join(", ");
  }
  if (supported.length > 0) {
    into["Supported"] = supported.join(", ");
  }
  return into;
}

/** Whether a list of option tags has this one. */
export function hasOption(value: string | undefined, tag: string): boolean {
  return tokens(value).some((token) => token.toLowerCase() === tag);
}

/** The same headers without 100rel: where several phones ring, or within a call, there is nobody to bridge PRACK to. */
export function withoutReliability(headers: SipHeaders): SipHeaders {
  const { Supported, Require, ...others } = headers;
  const kept = Object.entries({ Supported, Require }).flatMap(([name, value]) => {
    const tags = typeof value === "string" ? tokens(value).filter((tag) => tag.toLowerCase() !== RELIABLE) : [];
    return tags.length === 0 ? [] : [[name, tags.join(", ")] as const];
  });
  return { ...others, ...Object.fromEntries(kept) };
}

/** Option tags in Require that we do not understand: the request is answered 420 with them. RFC 3261 §8.2.2.3. */
export function unsupportedRequirements(read: ReadHeader, where?: "within a call"): readonly string[] {
  return tokens(read("Require")).filter((tag) => {
    const name = tag.toLowerCase();
    return !UNDERSTOOD_OPTION_TAGS.has(name) || (name === RELIABLE && where === "within a call");
  });
}

/** Headers of an INVITE for its other leg. `betweenPeers`: both the caller's side and the target are federation peers. */
export function inviteHeaders(read: ReadHeader, betweenPeers: boolean): SipHeaders {
  const headers = copyCapabilities(read, copy(read, INVITE, copy(read, BODY, {})));
  const required = tokens(read("Require")).filter((tag) => tag.toLowerCase() !== TIMER);
  if (required.length > 0) {
    headers["Require"] = required.join(", "); // only tags that we carry come this far
  }
  return betweenPeers ? copy(read, INVITE_BETWEEN_PEERS, headers) : headers;
}

/** Headers of a response, provisional or final, for the other leg. */
export function responseHeaders(read: ReadHeader): SipHeaders {
  return copyCapabilities(read, copy(read, RESPONSE, copy(read, BODY, {})));
}

/** Headers of a request within a dialog for the other leg. */
export function inDialogHeaders(method: string, read: ReadHeader): SipHeaders {
  const headers = copy(read, method === "INVITE" ? IN_DIALOG_INVITE : IN_DIALOG, copy(read, BODY, {}));
  return method === "INVITE" || method === "UPDATE" ? withoutReliability(copyCapabilities(read, headers)) : headers;
}

/** Headers of a request that belongs to no call, for the one whom it is for. */
export function loneRequestHeaders(method: string, read: ReadHeader): SipHeaders {
  return copy(read, LONE[method] ?? [], copy(read, BODY, {}));
}

/** The session's id as the caller's side gave it; undefined when there is none or it is not well-formed. RFC 7989 §5. */
export function sessionIdOf(read: ReadHeader): string | undefined {
  return SESSION_ID.exec(read("Session-ID") ?? "")?.[1];
}

/** Which try of its node an INVITE is, told beside the session's id (a generic-param of RFC 7989 §5). */
export interface Attempt {
  /** From 1. Whoever rings the callee goes by the highest, since those over a node that hangs may come late. */
  readonly number: number;
  /** The call is up, and has lost its way: nobody may be rung for it. */
  readonly resumes: boolean;
  /** Which call of the session it belongs to; undefined for the first one. A transfer makes another one, perhaps to the same number. */
  readonly call?: string;
}

export const FIRST_ATTEMPT: Attempt = { number: 1, resumes: false };
const ATTEMPT = /;attempt=([1-9][0-9]{0,3})(?:;|$)/;
const CALL = /;call=([0-9a-f]{8})(?:;|$)/;
const RESUMES = /;resumes(?:;|$)/;

/** The first one when nothing is said. */
export function attemptOf(read: ReadHeader): Attempt {
  const value = read("Session-ID") ?? "";
  const call = CALL.exec(value)?.[1];
  return {
    number: Number(ATTEMPT.exec(value)?.[1] ?? 1),
    resumes: RESUMES.test(value),
    ...(call === undefined ? {} : { call }),
  };
}

export function sessionIdHeader(sessionId: string, { number, resumes, call }: Attempt = FIRST_ATTEMPT): string {
  const which = call === undefined ? "" : `;call=${call}`;
  const attempt = number === 1 ? "" : `;attempt=${number}`;
  return `${sessionId};remote=${NO_REMOTE_SESSION}${which}${attempt}${resumes ? ";resumes" : ""}`;
}
