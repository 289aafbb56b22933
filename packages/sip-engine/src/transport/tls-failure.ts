import type { X509Certificate } from "node:crypto";

/** Why a handshake came to nothing, in words for the log: what was wrong, and what to do about it. */
export interface TlsFailure {
  readonly reason: string;
  readonly advice: string;
}

const NO_ADVICE = "nothing, unless it comes again and again";

export const TLS_FAILURES = {
  expired: {
    reason: "the peer's certificate, or that of its authority, has expired",
    advice: "renew it on the peer: mss cert --renew",
  },
  notYetValid: {
    reason: "the peer's certificate is not valid yet",
    advice: "set the clocks of both machines",
  },
  unknownAuthority: {
    reason: "the peer's certificate is of an authority that is not believed here",
    advice: "give both nodes the same authority, and the peer a certificate of it: mss cert",
  },
  otherName: {
    reason: "the peer's certificate is that of somebody else",
    advice:
      "look whether the address is that of another node; else give the peer a certificate with its name: mss cert",
  },
  unusable: {
    reason: "the peer's certificate cannot be verified or is not made for TLS",
    advice: "give the peer a certificate of its own: mss cert",
  },
  oursExpired: {
    reason: "the peer says that our certificate has expired",
    advice: "renew it: mss cert --renew; if it is valid, set the clock of the peer",
  },
  oursUnknown: {
    reason: "the peer does not believe the authority of our certificate",
    advice: "give the peer our authority's certificate",
  },
  oursRefused: {
    reason: "the peer refuses our certificate",
    advice: "look into the log of the peer: its authority, the name and the dates of our certificate",
  },
  oldProtocol: {
    reason: "the peer speaks nothing newer than TLS 1.1",
    advice: "switch TLS 1.2 or newer on at the peer",
  },
  noCipher: {
    reason: "the peer and we have no cipher in common",
    advice: "an old phone may know RSA only: mss cert --key-type rsa",
  },
  timeout: { reason: "the peer did not finish its handshake in time", advice: NO_ADVICE },
  noTls: { reason: "what the peer sent is no TLS", advice: "let the peer use TLS on this port, or another port" },
} as const satisfies Record<string, TlsFailure>;

export type TlsFailureKind = keyof typeof TLS_FAILURES;

/** A certificate that was shown and is not believed. */
export class CertificateRefused extends Error {
  readonly kind: TlsFailureKind;
  readonly shown: ReturnType<typeof shownOf>;

  constructor(kind: TlsFailureKind, certificate: X509Certificate) {
    super(TLS_FAILURES[kind].reason);
    this.name = "CertificateRefused";
    this.kind = kind;
    this.shown = shownOf(certificate);
  }
}

const MAX_SHOWN = 200;

/** What tells people which certificate is meant. */
function shownOf({ subject, subjectAltName, issuer, validTo }: X509Certificate): {
  readonly [Key in "subject" | "names" | "issuer" | "validTo"]: string;
} {
  return { subject: shortened(subject), names: shortened(subjectAltName), issuer: shortened(issuer), validTo };
}

/** Names without any, such as a subject of nothing, are undefined in Node. */
function shortened(text: string | undefined): string {
  return (text ?? "").slice(0, MAX_SHOWN);
}

/** The verdicts of OpenSSL, as Node names them. */
const VERDICTS: Readonly<Record<string, TlsFailureKind>> = {
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "notYetValid",
  DEPTH_ZERO_SELF_SIGNED_CERT: "unknownAuthority",
  SELF_SIGNED_CERT_IN_CHAIN: "unknownAuthority",
  UNABLE_TO_GET_ISSUER_CERT: "unknownAuthority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unknownAuthority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unknownAuthority",
  CERT_UNTRUSTED: "unknownAuthority",
};

export function failureOfVerdict(verdict: unknown): TlsFailureKind {
  const code = verdict instanceof Error ? verdict.message : String(verdict);
  return VERDICTS[code] ?? "unusable";
}

/** The alerts that a peer may send, by number. RFC 8446 §6.2. */
const ALERTS: Readonly<Record<string, TlsFailureKind>> = {
  "42": "oursRefused",
  "43": "oursRefused",
  "44": "oursRefused",
  "45": "oursExpired",
  "46": "oursRefused",
  "48": "oursUnknown",
  "49": "oursRefused",
  "70": "oldProtocol",
  "116": "oursRefused",
};

const CODES: Readonly<Record<string, TlsFailureKind>> = {
  ERR_SSL_UNSUPPORTED_PROTOCOL: "oldProtocol",
  ERR_SSL_NO_SHARED_CIPHER: "noCipher",
  ERR_TLS_HANDSHAKE_TIMEOUT: "timeout",
  ERR_SSL_WRONG_VERSION_NUMBER: "noTls",
  ERR_SSL_HTTP_REQUEST: "noTls",
  ERR_SSL_HTTPS_PROXY_REQUEST: "noTls",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "noTls",
};

/** What an error of a socket says of TLS; undefined when it is one of the connection alone, such as a reset. */
export function failureOf(error: unknown): TlsFailureKind | undefined {
  if (error instanceof CertificateRefused) {
    return error.kind;
  }
  if (!(error instanceof Error)) {
    return undefined;
  }
  const alert = /SSL alert number (\d+)/.exec(error.message)?.[1];
  const code = "code" in error ? String(error.code) : "";
  return (alert === undefined ? undefined : ALERTS[alert]) ?? CODES[code];
}
