import { CodedError } from "@mss/runtime";

/** Mistakes of the calling code; what is wrong with a topology is a `Fault`. */
export const ERRORS = {
  UNKNOWN_NODE: "no node of that role has this id",
  UNDECIDED_NUMBERS: "two branches own the same numbers; check the topology first",
  SECRET_NOT_RESOLVED: "settings need a secret that was not resolved",
} as const satisfies Readonly<Record<string, string>>;

export class TopologyError extends CodedError<keyof typeof ERRORS> {
  constructor(code: keyof typeof ERRORS, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, ERRORS[code], details, options);
  }
}
