import type { SipResponse } from "@mss/sip-message";

/** Responses that tell the caller how to try again. RFC 3261 §16.7 step 6. */
const TELLING: ReadonlySet<number> = new Set([401, 407, 415, 420, 484]);
const CHALLENGES: ReadonlySet<number> = new Set([401, 407]);
const CHALLENGE_HEADERS = ["WWW-Authenticate", "Proxy-Authenticate"] as const;

/** A candidate; one that was made up says less than one that a target gave. */
export interface Candidate {
  readonly response: SipResponse;
  readonly isMadeUp: boolean;
}

/**
 * The final response that goes upstream when every branch has one and none is a 2xx: a 6xx before all others, else the
 * lowest class, in it what helps the caller to try again, then what a target said itself, then what came first.
 * RFC 3261 §16.7 step 6. A challenge carries the challenges of all branches (step 7); 503 becomes 500, since it would
 * say of us what is true of one target only. Undefined without candidates.
 */
export function bestResponse(candidates: readonly Candidate[]): SipResponse | undefined {
  const [best] = candidates.toSorted((one, other) => rankOf(one) - rankOf(other));
  if (best === undefined) {
    return undefined;
  }
  const { response } = best;
  if (CHALLENGES.has(response.status)) {
    return withAllChallenges(
      response,
      candidates.map((candidate) => candidate.response),
    );
  }
  return response.status === 503 ? { ...response, status: 500, reason: "Server Internal Error" } : response;
}

function rankOf({ response, isMadeUp }: Candidate): number {
  const { status } = response;
  const classOfStatus = Math.floor(status / 100);
  const rank = classOfStatus === 6 ? 0 : classOfStatus * 10;
  const withinClass = TELLING.has(status) ? 0 : 1;
  return rank + (isMadeUp ? 2 : withinClass);
}

function withAllChallenges(best: SipResponse, responses: readonly SipResponse[]): SipResponse {
  let { headers } = best;
  for (const response of responses) {
    if (response === best || !CHALLENGES.has(response.status)) {
      continue;
    }
    for (const name of CHALLENGE_HEADERS) {
      for (const value of response.headers.all(name)) {
        headers = headers.append(name, value);
      }
    }
  }
  return { ...best, headers };
}
