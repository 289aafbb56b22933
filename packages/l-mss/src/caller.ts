import type { ExtensionNumber, ExtensionSettings, TrunkHubSettings } from "@mss/model";

/** Who brings a call to this branch, proven by digest. */
export type Caller =
  | {
      readonly kind: "extension";
      readonly number: ExtensionNumber;
      readonly settings: ExtensionSettings;
      /** It calls as anonymous. False when absent. */
      readonly isHidden?: boolean;
    }
  | { readonly kind: "hub"; readonly hub: TrunkHubSettings };

export function extensionLabel(number: string): string {
  return `extension:${number}`;
}

/** The caller in log lines and call records: `extension:1000`, `hub:hub-1`. */
export function callerLabel(caller: Caller): string {
  return caller.kind === "extension" ? extensionLabel(caller.number) : `hub:${caller.hub.id}`;
}
