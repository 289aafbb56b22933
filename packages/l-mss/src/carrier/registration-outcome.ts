import type { RequestOutcome } from "@mss/call-control";
import { parseAuthValues } from "@mss/call-control/node";
import type { CarrierLineSettings } from "@mss/model";

/** What an answer to the REGISTER of a carrier line means. */
export type RegistrationOutcome =
  | { readonly kind: "registered" }
  /** 423: for so long. */
  | { readonly kind: "tooBrief"; readonly minSeconds: number }
  /** The nonce was too old, and the next attempt has a new one. */
  | { readonly kind: "stale" }
  /** Asking again soon may help. */
  | { readonly kind: "away"; readonly sip?: number; readonly reason: string; readonly retryAfterMs?: number }
  /** Asking again soon does not help: somebody has to act. */
  | { readonly kind: "refused"; readonly sip: number; readonly reason: string; readonly advice: string };

const SECONDS = /^[0-9]{1,7}/;
/** Those of 4xx after which a later attempt may go well: timeout, flood, unavailable. */
const PASSING: ReadonlySet<number> = new Set([408, 429, 480]);

function secondsOf(header: string | undefined): number | undefined {
  const found = SECONDS.exec(header?.trim() ?? "")?.[0];
  return found === undefined ? undefined : Number(found);
}

/** Sorts the answer by what is to be done. `askedSeconds`: the expiry that was asked for. */
export function registrationOutcome(
  outcome: RequestOutcome,
  { account }: Pick<CarrierLineSettings, "account">,
  askedSeconds: number,
): RegistrationOutcome {
  if (outcome.kind === "failed") {
    return { kind: "away", reason: outcome.failure };
  }
  const { status: sip, reason } = outcome;
  if (sip < 300) {
    return { kind: "registered" };
  }
  const minSeconds = sip === 423 ? secondsOf(outcome.header("Min-Expires")) : undefined;
  if (minSeconds !== undefined && minSeconds > askedSeconds) {
    return { kind: "tooBrief", minSeconds };
  }
  if (sip === 401 || sip === 407) {
    return challenged(outcome, sip, account?.realm);
  }
  if (PASSING.has(sip) || (sip >= 500 && sip < 600)) {
    const seconds = secondsOf(outcome.header("Retry-After"));
    return { kind: "away", sip, reason, ...(seconds === undefined ? {} : { retryAfterMs: seconds * 1000 }) };
  }
  const advice = "ask the carrier whether the account is open, and compare account.user and domain with what it says";
  return { kind: "refused", sip, reason, advice };
}

type Answer = Extract<RequestOutcome, { kind: "answered" }>;

/** A challenge after our answer to one, or one that must not be answered. */
function challenged(answer: Answer, sip: 401 | 407, realm: string | undefined): RegistrationOutcome {
  const header = answer.header(sip === 401 ? "WWW-Authenticate" : "Proxy-Authenticate") ?? "";
  const values = parseAuthValues(header) ?? [];
  const own = values.find(({ params }) => params.get("realm") === realm);
  if (own?.params.get("stale")?.toLowerCase() === "true") {
    return { kind: "stale" };
  }
  const asked = values.flatMap(({ params }) => params.get("realm") ?? []);
  const advice =
    own === undefined
      ? `it asks for the realm ${asked.map((each) => `"${each}"`).join(", ") || "of nobody"}: write account.realm if that is the carrier's`
      : "the password or the user name is wrong: look at account";
  return { kind: "refused", sip, reason: answer.reason, advice };
}
