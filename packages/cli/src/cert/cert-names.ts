import { isIP } from "node:net";
import { nodeName } from "@mss/certificates";
import type { CertificateNames } from "@mss/certificates/issue";
import type { Topology, TopologyBranch, TopologyHub } from "@mss/topology";

export type TopologyNode = TopologyHub | TopologyBranch;

const ANYWHERE: readonly string[] = ["0.0.0.0", "::"];

/** What the certificate of a node must hold: its own name, what phones call it, and the addresses it is reached at. */
export function wantedNames({ federation }: Topology, { id, listen, external, tls }: TopologyNode): CertificateNames {
  const hosts = [...listen.map(({ host }) => host), ...(external === undefined ? [] : [external.address])];
  const addresses = [...hosts, ...tls.names.filter((name) => isIP(name) !== 0)];
  return {
    domains: [...new Set([nodeName(id, federation), ...tls.names.filter((name) => isIP(name) === 0)])],
    addresses: [...new Set(addresses)].filter((address) => !ANYWHERE.includes(address)),
  };
}
