import { CodedError } from "@mss/runtime";

/** What engines refuse, beside the errors of the transport layer. */
export const ENGINE_ERRORS = {
  CONTROL_NOT_LOOPBACK: "the control address must be a loopback address",
  CONTROL_LISTEN_FAILED: "cannot listen on the control address",
  CONTROL_CLOSED: "the engine listens for no application",
  NOT_RUNNING: "the engine is not started, or was stopped",
  METHOD_UNKNOWN: "not a SIP method, and not a call record",
} as const satisfies Record<string, string>;

export type EngineErrorCode = keyof typeof ENGINE_ERRORS;

export class EngineError extends CodedError<EngineErrorCode> {
  constructor(code: EngineErrorCode, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, ENGINE_ERRORS[code], details, options);
  }
}
