import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { signingKeySchema } from "@mss/model";
import { TopologyError } from "../errors.ts";

const PREFIX = "ed25519:";

/** A private key that signs revisions. The key itself is not reachable from here, so that it cannot end in a log. */
export interface SigningKey {
  /** As it stands in topology files: `ed25519:` and 32 bytes in base64url. */
  readonly publicKey: string;
  /** Signature of the text in UTF-8, base64url. RFC 8032. */
  sign(text: string): string;
}

/** A new Ed25519 key as PEM (PKCS #8), for a file that only its owner reads. With a passphrase it is encrypted. */
export function createSigningKeyPem(passphrase?: string): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  const encryption = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  return privateKey.export({ type: "pkcs8", format: "pem", ...encryption }).toString();
}

/** Throws `SIGNING_KEY_INVALID` for what is no Ed25519 key in PEM, or is encrypted with another passphrase. */
export function readSigningKey(pem: string, passphrase?: string): SigningKey {
  const key = readPrivateKey(pem, passphrase);
  if (key.asymmetricKeyType !== "ed25519") {
    throw new TopologyError("SIGNING_KEY_INVALID", { reason: `it is an ${key.asymmetricKeyType ?? "unknown"} key` });
  }
  return {
    publicKey: PREFIX + (createPublicKey(key).export({ format: "jwk" }).x ?? ""),
    sign: (text) => sign(null, Buffer.from(text), key).toString("base64url"),
  };
}

function readPrivateKey(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    const reason = pem.includes("ENCRYPTED") ? "the passphrase is missing or wrong" : "it is no private key in PEM";
    throw new TopologyError("SIGNING_KEY_INVALID", { reason }, { cause });
  }
}

/** Whether the owner of a public key, in the notation above, has signed the text. False for a key that is none. */
export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  if (!signingKeySchema.safeParse(publicKey).success) {
    return false;
  }
  const jwk = { kty: "OKP", crv: "Ed25519", x: publicKey.slice(PREFIX.length) };
  try {
    const key = createPublicKey({ key: jwk, format: "jwk" });
    return verify(null, Buffer.from(text), key, Buffer.from(signature, "base64url"));
  } catch {
    return false; // 32 bytes that are no point of the curve
  }
}
