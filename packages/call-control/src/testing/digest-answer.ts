import { randomBytes } from "node:crypto";
import { digestHa1, digestResponse, formatDigestCredentials, parseDigestChallenge } from "@mss/sip-message";
import type { DigestAlgorithm, HeaderField, SipRequest, SipResponse } from "@mss/sip-message";

export interface Account {
  readonly username: string;
  readonly password: string;
  /** The only algorithm the phone knows; what the challenge names first when absent. */
  readonly algorithm?: DigestAlgorithm;
  /** Put in the place of the right ones, for wrong credentials. */
  readonly override?: { readonly uri?: string; readonly realm?: string; readonly nonce?: string };
}

/** The header that answers a 401 or 407; undefined when no challenge of it can be answered. */
export function answerChallenge(response: SipResponse, request: SipRequest, account: Account): HeaderField | undefined {
  const proxy = response.status === 407;
  const challenges = response.headers
    .all(proxy ? "Proxy-Authenticate" : "WWW-Authenticate")
    .map(parseDigestChallenge)
    .filter((challenge) => challenge !== undefined);
  const challenge = challenges.find(({ algorithm }) => (account.algorithm ?? algorithm) === algorithm);
  if (challenge === undefined) {
    return undefined;
  }
  const { algorithm, realm, nonce, opaque } = challenge;
  const { username, password, override = {} } = account;
  const answer = {
    algorithm,
    method: request.method,
    uri: request.uri,
    nonce,
    nc: "00000001",
    cnonce: randomBytes(8).toString("hex"),
    qop: "auth",
    ...override,
  } as const;
  const ha1 = digestHa1({ algorithm, username, realm: override.realm ?? realm, password });
  return {
    name: proxy ? "Proxy-Authorization" : "Authorization",
    value: formatDigestCredentials({
      realm,
      username,
      ...answer,
      ...(opaque === undefined ? {} : { opaque }),
      response: digestResponse({ ...answer, ha1 }),
    }),
  };
}
