/** Every code of this package with its constant message; the README has the same table. */
export const SIP_MESSAGE_ERRORS = {
  UNSAFE_HEADER: "a name, value, URI or reason has a character that would break the message",
  UNSAFE_BODY: "the body has a character that is no byte",
  UNSUPPORTED_ALGORITHM: "the digest algorithm is neither SHA-256 nor MD5",
} as const satisfies Record<string, string>;

export type SipMessageErrorCode = keyof typeof SIP_MESSAGE_ERRORS;

/** Thrown by builders for values of our own making; never by anything that reads the network. */
export class SipMessageError extends Error {
  readonly code: SipMessageErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: SipMessageErrorCode, details: Record<string, unknown> = {}) {
    super(SIP_MESSAGE_ERRORS[code]);
    this.name = "SipMessageError";
    this.code = code;
    this.details = details;
  }
}
