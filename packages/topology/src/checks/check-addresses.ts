import { isIPv6 } from "node:net";
import { isWildcard } from "../document/address.ts";
import { isReachable } from "./check-external-address.ts";
import type { NodeFacts, Statement } from "../document/facts.ts";
import type { FaultCollector } from "../fault.ts";
import { formatPlace } from "../place.ts";

/** No two sockets at one address, and every hub at an address that branches can call. */
export function checkAddresses(nodes: readonly NodeFacts[], collector: FaultCollector): void {
  const taken = new Map<string, Taken>();
  for (const node of nodes) {
    const name = `${node.role} ${node.id}`;
    const sockets = socketsOf(node);
    for (const [position, { key, text, statement }] of sockets.entries()) {
      const earlier = taken.get(key) ?? coveredBy(sockets, position, name);
      if (earlier !== undefined) {
        const message = `${text} is already taken by ${earlier.owner} (${formatPlace(earlier.statement.place)})`;
        const advice = "give each node an address or a port of its own";
        const { place, path } = statement;
        collector.fault(place, { code: "address-in-use", path, message, advice, other: earlier.statement.place });
      } else {
        taken.set(key, { owner: name, statement });
      }
    }
    if (node.role === "hub") {
      checkReachable(node, collector);
    }
  }
}

interface Taken {
  readonly owner: string;
  readonly statement: Statement<unknown>;
}

/** A node that listens on all addresses has them all: no other socket of it fits on that port. */
function coveredBy(sockets: readonly Socket[], position: number, owner: string): Taken | undefined {
  const socket = sockets[position];
  const earlier = sockets
    .slice(0, position)
    .find((other) => socket !== undefined && sharePort(socket, other) && (other.isWild || socket.isWild));
  return earlier && { owner, statement: earlier.statement };
}

/** SIP sockets are of one family: `0.0.0.0` and `[::]` stand side by side. */
function sharePort(one: Socket, other: Socket): boolean {
  return one.place === other.place && one.families.some((family) => other.families.includes(family));
}

interface Socket {
  readonly key: string;
  /** Transport and port. */
  readonly place: string;
  readonly families: readonly (4 | 6)[];
  readonly isWild: boolean;
  readonly text: string;
  readonly statement: Statement<unknown>;
}

function socketsOf(node: NodeFacts): readonly Socket[] {
  const sip = node.listen.map((statement) => {
    const { transport, host, port } = statement.value;
    return {
      transport: transport === "udp" ? "udp" : "tcp",
      host,
      port,
      families: [familyOf(host)],
      text: `${transport} ${hostPort(host, port)}`,
      statement,
    };
  });
  const http = [node.http ?? []].flat().map((statement) => {
    const { host, port } = statement.value;
    const families = host === "::" ? ([4, 6] as const) : [familyOf(host)]; // Node's servers take both there
    return { transport: "tcp", host, port, families, text: `tcp ${hostPort(host, port)}`, statement };
  });
  return [...sip, ...http].map(({ transport, host, port, families, text, statement }) => {
    // two nodes that listen on all addresses are on two machines
    const isWild = isWildcard(host);
    const scope = isWild ? `${node.role} ${node.id} ` : "";
    return {
      key: `${scope}${transport} ${host} ${port}`,
      place: `${transport} ${port}`,
      families,
      isWild,
      text,
      statement,
    };
  });
}

function familyOf(host: string): 4 | 6 {
  return isIPv6(host) ? 6 : 4;
}

function hostPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function checkReachable(hub: NodeFacts, collector: FaultCollector): void {
  for (const { place, path, value } of hub.listen) {
    if (!isReachable(hub, value.host)) {
      const message = `hub ${hub.id} listens on ${value.host}: branches would not know where to call it`;
      const advice = "write the address at which the branches reach this hub";
      collector.fault(place, { code: "unreachable-hub", path, message, advice });
    }
  }
}
