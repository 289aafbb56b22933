import { mergeHeaders } from "../drachtio/header-text.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import type { ReadHeader } from "./header-policy.ts";
import type { BridgePlan, CallTarget, CallerId } from "./types.ts";

const CONTROL = /\p{Cc}+/gu;
const USER_UNSAFE = /[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/gu; // RFC 3261 §25.1 user: unreserved and user-unreserved
/** RFC 3323 §4.1.1.3. */
export const ANONYMOUS_HOST = "anonymous.invalid";
const DOMAIN = /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/;
const ANONYMOUS: ShownIdentity = { displayName: "Anonymous", user: "anonymous", host: ANONYMOUS_HOST };
/** Of the values of Privacy those that are about who calls; `header` and `session` are about addresses. RFC 3323 §4.2, RFC 3325 §9.3. */
const HIDING: ReadonlySet<string> = new Set(["id", "user"]);

export interface ShownIdentity {
  readonly displayName?: string;
  readonly user: string;
  /** Only the host of RFC 3323 is kept: of any other the engine puts its own. */
  readonly host?: string;
  readonly fromDomain?: string;
}

function nameAddress({ displayName, user }: ShownIdentity, host: string): string {
  const name = displayName?.replaceAll(CONTROL, " ").replaceAll(/["\\]/g, "\\$&") ?? "";
  const userPart = user === "" ? "anonymous" : user.toWellFormed().replaceAll(USER_UNSAFE, encodeURIComponent);
  const uri = `sip:${userPart}@${host}`;
  return name === "" ? `<${uri}>` : `"${name}" <${uri}>`;
}

/** A From value. The engine replaces `localhost` by the address that it sends from. */
export function fromHeader(shown: ShownIdentity): string {
  const { host, fromDomain = "" } = shown;
  const own = DOMAIN.test(fromDomain) ? fromDomain : "localhost";
  return nameAddress(shown, host === ANONYMOUS_HOST ? ANONYMOUS_HOST : own);
}

/** Whether the caller would rather not call than without what cannot be given: addresses within its SDP. RFC 3323 §4.2, §5. */
export function demandsUnavailablePrivacy(privacy: string | undefined): boolean {
  const values = privacyValues(privacy);
  return values.includes("critical") && values.includes("session");
}

function privacyValues(privacy: string | undefined): readonly string[] {
  return (privacy ?? "")
    .toLowerCase()
    .split(/[;,]/)
    .map((value) => value.trim());
}

/** Whether the caller asks that nobody but trusted nodes learns who calls. `none` asks for the contrary. RFC 3323 §4.2. */
export function asksToBeHidden(privacy: string | undefined): boolean {
  const values = privacyValues(privacy);
  return !values.includes("none") && values.some((value) => HIDING.has(value));
}

function asserted({ domain, fromDomain: _fromDomain, ...shown }: CallerId): SipHeaders {
  return domain === undefined || !DOMAIN.test(domain) ? {} : { "P-Asserted-Identity": nameAddress(shown, domain) };
}

export interface CallerView {
  readonly plan: BridgePlan;
  readonly target: CallTarget;
  /** What the From says, where the plan does not know better. */
  readonly from: ShownIdentity;
  readonly isHidden: boolean;
  /** Headers of the caller's INVITE; of a call of our own there are none. */
  readonly read: ReadHeader;
}

/**
 * Who calls, as this target is told. A trusted one gets name and number, what is asserted of them, and the wish to be
 * hidden, which is for the node that rings the phone; to anybody else a caller that wants to be hidden is anonymous, and
 * nothing is asserted but to a carrier that keeps it to itself. RFC 3325 §5, §7.
 */
export function callerHeaders({ plan, target, from, isHidden, read }: CallerView): SipHeaders {
  const known = target.callerId ?? plan.callerId;
  if (target.trusted !== true) {
    const isShown = !isHidden || target.showsHiddenCaller === true;
    const shown = { From: fromHeader(isShown ? (known ?? from) : ANONYMOUS) };
    return target.keepsPrivacy === true && known !== undefined
      ? withPrivacy({ ...shown, ...asserted(known) }, { isHidden, read })
      : shown;
  }
  const carried = plan.trusted === true && target.callerId === undefined ? read("P-Asserted-Identity") : undefined;
  const claims = carried === undefined ? asserted(known ?? { user: "" }) : { "P-Asserted-Identity": carried };
  const headers: SipHeaders = { From: fromHeader(known ?? from), ...claims };
  return withPrivacy(headers, { isHidden, read });
}

/** The wish to be hidden, where the caller's own headers do not carry it. */
function withPrivacy(headers: SipHeaders, { isHidden, read }: Pick<CallerView, "isHidden" | "read">): SipHeaders {
  return isHidden && !asksToBeHidden(read("Privacy")) ? mergeHeaders(headers, { Privacy: "id" }) : headers;
}
