import { TransportError } from "./errors.ts";
import type { ListenAddress } from "./types.ts";

/**
 * One of several processes that listen on the same addresses. The operating system gives each peer to one of them, by the
 * addresses and ports of both ends; what a peer sends elsewhere than to where it began must name the process, by a port.
 */
export interface WorkerPorts {
  /** Added to the port of each listen address: there this process listens alone, and so it names itself in Via and Contact. */
  readonly offset: number;
  /** Those of all processes of the node: what is sent there comes back to the node. */
  readonly offsets: readonly number[];
}

const LAST_PORT = 65_535;

/** What a process listens on: alone, and together with the others. Throws ADDRESS_INVALID for a port that cannot be shared. */
export function ownAndShared(
  listen: readonly ListenAddress[],
  worker: WorkerPorts | undefined,
): { readonly own: readonly ListenAddress[]; readonly shared: readonly ListenAddress[] } {
  if (worker === undefined) {
    return { own: listen, shared: [] };
  }
  return { own: listen.map((address) => moved(address, worker.offset)), shared: listen };
}

/** The addresses of the other processes, and of this one. */
export function addressesOfNode(
  shared: readonly ListenAddress[],
  worker: WorkerPorts | undefined,
): readonly ListenAddress[] {
  return shared.flatMap((address) => (worker?.offsets ?? []).map((offset) => moved(address, offset)));
}

function moved(address: ListenAddress, offset: number): ListenAddress {
  const port = address.port + offset;
  if (address.port === 0 || !(offset > 0) || port > LAST_PORT) {
    throw new TransportError("ADDRESS_INVALID", {
      ...address,
      offset,
      reason: "no port of a worker can be made of it",
    });
  }
  return { ...address, port };
}
