import type { BranchId, HubId, Snapshot } from "@mss/model";
import type { Topology, TopologyBranch } from "../topology.ts";
import type { TrunkState } from "./explanation.ts";

/** What is known of the phones of a branch, beside what a snapshot says. */
export interface BranchDirectory {
  extension(branch: BranchId, number: string): { readonly isExtension: boolean; readonly name?: string };
  /** Extensions and gateways that take the branch's emergency calls. */
  emergencyWays(branch: BranchId): readonly string[];
}

/** The hub that answers, and what it knows that is in no file. */
export interface RunningHub {
  readonly hub: HubId;
  readonly revision: number;
  /** Undefined for a branch whose trunk does not lead to it. */
  trunk(branch: BranchId): TrunkState | undefined;
}

export interface CallQuestion {
  readonly snapshot: Snapshot;
  /** Number of the calling extension, and what it dials. */
  readonly from: string;
  readonly to: string;
  /** Whose extension calls, where the number alone does not say it. */
  readonly branch?: string;
  /** Milliseconds since 1970 UTC. */
  readonly atMs: number;
  /** Chance for targets of the same priority, 0 to below 1; see `drawOf`. 0, the first of them, when absent. */
  readonly draw?: number;
  readonly directory?: BranchDirectory;
  readonly running?: RunningHub;
}

/** The phones that a topology describes. */
export function directoryOf({ branches }: Topology): BranchDirectory {
  const byId = new Map(branches.map((branch) => [branch.id, branch]));
  return {
    extension: (branch, number) => extensionOf(byId.get(branch), number),
    emergencyWays: (branch) => byId.get(branch)?.emergency?.to ?? [],
  };
}

function extensionOf(branch: TopologyBranch | undefined, number: string): { isExtension: boolean; name?: string } {
  const extension = branch?.extensions.find(
    ({ low, high }) => low.length === number.length && low <= number && number <= high,
  );
  return { isExtension: extension !== undefined, ...(extension?.name === undefined ? {} : { name: extension.name }) };
}
