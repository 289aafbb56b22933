import { X509Certificate, createPrivateKey } from "node:crypto";

/** What a TLS node shows and believes, as PEM texts. Holds a private key: it is never logged. */
export interface TlsCredentials {
  /** The node's certificate, then those between it and its authority. */
  readonly certificate: string;
  readonly key: string;
  /** The authorities whose certificates are believed; nobody else is. */
  readonly authority: string;
}

export type CredentialPart = keyof TlsCredentials;

/** What is wrong with credentials: which of the three, in words that go on after its name. */
export interface CredentialFault {
  readonly part: CredentialPart;
  readonly problem: string;
  readonly advice: string;
}

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** The certificates of a PEM text, in its order; undefined when one of them is none. */
export function certificatesOf(pem: string): readonly X509Certificate[] | undefined {
  try {
    return (pem.match(BLOCK) ?? []).map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/**
 * What keeps these credentials from being used at all: unreadable, or key and certificate of different nodes. A
 * certificate that has expired is no fault here: it may be shown, and peers say what they think of it.
 */
export function credentialFault({ certificate, key, authority }: TlsCredentials): CredentialFault | undefined {
  const own = certificatesOf(certificate)?.[0];
  if (own === undefined) {
    return { part: "certificate", problem: "holds no certificate in PEM form", advice: "make it again with mss cert" };
  }
  if ((certificatesOf(authority) ?? []).length === 0) {
    const advice = "copy the authority's certificate here, or make one with mss cert";
    return { part: "authority", problem: "holds no certificate in PEM form", advice };
  }
  return keyFault(key, own);
}

function keyFault(key: string, own: X509Certificate): CredentialFault | undefined {
  try {
    return own.checkPrivateKey(createPrivateKey(key))
      ? undefined
      : { part: "key", problem: "is not the key of the certificate", advice: "put the two files that belong together" };
  } catch {
    const problem = /ENCRYPTED/.test(key) ? "is protected by a password" : "holds no private key in PEM form";
    return { part: "key", problem, advice: "write a private key in PEM form without a password" };
  }
}
