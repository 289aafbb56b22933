import type { BranchSettings, Endpoint, HubId } from "@mss/model";

/** A hub that serves HTTPS for branches. */
export interface ApiServer {
  readonly id: HubId;
  readonly api: Endpoint;
}

/** The hubs that serve HTTPS, in the order of the settings; `first`, such as the one that was heard last, before all others. */
export function apiServers({ trunk }: BranchSettings, first: HubId | undefined): readonly ApiServer[] {
  const servers = trunk.hubs.flatMap(({ id, api }) => (api === undefined ? [] : [{ id, api }]));
  const rank = ({ id }: ApiServer): number => (id === first ? 0 : 1);
  return servers.toSorted((one, other) => rank(one) - rank(other));
}
