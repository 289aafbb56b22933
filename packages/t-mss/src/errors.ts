import { CodedError } from "@mss/runtime";

/** What keeps a hub from routing (seen in log lines and in the status) or from starting. */
export const ERRORS = {
  PLAN_REFUSED: "snapshot does not make a dial plan",
  API_LISTEN_FAILED: "cannot listen for the branches' https",
  TOPOLOGY_AWAY: "topology store cannot be reached",
} as const satisfies Record<string, string>;

export type HubErrorCode = keyof typeof ERRORS;

export class HubError extends CodedError<HubErrorCode> {
  constructor(code: HubErrorCode, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, ERRORS[code], details, options);
  }
}
