import { familyOf, isLoopback } from "./addresses.ts";
import { DatagramPeers } from "./datagram-peers.ts";
import { TransportError } from "./errors.ts";
import { Locator } from "./locate/locator.ts";
import type { LocatorOptions } from "./locate/locator.ts";
import { Suspects } from "./locate/suspects.ts";
import { resolveWithin } from "./resolve.ts";
import type { Resolve } from "./resolve.ts";
import type { HostPort, ListenAddress, Target, TransportName } from "./types.ts";

export interface PlacesOptions {
  readonly resolve?: Resolve | undefined;
  readonly dns?: LocatorOptions | undefined;
  readonly datagramBytes: number;
  readonly listening: () => readonly ListenAddress[];
  /** Whether there is an address of ours to send from. */
  readonly canSend: (target: Target) => boolean;
}

const SUSPECT_MS = 30_000;
const SUSPECT_MAX_MS = 300_000; // whatever a Retry-After says
const NO_TCP_MS = 600_000; // what a peer listens on changes rarely

/** The places that targets stand for, over which transport, and which of them failed lately. */
export class Places {
  readonly #options: PlacesOptions;
  readonly #suspects = new Suspects();
  readonly #datagramPeers = new DatagramPeers();
  readonly #locator: Locator;

  constructor(options: PlacesOptions) {
    this.#options = options;
    this.#locator = new Locator(this.#suspects, options.dns);
  }

  /** Undefined for an address. Rejects with RESOLVE_FAILED. */
  locate(target: Target): Promise<readonly Target[]> | undefined {
    return familyOf(target.host) === 0 ? this.#locateName(target) : undefined;
  }

  /**
   * RFC 3261 §18.1.1, where the path MTU is not known. Not where somebody has named UDP, where we have no TCP to be answered
   * on, where TCP was refused lately, and not for a peer that is reached over UDP alone.
   */
  overTcp(place: Target, bytes: number): Target | undefined {
    const { datagramBytes, canSend } = this.#options;
    if (datagramBytes === 0 || bytes <= datagramBytes || place.transport !== "udp" || place.anyTransport !== true) {
      return undefined;
    }
    const { flow: _flow, anyTransport: _anyTransport, ...rest } = place;
    const other: Target = { ...rest, transport: "tcp", insteadOfUdp: true };
    const isOpen = canSend(other) && !this.#suspects.has(other) && !this.#datagramPeers.has(place);
    return isOpen ? other : undefined;
  }

  keepOnUdp(peer: HostPort, seconds: number): void {
    this.#datagramPeers.add(peer, seconds);
  }

  distrust(place: Target, seconds?: number): void {
    if (place.insteadOfUdp === true) {
      this.#suspects.add(place, NO_TCP_MS);
      return;
    }
    const asked = seconds === undefined ? SUSPECT_MS : seconds * 1000;
    this.#suspects.add(place, Math.min(Math.max(asked, SUSPECT_MS), SUSPECT_MAX_MS));
  }

  trust(place: Target): void {
    this.#suspects.clear(place);
  }

  close(): void {
    this.#locator.close();
  }

  async #locateName(target: Target): Promise<readonly Target[]> {
    const places = await resolveWithin(() => this.#find(target), target.host);
    const fitting = places.filter((place) => this.#options.canSend(place) && !this.#isTrap(place));
    if (fitting.length === 0) {
      throw new TransportError("RESOLVE_FAILED", { host: target.host });
    }
    return fitting;
  }

  async #find(target: Target): Promise<readonly Target[]> {
    const { resolve } = this.#options;
    if (resolve === undefined) {
      return this.#locator.locate(target, (transport) => this.#familiesOf(transport));
    }
    const { anyPort: _anyPort, ...rest } = target;
    return (await resolve(target.host)).map((host) => ({ ...rest, host, name: target.name ?? target.host }));
  }

  /** In the order in which they are listened on. */
  #familiesOf(transport: TransportName): readonly (4 | 6)[] {
    const listening = this.#options.listening().filter((own) => own.transport === transport);
    return [...new Set(listening.map(({ host }) => (familyOf(host) === 6 ? 6 : 4)))];
  }

  /** SEC-07: the services of this machine are no targets for who can make us look up a name. */
  #isTrap({ host }: Target): boolean {
    return isLoopback(host) && !this.#options.listening().some((own) => isLoopback(own.host));
  }
}
