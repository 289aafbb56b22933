import { familyOf, isLoopback, isWildcard } from "./addresses.ts";
import type { ListenAddress, Target } from "./types.ts";

/** The address of this machine that messages to a host are sent from. */
export type SourceFor = (host: string) => string | undefined;

/**
 * The listen address to send from: of the target's transport and address family; among those the one the flow came in
 * on, else the one that the operating system would send from, else one that can reach the target (loopback reaches
 * loopback only), else the first. A host name fits any family.
 */
export function chooseListen(
  listening: readonly ListenAddress[],
  target: Target,
  sourceFor?: SourceFor,
): ListenAddress | undefined {
  const family = familyOf(target.host);
  const possible = listening.filter(
    ({ transport, host }) => transport === target.transport && (family === 0 || familyOf(host) === family),
  );
  if (possible.length < 2) {
    return possible[0];
  }
  const scores = possible.map((candidate) => fitness(candidate, target));
  const best = Math.max(...scores);
  const fittest = possible.filter((_candidate, position) => scores[position] === best);
  const source = fittest.length < 2 || best >= ON_HOST ? undefined : sourceFor?.(target.host);
  return fittest.find(({ host }) => host === source) ?? fittest[0];
}

const ON_FLOW = 4;
const ON_HOST = 3;
const REACHES = 2;
const MAY_NOT_REACH = 1;

function fitness(candidate: ListenAddress, target: Target): number {
  const local = target.flow?.local;
  const isWild = isWildcard(candidate.host);
  if (local !== undefined && (local.host === candidate.host || isWild)) {
    return local.port === candidate.port ? ON_FLOW : ON_HOST; // the port of a dialled connection is nobody's listen port
  }
  return isWild || isLoopback(candidate.host) === isLoopback(target.host) ? REACHES : MAY_NOT_REACH;
}

/** The address to call from, so that a peer sees the one it knows; undefined where the system has to choose. */
export function callingAddress(listen: ListenAddress | undefined, host: string): string | undefined {
  const isUsable = listen !== undefined && !isWildcard(listen.host) && isLoopback(listen.host) === isLoopback(host);
  return isUsable ? listen.host : undefined;
}
