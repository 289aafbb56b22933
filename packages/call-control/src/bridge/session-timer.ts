import type { SipHeaders } from "../drachtio/types.ts";
import type { ReadHeader } from "./header-policy.ts";
import { hasOption } from "./header-policy.ts";

/*
 * Each leg has a timer of its own (RFC 4028), which its SIP engine watches and refreshes: what is agreed with one end says
 * nothing of the other, and an end that has no timers is looked after all the same. What is said here is said in the INVITE
 * and in its answer; the engine goes on from there.
 */

/** What a call asks for; in seconds. */
export interface SessionInterval {
  readonly sessionSeconds: number;
  readonly minimumSessionSeconds: number;
}

const OPTION = "timer";
const SECONDS = /^\s*(\d{1,9})/;
const NAMES_REFRESHER = /;\s*refresher\s*=\s*(?:uac|uas)/i;

function secondsOf(value: string | undefined): number | undefined {
  const digits = SECONDS.exec(value ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function asking(seconds: number, minimum: number): SipHeaders {
  return { "Session-Expires": `${seconds};refresher=uac`, "Min-SE": String(minimum) };
}

/** The headers of an INVITE with the timer: we refresh, so that a target that has none is watched too. */
export function withSessionOffer(headers: SipHeaders, interval: SessionInterval): SipHeaders {
  const { sessionSeconds, minimumSessionSeconds } = interval;
  const { Supported } = headers;
  return {
    ...headers,
    Supported: typeof Supported === "string" ? `${Supported}, ${OPTION}` : OPTION,
    ...asking(Math.max(sessionSeconds, minimumSessionSeconds), minimumSessionSeconds),
  };
}

/** What the same INVITE says instead when a target has refused its interval; undefined when that cannot help. */
export function longerOffer(offered: SipHeaders, read: ReadHeader): SipHeaders | undefined {
  const asked = offered["Session-Expires"];
  const minimum = secondsOf(read("Min-SE"));
  return minimum === undefined || minimum <= (secondsOf(typeof asked === "string" ? asked : undefined) ?? 0)
    ? undefined
    : asking(minimum, minimum);
}

/**
 * Headers of our answer to an INVITE. A caller that names the refresher is answered by the engine; one that has timers and
 * leaves it open refreshes itself; to any other we do.
 */
export function sessionAnswer(
  read: ReadHeader,
  { sessionSeconds, minimumSessionSeconds }: SessionInterval,
): SipHeaders {
  const offered = read("Session-Expires");
  if (offered !== undefined && NAMES_REFRESHER.test(offered)) {
    return {};
  }
  const asked = secondsOf(offered);
  const seconds = Math.max(asked ?? sessionSeconds, minimumSessionSeconds);
  return asked !== undefined && hasOption(read("Supported"), OPTION)
    ? { "Session-Expires": `${seconds};refresher=uac`, Require: OPTION }
    : { "Session-Expires": `${seconds};refresher=uas` };
}
