import { CodedError } from "@mss/runtime";

/** What keeps a hub from routing. Seen in log lines and in the status. */
export const ERRORS = {
  PLAN_REFUSED: "snapshot does not make a dial plan",
  TOPOLOGY_AWAY: "topology store cannot be reached",
} as const satisfies Record<string, string>;

export type HubErrorCode = keyof typeof ERRORS;

export class HubError extends CodedError<HubErrorCode> {
  constructor(code: HubErrorCode, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, ERRORS[code], details, options);
  }
}
