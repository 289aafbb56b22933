import type { TransportAddress } from "@mss/model";
import { isCoveredBy, sipSocket, socketsOf } from "./checks/sockets.ts";
import type { Socket } from "./checks/sockets.ts";
import { SIP_TLS_PORT, isWildcard } from "./document/address.ts";
import type { NodeFacts } from "./document/facts.ts";

/** Where a node speaks TLS without being asked to, once it has a certificate. */
export interface DefaultTls {
  readonly listen: readonly TransportAddress[];
  /** Where it would, were there not this other socket. */
  readonly taken: readonly { readonly socket: Socket; readonly by: Socket; readonly owner: string }[];
}

interface Taken {
  readonly socket: Socket;
  readonly owner: string;
}

/**
 * TLS by default: port 6060 of every address that a node listens on, unless the node names a `tls://` address itself or
 * says `tls: { listen: false }`. What the document names comes first; of two nodes at one address the first has the port.
 */
export function defaultTls(nodes: readonly NodeFacts[]): ReadonlyMap<NodeFacts, DefaultTls> {
  const taken = new Map<string, Taken>();
  for (const node of nodes) {
    for (const socket of socketsOf(node)) {
      taken.set(socket.key, { socket, owner: `${node.role} ${node.id}` });
    }
  }
  return new Map(nodes.map((node) => [node, defaultOf(node, taken)]));
}

function defaultOf(node: NodeFacts, taken: Map<string, Taken>): DefaultTls {
  const listen: TransportAddress[] = [];
  const refused: DefaultTls["taken"][number][] = [];
  if (node.tlsByDefault && node.listen.every(({ value }) => value.transport !== "tls")) {
    for (const host of hostsOf(node)) {
      const address = { transport: "tls", host, port: SIP_TLS_PORT } as const;
      const socket = sipSocket(node, address, { place: node.node.keyPlace, path: node.node.path });
      const own = socketsOf(node).find((other) => isCoveredBy(socket, other));
      const by = taken.get(socket.key) ?? (own && { socket: own, owner: `${node.role} ${node.id}` });
      if (by === undefined) {
        taken.set(socket.key, { socket, owner: `${node.role} ${node.id}` });
        listen.push(address);
      } else {
        refused.push({ socket, by: by.socket, owner: by.owner });
      }
    }
  }
  return { listen, taken: refused };
}

/** A node on all addresses of a family has no other of that family. */
function hostsOf({ listen }: NodeFacts): readonly string[] {
  const hosts = [...new Set(listen.map(({ value }) => value.host))];
  const wild = hosts.filter(isWildcard);
  const isCovered = (host: string): boolean => wild.some((all) => all.includes(":") === host.includes(":"));
  return hosts.filter((host) => isWildcard(host) || !isCovered(host));
}
