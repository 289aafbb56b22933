import type { BranchSettings } from "@mss/model";

/** Where the hubs, the gateways and the other branches of a branch are. Its phones show that they are known by their passwords. */
export function trustedHosts({
  trunk,
  emergency,
  direct,
}: Pick<BranchSettings, "trunk" | "emergency" | "direct">): readonly string[] {
  const peers = (direct?.peers ?? []).flatMap(({ addresses }) => addresses);
  const hubs = trunk.hubs.flatMap(({ addresses }) => addresses);
  const gateways = (emergency?.to ?? []).flatMap((way) => (way.kind === "gateway" ? [way.gateway.address] : []));
  return [...hubs, ...peers, ...gateways].map(({ host }) => host);
}
