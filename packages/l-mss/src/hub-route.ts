import type { BranchSettings, BranchTrunkSettings, TransportAddress, TrunkHubSettings } from "@mss/model";

/** A hub and the address of it that this branch uses. */
export interface HubRoute {
  readonly hub: TrunkHubSettings;
  readonly address: TransportAddress;
}

/**
 * The first address of a hub whose transport this branch listens on too, else its first address. Where the trunk asks for
 * certificates, TLS addresses alone count.
 */
export function routeTo(
  hub: TrunkHubSettings,
  {
    listen,
    trunk,
  }: Pick<BranchSettings, "listen"> & { readonly trunk: Pick<BranchTrunkSettings, "requireCertificate"> },
): HubRoute | undefined {
  const usable =
    trunk.requireCertificate === true ? hub.addresses.filter(({ transport }) => transport === "tls") : hub.addresses;
  const shared = usable.find(({ transport }) => listen.some((own) => own.transport === transport));
  const address = shared ?? usable[0];
  return address === undefined ? undefined : { hub, address };
}
