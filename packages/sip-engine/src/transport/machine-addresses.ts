import { createSocket } from "node:dgram";
import { BlockList } from "node:net";
import { networkInterfaces } from "node:os";
import type { NetworkInterfaceInfo } from "node:os";
import { familyOf, isListed, isLoopback } from "./addresses.ts";

interface OwnSubnet {
  readonly address: string;
  readonly family: 4 | 6;
  readonly isInternal: boolean;
  readonly members: BlockList;
}

interface Known {
  readonly source: string | undefined;
  readonly readAt: number;
}

const VALID_MS = 10_000; // asking the operating system for each message would cost more than the message
const KNOWN_LIMIT = 4_000;
const PROBES_PER_PERIOD = 200; // each costs a socket: a flood from forged addresses must not make thousands of them
const ANY_PORT = 5060; // nothing is sent: the port does not matter

/**
 * The addresses of this machine, and which of them a peer gets to see: the one that the operating system sends from. What
 * is not known yet is guessed from the subnets of the interfaces, and asked for, so that the next answer is exact.
 */
export class MachineAddresses {
  #subnets: readonly OwnSubnet[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #probesLeft = PROBES_PER_PERIOD;
  readonly #known = new Map<string, Known>();

  /** The address that messages to `host` are sent from; for a host name that of most peers. */
  sourceFor(host: string, family: 4 | 6 = familyOf(host) || 4): string | undefined {
    this.#refresh();
    const known = this.#known.get(host);
    if (known !== undefined && known.readAt === this.#readAt) {
      return known.source;
    }
    const onLink = this.#subnets.find((subnet) => subnet.family === family && isListed(subnet.members, host));
    const source = onLink?.address ?? known?.source ?? this.#usual(family);
    if (familyOf(host) !== 0) {
      this.#remember(host, source);
      if (onLink === undefined) {
        this.#probe(host);
      }
    }
    return source;
  }

  /** Whether the address is in a subnet that this machine is attached to. Loopback is none. */
  isOnLink(host: string): boolean {
    this.#refresh();
    return this.#subnets.some((subnet) => !subnet.isInternal && isListed(subnet.members, host));
  }

  /** Whether the address is one of this machine's. */
  has(host: string): boolean {
    this.#refresh();
    return isLoopback(host) || this.#subnets.some(({ address }) => address === host);
  }

  #usual(family: 4 | 6): string | undefined {
    const fitting = this.#subnets.filter((subnet) => subnet.family === family);
    return (fitting.find(({ isInternal }) => !isInternal) ?? fitting[0])?.address;
  }

  #refresh(): void {
    const now = performance.now();
    if (now - this.#readAt > VALID_MS) {
      this.#subnets = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).flatMap(subnetOf));
      this.#readAt = now;
      this.#probesLeft = PROBES_PER_PERIOD;
    }
  }

  #remember(host: string, source: string | undefined): void {
    this.#known.delete(host);
    this.#known.set(host, { source, readAt: this.#readAt });
    const oldest = this.#known.size > KNOWN_LIMIT ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) {
      this.#known.delete(oldest);
    }
  }

  /** A datagram socket that is connected tells the source address without sending anything. */
  #probe(host: string): void {
    if (this.#probesLeft === 0) {
      return;
    }
    this.#probesLeft -= 1;
    const socket = createSocket(familyOf(host) === 6 ? "udp6" : "udp4").unref();
    socket.on("error", () => socket.close()); // no route: the guess stays
    socket.once("connect", () => {
      if (this.#known.has(host)) {
        this.#remember(host, socket.address().address);
      }
      socket.close();
    });
    socket.connect(ANY_PORT, host);
  }
}

function subnetOf({ address, cidr, family, internal }: NetworkInterfaceInfo): readonly OwnSubnet[] {
  if (cidr === null) {
    return [];
  }
  const members = new BlockList();
  members.addSubnet(address, Number(cidr.split("/")[1]), family === "IPv4" ? "ipv4" : "ipv6");
  return [{ address, family: family === "IPv4" ? 4 : 6, isInternal: internal, members }];
}
