import type { BranchSettings, ExtensionNumber } from "@mss/model";
import type { NodeSet } from "../nodes.ts";
import { DEMO_PHONES } from "./place-calls.ts";

/** An extension of the topology that no demo phone is registered on. */
function freeExtension(branch: BranchSettings | undefined): [number: ExtensionNumber, secret: string] | undefined {
  const free = [...(branch?.extensions ?? [])].find(([number]) => !DEMO_PHONES.includes(number));
  return free === undefined ? undefined : [free[0], free[1].secret];
}

/** Three lines: how a real softphone of this machine registers, and what to dial. */
export function softphoneHelp({ branches }: NodeSet): string {
  const [home, away] = branches;
  const [number, secret] = freeExtension(home) ?? ["?", "?"];
  const [awayNumber, awaySecret] = freeExtension(away) ?? ["?", "?"];
  const addressOf = (branch: BranchSettings | undefined): string => {
    const address = branch?.listen[0];
    return address === undefined ? "?" : `${address.host}:${address.port}`;
  };
  return [
    `Register a softphone at ${addressOf(home)} (UDP or TCP): user ${number}, password ${secret}`,
    `A second one at ${addressOf(away)}: user ${awayNumber}, password ${awaySecret}`,
    `Dial 4000 (London, through the hub), 1001 (local), or each other. The demo phones answer at once. Ctrl-C ends it.`,
    "",
  ].join("\n");
}
