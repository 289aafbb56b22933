import { silentLog } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { DEFAULT_LIMITS } from "@mss/sip-message";
import { Admission } from "../transport/admission.ts";
import { TransportError } from "../transport/errors.ts";
import { Ingress } from "../transport/ingress.ts";
import { chooseListen } from "../transport/listen-choice.ts";
import { createStats } from "../transport/stats.ts";
import type { TransportStats } from "../transport/stats.ts";
import type { Flow, HostPort, ListenAddress, Target, TransportLayer, TransportUser } from "../transport/types.ts";

/** A message on its way. */
export interface Packet {
  readonly text: string;
  readonly from: ListenAddress;
  readonly to: ListenAddress;
  /** 1 for the first packet of the network. */
  readonly number: number;
}

/** What becomes of a packet: one copy per entry, each after so many milliseconds; none: it is lost. */
export type Fate = readonly number[];

export interface VirtualNetworkOptions {
  /** Decides for each packet. Default: one copy, at once. Different delays put packets out of order. */
  readonly fate?: (packet: Packet) => Fate;
}

export interface VirtualNetwork {
  /** A transport layer of this network. It answers malformed requests and stamps the Via as the one on sockets does. */
  createTransport(listen: readonly ListenAddress[], log?: Logger): VirtualTransport;
  /** Changes what becomes of packets from now on. */
  setFate(fate: (packet: Packet) => Fate): void;
  /** Every packet that was sent, in order, lost ones too. */
  readonly packets: readonly Packet[];
  /** Resolves when every packet that needs no time has arrived, and what was sent in answer to it. */
  settle(): Promise<void>;
}

export interface VirtualTransport extends TransportLayer {
  readonly stats: TransportStats;
  /** Lets every send fail with SEND_FAILED, or work again. */
  setBroken(isBroken: boolean): void;
  /** What a host name stands for from now on. */
  setPlaces(name: string, places: readonly Target[]): void;
  /** The places that the layer above distrusts, in order. */
  readonly distrusted: readonly Target[];
  /** Tells the layer above that the connection to a peer is gone. */
  loseConnection(peer: HostPort): void;
}

const AT_ONCE: Fate = [0];

/**
 * Joins transport layers in memory, without sockets. Deterministic: packets without delay arrive in the order in which
 * they were sent, the others by `setTimeout`, so that the mock timers of node:test drive them.
 */
export function createVirtualNetwork(options: VirtualNetworkOptions = {}): VirtualNetwork {
  const nodes = new Map<string, VirtualNode>();
  const packets: Packet[] = [];
  let fate = options.fate ?? (() => AT_ONCE);

  const deliver = (packet: Packet): void => nodes.get(addressKey(packet.to))?.receive(packet);

  function carry(from: ListenAddress, to: ListenAddress, text: string): void {
    const packet: Packet = { text, from, to, number: packets.length + 1 };
    packets.push(packet);
    for (const delayMs of fate(packet)) {
      if (delayMs > 0) {
        setTimeout(deliver, delayMs, packet);
      } else {
        queueMicrotask(() => deliver(packet));
      }
    }
  }

  return {
    packets,
    createTransport: (listen, log = silentLog()) => new VirtualNode({ nodes, carry, listen, log }),
    setFate: (next) => {
      fate = next;
    },
    // setImmediate runs after every microtask, and node:test leaves it real unless it is asked to mock it.
    settle: () => new Promise((resolve) => void setImmediate(resolve)),
  };
}

interface VirtualNodeOptions {
  readonly nodes: Map<string, VirtualNode>;
  readonly carry: (from: ListenAddress, to: ListenAddress, text: string) => void;
  readonly listen: readonly ListenAddress[];
  readonly log: Logger;
}

class VirtualNode implements VirtualTransport {
  readonly listening: readonly ListenAddress[];
  readonly stats = createStats();
  readonly #options: VirtualNodeOptions;
  readonly #ingress: Ingress;
  readonly distrusted: Target[] = [];
  readonly #places = new Map<string, readonly Target[]>();
  #user: TransportUser | undefined;
  #isBroken = false;

  constructor(options: VirtualNodeOptions) {
    this.#options = options;
    this.listening = options.listen;
    this.#ingress = new Ingress({
      admission: new Admission(DEFAULT_LIMITS),
      log: options.log,
      stats: this.stats,
      user: () => this.#user,
      send: (text, target) => this.send(text, target),
      statelessTag: "virtual",
    });
  }

  start(user: TransportUser): Promise<void> {
    this.#user = user;
    for (const address of this.listening) {
      this.#options.nodes.set(addressKey(address), this);
    }
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#user = undefined;
    for (const address of this.listening) {
      this.#options.nodes.delete(addressKey(address));
    }
    return Promise.resolve();
  }

  setBroken(isBroken: boolean): void {
    this.#isBroken = isBroken;
  }

  setPlaces(name: string, places: readonly Target[]): void {
    this.#places.set(name, places);
  }

  locate({ host }: Target): Promise<readonly Target[]> | undefined {
    const places = this.#places.get(host);
    return places === undefined ? undefined : Promise.resolve(places);
  }

  distrust(place: Target): void {
    this.distrusted.push(place);
  }

  loseConnection(peer: HostPort): void {
    this.#user?.onConnectionClosed?.(connectionTo(peer));
  }

  localAddressFor(target: Target): ListenAddress {
    const chosen = chooseListen(this.listening, target);
    if (chosen === undefined) {
      throw new TransportError("NO_LISTENER", { ...target });
    }
    return chosen;
  }

  isOwn({ transport, host, port }: Target): boolean {
    return this.listening.some((own) => own.transport === transport && own.host === host && own.port === port);
  }

  send(text: string, target: Target): Promise<Flow> {
    const from = chooseListen(this.listening, target);
    if (this.#isBroken || this.#user === undefined || from === undefined) {
      return Promise.reject(new TransportError(this.#isBroken ? "SEND_FAILED" : "NOT_RUNNING"));
    }
    const to = { transport: target.transport, host: target.host, port: target.port };
    this.stats.sent += 1;
    this.#options.carry(from, to, text);
    return Promise.resolve(flowBetween(from, to));
  }

  receive(packet: Packet): void {
    const flow = flowBetween(packet.to, packet.from);
    if (flow.transport === "udp") {
      this.#ingress.acceptDatagram(packet.text, flow);
    } else {
      this.#ingress.acceptFramed(packet.text, flow);
    }
  }
}

function addressKey({ transport, host, port }: ListenAddress): string {
  return `${transport} ${host} ${port}`;
}

/** One connection joins two listen addresses here, in both directions. */
function connectionTo(peer: HostPort): string {
  return `${peer.host} ${peer.port}`;
}

function flowBetween(local: ListenAddress, remote: ListenAddress): Flow {
  const flow = {
    transport: local.transport,
    local: { host: local.host, port: local.port },
    remote: { host: remote.host, port: remote.port },
  };
  return local.transport === "udp" ? flow : { ...flow, connection: connectionTo(remote) };
}
