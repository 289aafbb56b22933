import { webcrypto } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** ECDSA on P-256 costs a node a tenth of what RSA does; RSA is for old phones that know nothing else. */
export const KEY_TYPES = ["ec", "rsa"] as const;
export type KeyType = (typeof KEY_TYPES)[number];

const ALGORITHMS = {
  ec: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  rsa: {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
} as const;

export const HASH = "SHA-256";

export async function newKeyPair(type: KeyType): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHMS[type], true, ["sign", "verify"]);
}

export async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey("pkcs8", key);
  return pemOf("PRIVATE KEY", der);
}

export function pemOf(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** An authority's key, whichever of the two types it is. */
export function importKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = key.export({ type: "pkcs8", format: "der" });
  const algorithm = ALGORITHMS[key.asymmetricKeyType === "ec" ? "ec" : "rsa"];
  return webcrypto.subtle.importKey("pkcs8", new Uint8Array(der), algorithm, false, ["sign"]);
}
