import { isIPv6 } from "node:net";
import { isLoopback, isWildcard } from "../document/address.ts";
import type { NodeFacts, Statement } from "../document/facts.ts";
import { isInNetwork } from "../document/network.ts";
import type { FaultCollector } from "../fault.ts";
import { formatPlace } from "../place.ts";

/** What a node says of the router before it: it has an effect, and no two nodes say the same of one router. */
export function checkExternalAddresses(nodes: readonly NodeFacts[], collector: FaultCollector): void {
  const taken = new Map<string, Owner>();
  for (const node of nodes) {
    const { externalAddress } = node;
    if (externalAddress === undefined) {
      checkUnused(node, collector);
    } else {
      checkEffect(node, externalAddress, collector);
      checkTaken(node, externalAddress, { taken, collector });
    }
  }
}

interface Owner {
  readonly name: string;
  readonly statement: Statement<string>;
}

/** A wrong external address is told of by itself: then the networks would have an effect. */
function checkUnused({ node, id, localNetworks }: NodeFacts, collector: FaultCollector): void {
  const list = node.entries.get("localNetworks");
  if (list !== undefined && localNetworks.length > 0 && !node.entries.has("externalAddress")) {
    const message = `localNetworks of ${id} change nothing without externalAddress`;
    const advice = "add externalAddress, or take localNetworks out";
    collector.fault(list.keyPlace, { code: "no-effect", path: list.path, message, advice });
  }
}

function checkEffect(node: NodeFacts, external: Statement<string>, collector: FaultCollector): void {
  const { place, path, value } = external;
  const hosts = node.listen.map(({ value: { host } }) => host);
  if (hosts.length === 0) {
    return; // none that could be read
  }
  if (hosts.every((host) => isIPv6(host) !== isIPv6(value))) {
    const family = isIPv6(value) ? "IPv6" : "IPv4";
    const message = `externalAddress ${value} changes nothing: ${node.id} does not listen on ${family}`;
    collector.fault(place, { code: "no-effect", path, message, advice: `listen on an ${family} address` });
  } else if (hosts.includes(value)) {
    const message = `externalAddress ${value} is the address that ${node.id} listens on`;
    const advice = "take externalAddress out: there is no router before this node";
    collector.fault(place, { code: "no-effect", path, message, advice });
  } else if (isLoopback(value) && !hosts.every(isLoopback)) {
    const message = `externalAddress ${value} of ${node.id} is an address of its own machine`;
    const advice = "write the address that the router has on the other side";
    collector.fault(place, { code: "invalid-address", path, message, advice });
  }
  const around = node.localNetworks.find((network) => isInNetwork(value, network.value));
  if (around !== undefined) {
    const message = `externalAddress ${value} of ${node.id} lies in its local network ${around.value}`;
    const advice = "peers there are told the other address: check both";
    collector.warn(place, { code: "external-address-local", path, message, advice, other: around.place });
  }
}

interface TakenContext {
  readonly taken: Map<string, Owner>;
  readonly collector: FaultCollector;
}

/** One port of a router leads to one node. */
function checkTaken(node: NodeFacts, external: Statement<string>, { taken, collector }: TakenContext): void {
  const name = `${node.role} ${node.id}`;
  for (const { value } of node.listen) {
    if (isIPv6(value.host) !== isIPv6(external.value)) {
      continue;
    }
    const key = `${value.transport === "udp" ? "udp" : "tcp"} ${value.port} ${external.value}`;
    const earlier = taken.get(key);
    if (earlier === undefined) {
      taken.set(key, { name, statement: external });
    } else if (earlier.name !== name) {
      const where = formatPlace(earlier.statement.place);
      const message = `${value.transport} port ${value.port} of ${external.value} already leads to ${earlier.name} (${where})`;
      const advice = "give each node behind one router ports of its own";
      const { place, path } = external;
      collector.fault(place, { code: "address-in-use", path, message, advice, other: earlier.statement.place });
      return;
    }
  }
}

/** Whether others can call this listen address at all: one on all addresses is reached from outside only. */
export function isReachable(node: NodeFacts, host: string): boolean {
  const external = node.externalAddress?.value;
  return !isWildcard(host) || (external !== undefined && isIPv6(external) === isIPv6(host));
}
