import { randomBytes } from "node:crypto";
import type { RemoteInfo } from "node:dgram";
import type { Socket } from "node:net";
import type { TlsCredentials } from "@mss/certificates";
import { silentLog } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { DEFAULT_LIMITS } from "@mss/sip-message";
import type { MessageLimits } from "@mss/sip-message";
import { canonicalHost, familyOf, isSendable, plainAddress } from "./addresses.ts";
import { TransportError } from "./errors.ts";
import { Admission } from "./admission.ts";
import type { AdmissionPolicy } from "./admission-policy.ts";
import { Ingress } from "./ingress.ts";
import { DEFAULT_STREAM_LIMITS } from "./limits.ts";
import type { StreamLimits } from "./limits.ts";
import { callingAddress, chooseListen } from "./listen-choice.ts";
import { OwnAddresses } from "./own-addresses.ts";
import type { OwnAddressOptions } from "./own-addresses.ts";
import type { LocatorOptions } from "./locate/locator.ts";
import { Places } from "./places.ts";
import type { Resolve } from "./resolve.ts";
import { StallWatch } from "./stall-watch.ts";
import { createStats } from "./stats.ts";
import type { TransportStats } from "./stats.ts";
import type { StreamConnection } from "./stream-connection.ts";
import { TCP } from "./stream-kind.ts";
import type { StreamKind } from "./stream-kind.ts";
import { StreamListener } from "./stream-listener.ts";
import { StreamPool } from "./stream-pool.ts";
import { TlsKind } from "./tls-kind.ts";
import type { TlsOptions } from "./tls-kind.ts";
import type {
  Flow,
  HostPort,
  Limiter,
  ListenAddress,
  OnAbuse,
  Target,
  TransportLayer,
  TransportUser,
} from "./types.ts";
import { UdpListener } from "./udp.ts";
import { addressesOfNode, ownAndShared } from "./worker-ports.ts";
import type { WorkerPorts } from "./worker-ports.ts";

export interface TransportLayerOptions extends OwnAddressOptions {
  /** Several, also of one transport. Hosts are IP addresses; port 0 takes any free one. */
  readonly listen: readonly ListenAddress[];
  /** Other processes listen there, too, and each is reached at ports of its own. Port 0 cannot be shared. */
  readonly worker?: WorkerPorts;
  readonly log?: Logger;
  readonly limits?: Partial<StreamLimits>;
  /** What is left out is as in `DEFAULT_LIMITS` of @mss/sip-message. */
  readonly messageLimits?: Partial<MessageLimits>;
  /** What is taken of well-formed requests. Default: everything. */
  readonly policy?: AdmissionPolicy;
  /** Gives addresses of host names in the place of hosts file and name servers; SRV records are not asked for then. */
  readonly resolve?: Resolve;
  readonly dns?: LocatorOptions;
  /** Credentials of this node; without them there is no TLS. */
  readonly tls?: TlsOptions;
  /**
   * A request of more bytes goes over TCP where nobody has named UDP (RFC 3261 §18.1.1); 0: whatever its size, it goes over
   * UDP. Default: 1300.
   */
  readonly datagramBytes?: number;
  /** Decides by its source what a message or a connection may cost; everything passes when absent. */
  readonly limiter?: Limiter;
  readonly onAbuse?: OnAbuse;
}

const STATELESS_TAG_BYTES = 8;
const DATAGRAM_BYTES = 1_300; // with the headers of IP and UDP it fits into any path of 1500 bytes, tunnels included
const INSTEAD_OF_UDP_MS = 500; // a peer that speaks UDP only, behind a filter that is silent, must not hold up its calls

/** A transport layer on sockets. */
export interface SocketTransportLayer extends TransportLayer {
  readonly stats: TransportStats;
  /** Open connections, dialled and accepted. */
  readonly connectionCount: number;
  /**
   * New TLS connections use these credentials from now on, those that are up stay. Throws NO_LISTENER in a layer that was
   * made without any, and what OpenSSL says of credentials that cannot be used; the old ones stay in use then.
   */
  renewCredentials(credentials: TlsCredentials): void;
  hold(flow: Flow): () => void;
  locate(target: Target): Promise<readonly Target[]> | undefined;
}

/** Sockets for all listen addresses of one engine. Rejects its start with LISTEN_FAILED, then nothing is left open. */
export function createTransportLayer(options: TransportLayerOptions): SocketTransportLayer {
  return new SocketTransport(options);
}

class SocketTransport implements SocketTransportLayer {
  readonly stats = createStats();
  readonly #options: TransportLayerOptions;
  readonly #log: Logger;
  readonly #tls: TlsKind | undefined;
  readonly #kinds: ReadonlyMap<string, StreamKind>;
  readonly #ingress: Ingress;
  readonly #pool: StreamPool;
  readonly #places: Places;
  #own = new OwnAddresses();
  readonly #stalls = new StallWatch((ms) => {
    this.#log.warn({ ms: Math.round(ms) }, "the process stood still: INVITEs that waited meanwhile are left out");
  });
  #datagramListeners: UdpListener[] = [];
  #streamListeners: StreamListener[] = [];
  /** Where this process alone is reached: what it names to peers, and sends requests from. */
  #named: readonly ListenAddress[] = [];
  /** Those, and what it shares with others. */
  #listening: readonly ListenAddress[] = [];
  #ofNode: readonly ListenAddress[] = [];
  #user: TransportUser | undefined;
  #isRunning = false;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: TransportLayerOptions) {
    const { stats } = this;
    const messageLimits = { ...DEFAULT_LIMITS, ...options.messageLimits };
    this.#options = options;
    this.#places = new Places({
      ...options,
      datagramBytes: options.datagramBytes ?? DATAGRAM_BYTES,
      listening: () => this.#listening,
      canSend: (target) => this.#choose(target) !== undefined,
    });
    this.#log = options.log ?? silentLog();
    const limits = { ...DEFAULT_STREAM_LIMITS, ...options.limits };
    this.#tls = options.tls && new TlsKind({ ...options.tls, handshakeMs: limits.handshakeMs, log: this.#log });
    this.#kinds = new Map([TCP, this.#tls ?? []].flat().map((kind) => [kind.transport, kind]));
    this.#ingress = new Ingress({
      log: this.#log,
      stats,
      admission: new Admission(messageLimits, options.policy),
      user: () => (this.#isRunning ? this.#user : undefined),
      send: (text, target) => this.send(text, target),
      limiter: options.limiter,
      statelessTag: randomBytes(STATELESS_TAG_BYTES).toString("hex"),
    });
    this.#pool = new StreamPool({
      ingress: this.#ingress,
      limits,
      messageLimits,
      stats,
      log: this.#log,
      limiter: options.limiter,
      onAbuse: options.onAbuse,
      onClosed: (connection) => this.#onConnectionClosed(connection),
    });
  }

  get listening(): readonly ListenAddress[] {
    return this.#listening;
  }

  get connectionCount(): number {
    return this.#pool.size;
  }

  /** Once: a second call gives the first one's promise. What comes before every address is open is not taken. */
  start(user: TransportUser): Promise<void> {
    this.#starting ??= this.#openAll(user);
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#isRunning = false;
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  localAddressFor(target: Target): ListenAddress {
    const chosen = this.#choose(target) ?? this.#chooseOther(target);
    if (chosen === undefined) {
      throw new TransportError("NO_LISTENER", { transport: target.transport, host: target.host });
    }
    return this.#own.visible(chosen, target.host);
  }

  isOwn(target: Target): boolean {
    return this.#own.isOwn(target, this.#listening) || this.#own.isOwn(target, this.#ofNode);
  }

  send(text: string, target: Target): Promise<Flow> {
    if (!this.#isRunning) {
      return Promise.reject(new TransportError("NOT_RUNNING"));
    }
    const connection = this.#openConnection(target.flow);
    if (connection !== undefined) {
      return this.#sendOn(connection, text);
    }
    return this.#sendToAddress(text, target);
  }

  locate(target: Target): Promise<readonly Target[]> | undefined {
    return this.#openConnection(target.flow) === undefined ? this.#places.locate(target) : undefined;
  }

  renewCredentials(credentials: TlsCredentials): void {
    if (this.#tls === undefined) {
      throw new TransportError("NO_LISTENER", { transport: "tls" });
    }
    this.#tls.renew(credentials);
  }

  hold(flow: Flow): () => void {
    const connection = flow.connection === undefined ? undefined : this.#pool.byId(flow.connection);
    return connection?.hold() ?? (() => undefined);
  }

  #choose(target: Target): ListenAddress | undefined {
    const from = target.isAnswer === true ? this.#listening : this.#named;
    return chooseListen(from, target, (host) => this.#own.sourceFor(host));
  }

  overTcp(place: Target, bytes: number): Target | undefined {
    return this.#places.overTcp(place, bytes);
  }

  keepOnUdp(peer: HostPort, seconds: number): void {
    this.#places.keepOnUdp(peer, seconds);
  }

  /** What a name is likely to be reached from, where nobody has named a transport and we have not got the default one. */
  #chooseOther(target: Target): ListenAddress | undefined {
    const isOpen = target.anyTransport === true && target.transport === "udp" && familyOf(target.host) === 0;
    const [first] = isOpen ? this.#listening : [];
    return first === undefined ? undefined : this.#choose({ ...target, transport: first.transport });
  }

  #openConnection(flow: Flow | undefined): StreamConnection | undefined {
    const connection = flow?.connection === undefined ? undefined : this.#pool.byId(flow.connection);
    return connection?.isOpen === true ? connection : undefined;
  }

  distrust(place: Target, seconds?: number): void {
    this.#places.distrust(place, seconds);
    const connection = this.#openConnection(place.flow);
    if (connection !== undefined) {
      this.#pool.retire(connection);
    }
  }

  trust(place: Target): void {
    this.#places.trust(place);
  }

  async #openAll(user: TransportUser): Promise<void> {
    this.#user = user;
    try {
      this.#own = new OwnAddresses(this.#options);
      const { own, shared } = ownAndShared(this.#options.listen, this.#options.worker);
      this.#ofNode = addressesOfNode(shared, this.#options.worker);
      for (const address of own) {
        this.#named = [...this.#named, await this.#open(address, false)];
      }
      for (const address of shared) {
        await this.#open(address, true); // last: from then on peers come
      }
      this.#requireNotStopped();
      this.#stalls.start();
    } catch (error) {
      await this.#close();
      throw error;
    }
    this.#isRunning = true;
  }

  #requireNotStopped(): void {
    if (this.#stopping !== undefined) {
      throw new TransportError("NOT_RUNNING");
    }
  }

  /** A start that is under way sees the stop, and closes what it opened. */
  async #stopAll(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.#close();
  }

  async #open(asked: ListenAddress, isShared: boolean): Promise<ListenAddress> {
    this.#requireNotStopped();
    const address = { ...asked, host: canonicalHost(asked.host) };
    if (address.transport === "udp") {
      const onDatagram = this.#onDatagram.bind(this);
      this.#datagramListeners.push(await UdpListener.open({ address, isShared, log: this.#log, onDatagram }));
    } else {
      this.#streamListeners.push(await this.#openStream(address, isShared));
    }
    // In the order of the options, since the first that fits is chosen.
    const opened = this.#lastOpened(address);
    this.#listening = [...this.#listening, opened];
    return opened;
  }

  #lastOpened(asked: ListenAddress): ListenAddress {
    const listeners = asked.transport === "udp" ? this.#datagramListeners : this.#streamListeners;
    return listeners.at(-1)?.address ?? asked;
  }

  #openStream(address: ListenAddress, isShared: boolean): Promise<StreamListener> {
    const kind = this.#kinds.get(address.transport);
    if (kind === undefined) {
      throw new TransportError("LISTEN_FAILED", { ...address, reason: "there is no certificate" });
    }
    const { host, port } = address;
    return StreamListener.open({
      kind,
      address: { host, port },
      isShared,
      log: this.#log,
      user: {
        admits: (socket) => this.#pool.admits(kind, socket),
        onSocket: (socket, peerNames) => this.#accept(kind, socket, peerNames),
      },
    });
  }

  #accept(kind: StreamKind, socket: Socket, peerNames: readonly string[]): void {
    if (this.#isRunning) {
      this.#pool.accept(kind, socket, peerNames);
    } else {
      socket.destroy(); // better than a message that nobody answers: the peer may call again at once
    }
  }

  async #close(): Promise<void> {
    this.#places.close();
    this.#stalls.stop();
    const listeners = [...this.#datagramListeners, ...this.#streamListeners];
    this.#datagramListeners = [];
    this.#streamListeners = [];
    this.#listening = [];
    this.#named = [];
    await Promise.all([...listeners.map((listener) => listener.close()), this.#pool.stop()]);
  }

  #onDatagram(text: string, remote: RemoteInfo, listener: UdpListener): void {
    if (text.startsWith("INVITE ") && this.#stalls.isCatchingUp) {
      this.stats.droppedStale += 1; // whoever still waits sends it again; a phone must not ring for one who has given up
      return;
    }
    const from = { host: plainAddress(remote.address), port: remote.port };
    const { host, port } = this.#own.local(listener.address, from.host);
    this.#ingress.acceptDatagram(text, { transport: "udp", local: { host, port }, remote: from });
  }

  #onConnectionClosed(connection: string): void {
    try {
      this.#user?.onConnectionClosed?.(connection);
    } catch (err) {
      this.#log.error({ err }, "user of the transport layer failed");
    }
  }

  #sendToAddress(text: string, target: Target): Promise<Flow> {
    if (!isSendable(target.host, target.port)) {
      return Promise.reject(new TransportError("TARGET_REFUSED", { host: target.host, port: target.port }));
    }
    const listen = this.#choose(target);
    return target.transport === "udp"
      ? this.#sendDatagram(text, target, listen)
      : this.#sendStream(text, target, listen);
  }

  async #sendDatagram(text: string, target: Target, listen: ListenAddress | undefined): Promise<Flow> {
    const listener = this.#datagramListeners.find((candidate) => candidate.address === listen);
    if (listener === undefined) {
      throw new TransportError("NO_LISTENER", { transport: target.transport, host: target.host });
    }
    await listener.send(text, target.host, target.port);
    this.stats.sent += 1;
    const { host, port } = this.#own.local(listener.address, target.host);
    return { transport: "udp", local: { host, port }, remote: { host: target.host, port: target.port } };
  }

  async #sendStream(text: string, target: Target, listen: ListenAddress | undefined): Promise<Flow> {
    const peer = { host: target.host, port: target.port, name: target.name };
    const open = this.#pool.find(target.transport, peer);
    if (open !== undefined) {
      return this.#sendOn(open, text);
    }
    const kind = this.#kinds.get(target.transport);
    if (kind === undefined || !this.#isRunning) {
      throw new TransportError(kind === undefined ? "NO_LISTENER" : "NOT_RUNNING", { transport: target.transport });
    }
    const localAddress = callingAddress(listen, target.host);
    const connectMs = target.insteadOfUdp === true ? INSTEAD_OF_UDP_MS : undefined;
    return this.#sendOn(this.#pool.dial(kind, peer, { localAddress, connectMs }), text);
  }

  async #sendOn(connection: StreamConnection, text: string): Promise<Flow> {
    const flow = await connection.send(text);
    this.stats.sent += 1;
    return flow;
  }
}
