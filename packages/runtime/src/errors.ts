/**
 * The base of every error class of this project. `code` is stable and is what callers test; the message is constant,
 * everything variable is in `details`.
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, details: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.details = details;
  }
}

/** True for an error of this project that carries one of `codes`. */
export function hasCode<Code extends string>(error: unknown, ...codes: readonly Code[]): error is CodedError<Code> {
  return error instanceof CodedError && codes.some((code) => code === error.code);
}

/** Narrows to an error with a code, of whatever package. */
export function isCoded(error: unknown): error is CodedError {
  return error instanceof CodedError;
}
