import { CodedError } from "@mss/runtime";

/** One row per failure of a store; the README repeats the table and a test keeps both in step. */
export const STORE_ERRORS = {
  STORE_UNAVAILABLE: "store cannot be reached now",
  STORE_ACCESS_DENIED: "store refuses the credentials",
  STORE_UNTRUSTED: "certificate of the store is not one that is trusted",
  STORE_BAD_URL: "address of the store is not a URL of Redis",
  STORE_CORRUPT: "stored value does not have the expected form",
  STORE_LOCKED: "store file is locked by another process",
  STORE_NEWER: "store file was written by a newer version of this program",
  STORE_OUTDATED: "store file was written by an older version of this program",
  STORE_CLOSED: "store is not open",
  STORE_FAILED: "store failed to carry out a command",
} as const satisfies Record<string, string>;

export type StoreErrorCode = keyof typeof STORE_ERRORS;

/** The one error class of this package. Neither `details` nor `cause` ever holds a password or the URL it came in. */
export class StoreError extends CodedError<StoreErrorCode> {
  constructor(code: StoreErrorCode, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, STORE_ERRORS[code], details, options);
  }
}
