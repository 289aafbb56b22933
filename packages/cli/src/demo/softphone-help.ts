import type { BranchSettings } from "@mss/model";
import type { NodeSet } from "../nodes.ts";
import { DEMO_PHONES } from "./place-calls.ts";

/** How to register a softphone of this machine on an extension that no demo phone has. */
function accountLine(branch: BranchSettings): string {
  const address = branch.listen[0];
  const account = [...branch.extensions].find(([number]) => !DEMO_PHONES.includes(number));
  if (address === undefined || account === undefined) {
    return `${branch.name}: no extension is free for a softphone`;
  }
  const [number, { secret }] = account;
  const transports = [...new Set(branch.listen.map(({ transport }) => transport.toUpperCase()))].join(" or ");
  return `${branch.name}: server ${address.host}:${address.port} (${transports}), user ${number}, password ${secret}`;
}

/** Three lines: where a real softphone registers in each branch, and what to dial. */
export function softphoneHelp({ branches }: NodeSet): string {
  return [
    ...branches.map((branch) => `Register a softphone in ${accountLine(branch)}`),
    `Then dial ${DEMO_PHONES.join(" or ")} (they answer at once), or one softphone from the other. Ctrl-C ends the demo.`,
    "",
  ].join("\n");
}
