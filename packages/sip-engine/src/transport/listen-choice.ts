import { familyOf, isLoopback, isWildcard, reachableAddress } from "./addresses.ts";
import type { ListenAddress, Target } from "./types.ts";

/**
 * The listen address to send from: of the target's transport and address family; among those the one the flow came in
 * on, else one that can reach the target (loopback reaches loopback only), else the first. A host name fits any family.
 */
export function chooseListen(listening: readonly ListenAddress[], target: Target): ListenAddress | undefined {
  const family = familyOf(target.host);
  let chosen: ListenAddress | undefined;
  let chosenScore = 0;
  for (const candidate of listening) {
    const isPossible =
      candidate.transport === target.transport && (family === 0 || familyOf(candidate.host) === family);
    const score = isPossible ? fitness(candidate, target) : 0;
    if (score > chosenScore) {
      chosen = candidate;
      chosenScore = score;
    }
  }
  return chosen;
}

function fitness(candidate: ListenAddress, target: Target): number {
  const local = target.flow?.local;
  const isWild = isWildcard(candidate.host);
  if (local !== undefined && (local.host === candidate.host || isWild)) {
    return local.port === candidate.port ? 4 : 3; // the port of a dialled connection is nobody's listen port
  }
  return isWild || isLoopback(candidate.host) === isLoopback(target.host) ? 2 : 1;
}

/** The listen address as a peer at `host` may use it: a socket bound to every address needs one of them named. */
export function visibleAddress(address: ListenAddress, host: string): ListenAddress {
  return isWildcard(address.host) ? { ...address, host: reachableAddress(address.host, host) } : address;
}

/** The address to call from, so that a peer sees the one it knows; undefined where the system has to choose. */
export function callingAddress(listen: ListenAddress | undefined, host: string): string | undefined {
  const isUsable = listen !== undefined && !isWildcard(listen.host) && isLoopback(listen.host) === isLoopback(host);
  return isUsable ? listen.host : undefined;
}
