import { branchLabel } from "@mss/call-control/node";
import type { BranchId, CarrierLineSettings, ExtensionNumber, ExtensionSettings, TrunkHubSettings } from "@mss/model";

/** Who brings a call to this branch. */
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
    }
  /** From the address of a carrier. `called`: the number that it reached by a public one, as the own phones have it. */
  | { readonly kind: "carrier"; readonly line: CarrierLineSettings; readonly called: string };

export function extensionLabel(number: string): string {
  return `extension:${number}`;
}

/** A carrier line in log lines, call records and leases: `carrier:pccw`. */
export function carrierLabel(line: Pick<CarrierLineSettings, "id">): string {
  return `carrier:${line.id}`;
}

/** The caller in log lines and call records: `extension:1000`, `hub:hub-1`, `branch:london`, `carrier:pccw`. */
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
    case "carrier": {
      return carrierLabel(caller.line);
    }
  }
}
