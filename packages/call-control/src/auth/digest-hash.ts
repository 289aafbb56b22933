import { digestHa1, digestResponse as responseOf, toBytes } from "@mss/sip-message";
import type { DigestAlgorithm } from "./credentials.ts";

/** RFC 7616 §3.4; MD5 when the parameter is absent (RFC 3261 §22.4). Undefined for what we cannot compute. */
export function algorithmOf(name: string | undefined): DigestAlgorithm | undefined {
  const upper = name === undefined ? "MD5" : name.toUpperCase();
  return upper === "SHA-256" || upper === "MD5" ? upper : undefined;
}

export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  readonly username: string;
  readonly realm: string;
  readonly secret: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  /** Eight hexadecimal digits. */
  readonly nc: string;
  readonly cnonce: string;
}

/** The `response` value for qop=auth, of texts as people write them: drachtio-srf has undone the UTF-8 of the wire. */
export function digestResponse({ algorithm, username, realm, secret, ...input }: DigestInput): string {
  const ha1 = digestHa1({
    algorithm,
    username: toBytes(username),
    realm: toBytes(realm),
    password: toBytes(secret),
  });
  return responseOf({ algorithm, ha1, ...input, cnonce: toBytes(input.cnonce), qop: "auth" });
}
