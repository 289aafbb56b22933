import { CodedError } from "@mss/runtime";

/** Why a trunk is not registered at a hub, or a topology not taken from it (seen in log lines only), and what keeps a branch from starting. */
export const ERRORS = {
  DATA_DIRECTORY_FAILED: "data directory of the branch cannot be made",
  NUMBERS_REFUSED: "numbers of the branch do not make a dial plan",
  TOPOLOGY_REFUSED: "topology that a hub offers is not used",
  TOPOLOGY_UNREACHABLE: "no topology can be had from a hub",
  HUB_REFUSED: "hub refused the registration of the trunk",
  HUB_UNREACHABLE: "hub did not answer the registration of the trunk",
} as const satisfies Record<string, string>;

export type BranchErrorCode = keyof typeof ERRORS;

export class BranchError extends CodedError<BranchErrorCode> {
  constructor(code: BranchErrorCode, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, ERRORS[code], details, options);
  }
}
