const CONTROL = /\p{Cc}+/gu;
const USER_UNSAFE = /[^A-Za-z0-9\-_.!~*'()&=+$,;?/]/gu; // RFC 3261 §25.1 user: unreserved and user-unreserved
const ANONYMOUS_HOST = "anonymous.invalid"; // RFC 3323 §4.1.1.3

export interface ShownIdentity {
  readonly displayName?: string;
  readonly user: string;
  /** Only the host of RFC 3323 is kept: of any other the engine puts its own. */
  readonly host?: string;
}

/** A From value. The engine replaces `localhost` by the address that it sends from. */
export function fromHeader({ displayName, user, host }: ShownIdentity): string {
  const name = displayName?.replaceAll(CONTROL, " ").replaceAll(/["\\]/g, "\\$&") ?? "";
  const userPart = user === "" ? "anonymous" : user.toWellFormed().replaceAll(USER_UNSAFE, encodeURIComponent);
  const uri = `sip:${userPart}@${host === ANONYMOUS_HOST ? ANONYMOUS_HOST : "localhost"}`;
  return name === "" ? `<${uri}>` : `"${name}" <${uri}>`;
}
