import type { NodeFacts } from "../document/facts.ts";
import type { FaultCollector } from "../fault.ts";
import { formatPlace } from "../place.ts";
import { isReachable } from "./check-external-address.ts";
import { isCoveredBy, socketsOf } from "./sockets.ts";
import type { Socket } from "./sockets.ts";

/** No two sockets at one address, and every hub at an address that branches can call. */
export function checkAddresses(nodes: readonly NodeFacts[], collector: FaultCollector): void {
  const taken = new Map<string, Taken>();
  for (const node of nodes) {
    const name = `${node.role} ${node.id}`;
    const sockets = socketsOf(node);
    for (const [position, socket] of sockets.entries()) {
      const earlier = taken.get(socket.key) ?? coveredBy(sockets, position, name);
      if (earlier !== undefined) {
        const { place, path, text } = socket;
        const { owner, socket: other } = earlier;
        const message = `${text} is already taken by ${owner} (${formatPlace(other.place)})`;
        const advice = "give each node an address or a port of its own";
        collector.fault(place, { code: "address-in-use", path, message, advice, other: other.place });
      } else {
        taken.set(socket.key, { owner: name, socket });
      }
    }
    if (node.role === "hub") {
      checkReachable(node, collector);
    }
  }
}

interface Taken {
  readonly owner: string;
  readonly socket: Socket;
}

/** A node that listens on all addresses has them all: no other socket of it fits on that port. */
function coveredBy(sockets: readonly Socket[], position: number, owner: string): Taken | undefined {
  const socket = sockets[position];
  const earlier = sockets.slice(0, position).find((other) => socket !== undefined && isCoveredBy(socket, other));
  return earlier && { owner, socket: earlier };
}

function checkReachable(hub: NodeFacts, collector: FaultCollector): void {
  for (const { place, path, value } of [...hub.listen, ...(hub.api === undefined ? [] : [hub.api])]) {
    if (!isReachable(hub, value.host)) {
      const message = `hub ${hub.id} listens on ${value.host}: branches would not know where to call it`;
      const advice = "write the address at which the branches reach this hub";
      collector.fault(place, { code: "unreachable-hub", path, message, advice });
    }
  }
}
