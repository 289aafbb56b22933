import { isIPv6 } from "node:net";
import type { TransportAddress } from "@mss/model";
import { isWildcard } from "../document/address.ts";
import type { NodeFacts } from "../document/facts.ts";
import type { Place } from "../place.ts";

/** Something that a node listens on, as the operating system tells one from another. */
export interface Socket {
  /** Equal for two that cannot both be opened. */
  readonly key: string;
  /** Transport and port. */
  readonly port: string;
  readonly families: readonly (4 | 6)[];
  readonly isWild: boolean;
  readonly text: string;
  readonly path: string;
  readonly place: Place;
}

type Owner = Pick<NodeFacts, "role" | "id">;

/** All that the document names. */
export function socketsOf(node: NodeFacts): readonly Socket[] {
  const sip = node.listen.map(({ value, place, path }) => sipSocket(node, value, { place, path }));
  const http = [node.http ?? [], node.api ?? []].flat().map(({ value: { host, port }, place, path }) => {
    const families = host === "::" ? ([4, 6] as const) : [familyOf(host)]; // Node's servers take both there
    return { ...socket(node, { transport: "tcp", host, port }), families, place, path };
  });
  return [...sip, ...http];
}

/** A SIP socket that is named, or implied, at that place. */
export function sipSocket(
  owner: Owner,
  address: TransportAddress,
  where: { readonly place: Place; readonly path: string },
): Socket {
  return { ...socket(owner, address), ...where };
}

/** SIP sockets are of one family: `0.0.0.0` and `[::]` stand side by side. A node on all addresses has them all. */
export function isCoveredBy(one: Socket, other: Socket): boolean {
  const sharePort = one.port === other.port && one.families.some((family) => other.families.includes(family));
  return sharePort && (one.isWild || other.isWild);
}

function socket(owner: Owner, { transport, host, port }: TransportAddress): Omit<Socket, "place" | "path"> {
  const protocol = transport === "udp" ? "udp" : "tcp";
  // two nodes that listen on all addresses are on two machines
  const isWild = isWildcard(host);
  const scope = isWild ? `${owner.role} ${owner.id} ` : "";
  return {
    key: `${scope}${protocol} ${host} ${port}`,
    port: `${protocol} ${port}`,
    families: [familyOf(host)],
    isWild,
    text: `${transport} ${isIPv6(host) ? `[${host}]` : host}:${port}`,
  };
}

function familyOf(host: string): 4 | 6 {
  return isIPv6(host) ? 6 : 4;
}
