import type { BranchSettings } from "@mss/model";

/** Where the hubs, the gateways, the carriers and the other branches of a branch are. Its phones show that they are known by their passwords. */
export function trustedHosts({
  trunk,
  emergency,
  direct,
  carrierLines = [],
}: Pick<BranchSettings, "trunk" | "emergency" | "direct" | "carrierLines">): readonly string[] {
  const peers = (direct?.peers ?? []).flatMap(({ addresses }) => addresses);
  const hubs = trunk.hubs.flatMap(({ addresses }) => addresses);
  const gateways = (emergency?.to ?? []).flatMap((way) => (way.kind === "gateway" ? [way.gateway.address] : []));
  const carriers = carrierLines.map(({ server }) => server);
  return [...hubs, ...peers, ...gateways, ...carriers].map(({ host }) => host);
}
