import type { BranchSettings } from "@mss/model";

/** Where the hubs and the gateways of a branch are. Its phones show that they are known by their passwords. */
export function trustedHosts({ trunk, emergency }: Pick<BranchSettings, "trunk" | "emergency">): readonly string[] {
  const hubs = trunk.hubs.flatMap(({ addresses }) => addresses);
  const gateways = (emergency?.to ?? []).flatMap((way) => (way.kind === "gateway" ? [way.gateway.address] : []));
  return [...hubs, ...gateways].map(({ host }) => host);
}
