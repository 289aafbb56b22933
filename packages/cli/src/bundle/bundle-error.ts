import { CodedError } from "@mss/runtime";

/** What keeps a bundle from being written. */
export const BUNDLE_ERRORS = {
  BUNDLE_EXISTS: "there is something at that place already",
  BUNDLE_WRITE_FAILED: "a file of the bundle cannot be written",
  BUNDLE_READ_FAILED: "a file that belongs into the bundle cannot be read",
} as const satisfies Record<string, string>;

export class BundleError extends CodedError<keyof typeof BUNDLE_ERRORS> {
  constructor(code: keyof typeof BUNDLE_ERRORS, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, BUNDLE_ERRORS[code], details, options);
  }
}
