import { CodedError } from "@mss/runtime";

/** Mistakes of the calling code, and keys that are none; what is wrong with a topology is a `Fault`. */
export const ERRORS = {
  UNKNOWN_NODE: "no node of that role has this id",
  UNDECIDED_NUMBERS: "two branches own the same numbers; check the topology first",
  SECRET_NOT_RESOLVED: "settings need a secret that was not resolved",
  REVISION_INVALID: "author or message of a revision is empty, too long, or more than one line",
  SIGNING_KEY_INVALID: "signing key cannot be used",
} as const satisfies Readonly<Record<string, string>>;

export class TopologyError extends CodedError<keyof typeof ERRORS> {
  constructor(code: keyof typeof ERRORS, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, ERRORS[code], details, options);
  }
}
