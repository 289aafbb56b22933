import { withoutCode } from "@mss/dial-plan";
import type { BranchSettings, CarrierLineSettings, OverflowRules, PublicNumberRule } from "@mss/model";
import type { Secrets } from "./secrets.ts";
import type { Topology, TopologyBranch } from "./topology.ts";

/** Public numbers of the other branches, for one whose lines carry calls to them; else none. */
export function overflowNumbers(topology: Topology, branch: TopologyBranch): readonly PublicNumberRule[] {
  if (branch.carrier === undefined || branch.carrier.overflow.length === 0) {
    return [];
  }
  const others = topology.branches.filter(({ id }) => id !== branch.id).flatMap(({ publicNumbers }) => publicNumbers);
  return [...others, ...branch.publicNumbersElsewhere];
}

/** What a branch goes by of the public network, but for its lines: no secret, and the same in its part of a topology. */
export function publicNetworkRules(
  topology: Topology,
  branch: TopologyBranch,
): Pick<BranchSettings, "publicNumbers" | "overflow"> {
  const { carrier, siteCode } = branch;
  const publicNumbers = branch.publicNumbers.map((rule) => ({ ...rule, numbers: withoutCode(rule.numbers, siteCode) }));
  const numbers = overflowNumbers(topology, branch);
  const overflow: OverflowRules | undefined =
    carrier === undefined || numbers.length === 0 ? undefined : { lines: carrier.overflow, numbers };
  return {
    ...(publicNumbers.length === 0 ? {} : { publicNumbers }),
    ...(overflow === undefined ? {} : { overflow }),
  };
}

export function carrierLines({ carrier }: TopologyBranch, secrets: Secrets): Pick<BranchSettings, "carrierLines"> {
  const lines = (carrier?.lines ?? []).map(({ account, ...line }): CarrierLineSettings => ({
    ...line,
    ...(account === undefined ? {} : { account: { ...account, secret: secrets.valueOf(account.secret) } }),
  }));
  return lines.length === 0 ? {} : { carrierLines: lines };
}
