import { randomBytes } from "node:crypto";
import { SipPhone } from "@mss/call-control/testing";
import { digestHa1, digestResponse, formatDigestCredentials, parseDigestChallenge } from "@mss/sip-message";
import type { DigestChallenge } from "@mss/sip-message";
import type { Address } from "./places.ts";

/** Who asks, and from where: a nonce is good for one address. */
export interface Asker {
  readonly username: string;
  readonly password: string;
  readonly host: string;
  /** Any free one when absent. */
  readonly port?: number;
  readonly server: Address;
}

/** A challenge with SHA-256, as the server gives it to an INVITE without credentials. */
async function challengeFor(asker: Asker, uri: string): Promise<DigestChallenge> {
  const phone = await SipPhone.open(asker);
  try {
    const headers = [{ name: "Contact", value: `<${phone.contact}>` }];
    const { final } = await phone.send(phone.newRequest("INVITE", { uri, headers }));
    const challenges = final.headers.all("Proxy-Authenticate").map(parseDigestChallenge);
    const found = challenges.find((challenge) => challenge?.algorithm === "SHA-256");
    if (found === undefined) {
      throw new Error(`${asker.server.host} answers ${final.status} and asks for no SHA-256`);
    }
    return found;
  } finally {
    await phone.close();
  }
}

/**
 * Proxy-Authorization of so many calls to the same number, with rising nonce counts and without a challenge for each: so a
 * branch signs its calls at its hub. SIPp cannot do that by itself.
 */
export async function proxyAuthorizations(asker: Asker, uri: string, calls: number): Promise<readonly string[]> {
  const { realm, nonce } = await challengeFor(asker, uri);
  const { username, password } = asker;
  const ha1 = digestHa1({ algorithm: "SHA-256", username, realm, password });
  return Array.from({ length: calls }, (_unused, index) => {
    const answer = {
      algorithm: "SHA-256",
      nonce,
      uri,
      nc: (index + 1).toString(16).padStart(8, "0"),
      cnonce: randomBytes(8).toString("hex"),
      qop: "auth",
    } as const;
    const response = digestResponse({ ...answer, method: "INVITE", ha1 });
    return `Proxy-Authorization: ${formatDigestCredentials({ realm, username, ...answer, response })}`;
  });
}
