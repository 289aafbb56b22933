import { hash as hashOf } from "node:crypto";

import { SipMessageError } from "./errors.ts";

/** RFC 8760 without SHA-512-256, which no phone of ours offers. Written as on the wire. */
export type DigestAlgorithm = "SHA-256" | "MD5";
export type DigestQop = "auth" | "auth-int";

export interface DigestSecret {
  readonly algorithm: DigestAlgorithm;
  readonly username: string;
  readonly realm: string;
  readonly password: string;
}

export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  /** From `digestHa1`, or as stored. */
  readonly ha1: string;
  readonly method: string;
  /** The `uri` parameter, as written. */
  readonly uri: string;
  readonly nonce: string;
  /** Eight hexadecimal digits; needed with `qop`. */
  readonly nc?: string;
  /** Needed with `qop`. */
  readonly cnonce?: string;
  /** Absent: the form of RFC 2069, for carriers that offer no qop. */
  readonly qop?: DigestQop;
  /** Covered by `auth-int` only. */
  readonly body?: string;
}

/** Hash of user name, realm and password (byte text), hexadecimal. Throws UNSUPPORTED_ALGORITHM. */
export function digestHa1({ algorithm, username, realm, password }: DigestSecret): string {
  return hash(algorithm, `${username}:${realm}:${password}`);
}

/** The `response` parameter (RFC 7616 §3.4.1). Compare it in constant time. Throws UNSUPPORTED_ALGORITHM. */
export function digestResponse(input: DigestInput): string {
  const { algorithm, ha1, nonce, nc = "", cnonce = "", qop, body = "" } = input;
  const entity = qop === "auth-int" ? `:${hash(algorithm, body)}` : "";
  const ha2 = hash(algorithm, `${input.method}:${input.uri}${entity}`);
  const middle = qop === undefined ? nonce : `${nonce}:${nc}:${cnonce}:${qop}`;
  return hash(algorithm, `${ha1}:${middle}:${ha2}`);
}

/** The algorithm named by a header, in any case; undefined for one that is not supported. Absent means MD5. */
export function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  const upper = name === undefined ? "MD5" : name.toUpperCase();
  return upper === "SHA-256" || upper === "MD5" ? upper : undefined;
}

function hash(algorithm: DigestAlgorithm, byteText: string): string {
  const supported = digestAlgorithm(algorithm);
  if (supported === undefined) {
    throw new SipMessageError("UNSUPPORTED_ALGORITHM", { algorithm });
  }
  return hashOf(supported === "MD5" ? "md5" : "sha256", Buffer.from(byteText, "latin1"), "hex");
}
