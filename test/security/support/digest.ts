import { createHash, randomBytes } from "node:crypto";
import type { WireMessage } from "../../support/peer/message.ts";

export interface Account {
  readonly username: string;
  readonly password: string;
}

/** What an attacker may change of credentials; the hash is made of what stands here. */
export interface DigestParts {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: string;
  readonly uri: string;
  readonly nc: string;
  readonly cnonce: string;
  readonly qop: string;
}

const HASHES: Readonly<Record<string, string>> = { "SHA-256": "sha256", MD5: "md5" };

function parameter(value: string, name: string): string {
  return new RegExp(`[ ,]${name}="?([^",]*)`, "i").exec(value)?.[1] ?? "";
}

/** Value of Authorization or Proxy-Authorization, as RFC 7616 says; written with nothing of the code under test. */
export function credentialsFor(
  challenge: WireMessage,
  method: string,
  account: Account,
  parts: Partial<DigestParts> & { readonly uri: string },
): string {
  const value = challenge.get(challenge.status === 407 ? "Proxy-Authenticate" : "WWW-Authenticate");
  const { username, password } = account;
  const all: DigestParts = {
    realm: parameter(value, "realm"),
    nonce: parameter(value, "nonce"),
    algorithm: parameter(value, "algorithm"),
    nc: "00000001",
    cnonce: randomBytes(8).toString("hex"),
    qop: "auth",
    ...parts,
  };
  const { realm, nonce, algorithm, uri, nc, cnonce, qop } = all;
  const hash = (text: string): string =>
    createHash(HASHES[algorithm] ?? "md5")
      .update(text)
      .digest("hex");
  const secret = hash(`${username}:${realm}:${password}`);
  const what = hash(`${method}:${uri}`);
  const response =
    qop === "" ? hash(`${secret}:${nonce}:${what}`) : hash([secret, nonce, nc, cnonce, qop, what].join(":"));
  const quoted = { username, realm, nonce, uri, response, ...(qop === "" ? {} : { cnonce }) };
  const bare = { algorithm, ...(qop === "" ? {} : { qop, nc }) };
  return `Digest ${[
    ...Object.entries(quoted).map(([name, text]) => `${name}="${text}"`),
    ...Object.entries(bare).map(([name, text]) => `${name}=${text}`),
  ].join(", ")}`;
}

/** The header line that answers a 401 or 407. */
export function authorizationLine(
  challenge: WireMessage,
  method: string,
  account: Account,
  parts: Partial<DigestParts> & { readonly uri: string },
): string {
  const name = challenge.status === 407 ? "Proxy-Authorization" : "Authorization";
  return `${name}: ${credentialsFor(challenge, method, account, parts)}`;
}
