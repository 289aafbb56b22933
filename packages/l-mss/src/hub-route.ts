import type { TransportAddress, TrunkHubSettings } from "@mss/model";

/** A hub and the address of it that this branch uses. */
export interface HubRoute {
  readonly hub: TrunkHubSettings;
  readonly address: TransportAddress;
}

/** The first address of a hub whose transport this branch listens on too, else its first address. */
export function routeTo(hub: TrunkHubSettings, listen: readonly TransportAddress[]): HubRoute | undefined {
  const shared = hub.addresses.find(({ transport }) => listen.some((own) => own.transport === transport));
  const address = shared ?? hub.addresses[0];
  return address === undefined ? undefined : { hub, address };
}
