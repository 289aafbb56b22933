import { isIPv6 } from "node:net";
import type { Endpoint, TransportAddress } from "@mss/model";
import { isWildcard } from "./document/address.ts";
import { isInNetwork } from "./document/network.ts";
import type { TopologyBranch, TopologyHub } from "./topology.ts";

/**
 * Where a branch calls a hub. For one behind a router the addresses are external, unless the branch is on the hub's side
 * of it: it calls from one of the hub's local networks (`trunk.address`, else what it listens on), or both stand behind
 * one external address.
 */
export function hubAddressesFor(hub: TopologyHub, branch: TopologyBranch): readonly TransportAddress[] {
  return asSeenBy(branch, hub, [...hub.listen, ...hub.tls.defaultListen]); // last, so that a branch takes what it has been told to
}

/** Where a branch asks a hub for its part of the topology; undefined where the hub hands none out. */
export function hubApiFor(hub: TopologyHub, branch: TopologyBranch): Endpoint | undefined {
  const [seen] = hub.api === undefined ? [] : asSeenBy(branch, hub, [{ transport: "tls", ...hub.api }]);
  return seen && { host: seen.host, port: seen.port };
}

/** Where a branch calls another one straight: over TLS, and nowhere when the other has none. */
export function directAddressesFor(peer: TopologyBranch, branch: TopologyBranch): readonly TransportAddress[] {
  const secure = [...peer.listen, ...peer.tls.defaultListen].filter(({ transport }) => transport === "tls");
  return asSeenBy(branch, peer, secure).filter(({ host }) => !isWildcard(host));
}

function asSeenBy(
  branch: TopologyBranch,
  { external }: Pick<TopologyHub, "external">,
  listen: readonly TransportAddress[],
): readonly TransportAddress[] {
  if (external === undefined) {
    return listen;
  }
  const isNear = isOnSameSide(external, branch);
  return listen.map((own) => {
    const isTranslated = isIPv6(own.host) === isIPv6(external.address);
    return isTranslated && (!isNear || isWildcard(own.host)) ? { ...own, host: external.address } : own;
  });
}

function isOnSameSide(external: NonNullable<TopologyHub["external"]>, branch: TopologyBranch): boolean {
  const isLocal = (host: string): boolean => external.localNetworks.some((network) => isInNetwork(host, network));
  if (branch.trunk.address !== undefined) {
    return isLocal(branch.trunk.address);
  }
  return branch.external === undefined
    ? branch.listen.some(({ host }) => isLocal(host))
    : branch.external.address === external.address;
}
