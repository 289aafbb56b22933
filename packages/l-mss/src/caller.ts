import { branchLabel } from "@mss/call-control/node";
import type { BranchId, ExtensionNumber, ExtensionSettings, TrunkHubSettings } from "@mss/model";

/** Who brings a call to this branch, proven by digest. */
export type Caller =
  | {
      readonly kind: "extension";
      readonly number: ExtensionNumber;
      readonly settings: ExtensionSettings;
      /** It calls as anonymous. False when absent. */
      readonly isHidden?: boolean;
    }
  | { readonly kind: "hub"; readonly hub: TrunkHubSettings }
  /** Straight from another branch, which is known by its certificate. */
  | {
      readonly kind: "branch";
      readonly branch: BranchId;
      /** The number that it may call by the rules of the federation, as the own phones have it. */
      readonly called: string;
      /** Calling number that the callee is shown; absent: as it came. */
      readonly shown?: string;
    };

export function extensionLabel(number: string): string {
  return `extension:${number}`;
}

/** The caller in log lines and call records: `extension:1000`, `hub:hub-1`, `branch:london`. */
export function callerLabel(caller: Caller): string {
  switch (caller.kind) {
    case "extension": {
      return extensionLabel(caller.number);
    }
    case "hub": {
      return `hub:${caller.hub.id}`;
    }
    case "branch": {
      return branchLabel(caller.branch);
    }
  }
}
