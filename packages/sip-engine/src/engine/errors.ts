import { CodedError } from "@mss/runtime";

/** What can keep an engine from starting, beside the errors of the transport layer. */
export const ENGINE_ERRORS = {
  CONTROL_NOT_LOOPBACK: "the control address must be a loopback address",
  CONTROL_LISTEN_FAILED: "cannot listen on the control address",
} as const satisfies Record<string, string>;

export type EngineErrorCode = keyof typeof ENGINE_ERRORS;

export class EngineError extends CodedError<EngineErrorCode> {
  constructor(code: EngineErrorCode, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, ENGINE_ERRORS[code], details, options);
  }
}
