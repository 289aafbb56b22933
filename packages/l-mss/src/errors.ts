import { CodedError } from "@mss/runtime";

/** Why a trunk is not registered at a hub, or what it was asked for over HTTPS not had (seen in log lines only), and what keeps a branch from starting. */
export const ERRORS = {
  DATA_DIRECTORY_FAILED: "data directory of the branch cannot be made",
  NUMBERS_REFUSED: "numbers of the branch do not make a dial plan",
  TOPOLOGY_REFUSED: "topology that a hub offers is not used",
  TOPOLOGY_UNREACHABLE: "no topology can be had from a hub",
  RECORDS_REFUSED: "call records are not taken by a hub",
  RECORDS_UNREACHABLE: "call records cannot be handed to a hub",
  HUB_REFUSED: "hub refused the registration of the trunk",
  HUB_UNREACHABLE: "hub did not answer the registration of the trunk",
} as const satisfies Record<string, string>;

export type BranchErrorCode = keyof typeof ERRORS;

export class BranchError extends CodedError<BranchErrorCode> {
  constructor(code: BranchErrorCode, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, ERRORS[code], details, options);
  }
}
