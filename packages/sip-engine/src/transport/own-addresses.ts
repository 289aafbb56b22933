import { BlockList } from "node:net";
import { canonicalHost, familyOf, isListed, isLoopback, isWildcard } from "./addresses.ts";
import { TransportError } from "./errors.ts";
import { MachineAddresses } from "./machine-addresses.ts";
import type { ListenAddress, Target } from "./types.ts";

export interface OwnAddressOptions {
  /** IP address under which this node is seen from outside its networks; its ports are the same there. */
  readonly externalAddress?: string;
  /** `10.0.0.0/8`, `2001:db8::/32` or single addresses: peers there see the address that is listened on. */
  readonly localNetworks?: readonly string[];
}

const FAMILY_NAMES = { 4: "ipv4", 6: "ipv6" } as const;
const VERDICTS_LIMIT = 4_000;
const VERDICTS_VALID_MS = 60_000; // the interfaces of a machine change

/**
 * Under which address a peer sees this node. Behind NAT there are two: peers of the local networks, of the subnets that
 * this machine is attached to, and on the machine itself see the one that is listened on, all others the external one.
 */
export class OwnAddresses {
  readonly #external: string | undefined;
  readonly #localNetworks: BlockList;
  readonly #machine = new MachineAddresses();
  readonly #verdicts = new Map<string, boolean>();
  #verdictsSince = performance.now();

  /** Throws ADDRESS_INVALID. */
  constructor({ externalAddress, localNetworks = [] }: OwnAddressOptions = {}) {
    this.#external = externalAddress === undefined ? undefined : externalOf(externalAddress);
    this.#localNetworks = networksOf(localNetworks);
  }

  /** The listen address as this machine has it: what a socket that is bound to every address sends from. */
  local(address: ListenAddress, host: string): ListenAddress {
    if (!isWildcard(address.host)) {
      return address;
    }
    const family = familyOf(address.host) === 6 ? 6 : 4;
    const source = this.#machine.sourceFor(host, family);
    return { ...address, host: source ?? (family === 6 ? "::1" : "127.0.0.1") };
  }

  /** The listen address as a peer at `host` may write it into its requests. A name that is not looked up yet is outside. */
  visible(address: ListenAddress, host: string): ListenAddress {
    const external = this.#external;
    const isTranslated =
      external !== undefined && familyOf(external) === familyOf(address.host) && !this.#isLocal(host, external);
    return isTranslated ? { ...address, host: external } : this.local(address, host);
  }

  /** The address of this machine that messages to `host` leave from, when several are listened on. */
  sourceFor(host: string): string | undefined {
    return this.#machine.sourceFor(host);
  }

  /** Whether a request to that target would come back to this node. */
  isOwn(target: Target, listening: readonly ListenAddress[]): boolean {
    const host = canonicalHost(target.host);
    return listening.some((own) => {
      if (own.port !== target.port || own.transport !== target.transport) {
        return false;
      }
      const isHere = isWildcard(own.host) ? this.#machine.has(host) : own.host === host;
      return isHere || host === this.#external;
    });
  }

  #isLocal(host: string, external: string): boolean {
    if (this.#verdicts.size >= VERDICTS_LIMIT || performance.now() - this.#verdictsSince > VERDICTS_VALID_MS) {
      this.#verdicts.clear();
      this.#verdictsSince = performance.now();
    }
    const known = this.#verdicts.get(host);
    if (known !== undefined) {
      return known;
    }
    const isLocal =
      isListed(this.#localNetworks, host) ||
      this.#machine.isOnLink(host) ||
      (isLoopback(host) && !isLoopback(external)); // a federation on loopback: everybody would be local
    this.#verdicts.set(host, isLocal);
    return isLocal;
  }
}

function externalOf(text: string): string {
  const address = canonicalHost(text);
  if (familyOf(address) === 0 || isWildcard(address)) {
    throw new TransportError("ADDRESS_INVALID", { externalAddress: text });
  }
  return address;
}

/** Networks and single addresses as one list, for `isListed`. Throws ADDRESS_INVALID. */
export function networksOf(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [host = "", length] = text.split("/");
    const address = canonicalHost(host);
    const family = familyOf(address);
    const longest = family === 4 ? 32 : 128;
    const prefix = length === undefined ? longest : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
    if (family === 0 || !(prefix <= longest)) {
      throw new TransportError("ADDRESS_INVALID", { network: text });
    }
    list.addSubnet(address, prefix, FAMILY_NAMES[family]);
  }
  return list;
}
