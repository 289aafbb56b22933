import { randomBytes } from "node:crypto";
import { digestHa1, digestResponse, formatDigestCredentials, parseDigestChallenge } from "@mss/sip-message";
import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";

export interface Account {
  readonly username: string;
  readonly password: string;
}

/**
 * The Authorization or Proxy-Authorization header that answers the first challenge of a 401 or 407 we can compute
 * (RFC 7616, RFC 8760), or undefined when there is none.
 */
export function answerChallenge(response: SipResponse, request: SipRequest, account: Account): HeaderField | undefined {
  const proxy = response.status === 407;
  for (const value of response.headers.all(proxy ? "Proxy-Authenticate" : "WWW-Authenticate")) {
    const challenge = parseDigestChallenge(value);
    if (challenge === undefined) {
      continue;
    }
    const { algorithm, realm, nonce } = challenge;
    const answer = {
      algorithm,
      method: request.method,
      uri: request.uri,
      nonce,
      nc: "00000001",
      cnonce: randomBytes(8).toString("hex"),
      qop: "auth",
    } as const;
    const ha1 = digestHa1({ algorithm, username: account.username, realm, password: account.password });
    const credentials = { ...answer, username: account.username, realm, response: digestResponse({ ...answer, ha1 }) };
    const withOpaque = challenge.opaque === undefined ? credentials : { ...credentials, opaque: challenge.opaque };
    return {
      name: proxy ? "Proxy-Authorization" : "Authorization",
      value: formatDigestCredentials(withOpaque),
    };
  }
  return undefined;
}
