import type { HubSettings } from "@mss/model";

/** Where the branches call from, as far as the topology says. The others show that they are known by their passwords. */
export function trustedHosts({ trunks }: Pick<HubSettings, "trunks">): readonly string[] {
  return [...trunks.values()].flatMap(({ address }) => address ?? []);
}
