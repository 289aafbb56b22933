import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { Logger } from "@mss/runtime";
import type { MessageLimits } from "@mss/sip-message";
import { plainAddress } from "./addresses.ts";
import type { Ingress } from "./ingress.ts";
import type { StreamLimits } from "./limits.ts";
import type { MutableStats } from "./stats.ts";
import { AcceptGate } from "./accept-gate.ts";
import { TransportError } from "./errors.ts";
import type { PongHabit } from "./keepalive.ts";
import { StreamConnection } from "./stream-connection.ts";
import type { ConnectionOwner, ReadyOutcome, StreamConnectionOptions, StreamFlow } from "./stream-connection.ts";
import type { StreamKind } from "./stream-kind.ts";
import type { ConnectionAbuse, HostPort, Limiter, OnAbuse, TransportName } from "./types.ts";

export interface StreamPoolOptions {
  readonly ingress: Ingress;
  readonly limits: StreamLimits;
  readonly messageLimits: MessageLimits;
  readonly stats: MutableStats;
  readonly log: Logger;
  readonly limiter: Limiter | undefined;
  readonly onAbuse: OnAbuse | undefined;
  onClosed(connection: string): void;
}

/** A peer as connections are shared: two names at one address are two peers, whatever else they have in common. */
export interface Peer extends HostPort {
  /** Who must have proven to be there; undefined: whoever has that address. Without meaning for TCP. */
  readonly name: string | undefined;
}

export interface DialSettings {
  /** Undefined leaves the choice to the operating system. */
  readonly localAddress: string | undefined;
  /** In the place of the limit that is set. */
  readonly connectMs: number | undefined;
}

/** Every connection of one layer: by identity, and by (transport, host, port, proven name) for reuse. */
export class StreamPool implements ConnectionOwner {
  readonly #options: StreamPoolOptions;
  readonly #byId = new Map<string, StreamConnection>();
  readonly #byPeer = new Map<string, StreamConnection>();
  readonly #keys = new WeakMap<StreamConnection, readonly string[]>();
  readonly #gate: AcceptGate;
  readonly #pongHabits = new Map<string, PongHabit>();
  readonly #idPrefix = randomUUID();
  #created = 0;
  #dialled = 0;
  #onEmpty: (() => void) | undefined;

  constructor(options: StreamPoolOptions) {
    this.#options = options;
    this.#gate = new AcceptGate({ ...options, openConnections: () => this.#byId.size });
  }

  get size(): number {
    return this.#byId.size;
  }

  byId(connection: string): StreamConnection | undefined {
    return this.#byId.get(connection);
  }

  /** An open connection to that peer, whoever made it. */
  find(transport: TransportName, peer: Peer): StreamConnection | undefined {
    const keys = [
      peerKey(transport, peer, peer.name ?? peer.host),
      ...(peer.name === undefined ? [peerKey(transport, peer, ANYBODY)] : []),
    ];
    return keys.map((key) => this.#byPeer.get(key)).find((connection) => connection?.isOpen === true);
  }

  /** Whether an accepted connection may go on; see `AcceptUser`. */
  admits(kind: StreamKind, socket: Socket): boolean {
    return this.#gate.admits(socket, kind);
  }

  /** Takes an admitted socket in that is ready for SIP. */
  accept(kind: StreamKind, socket: Socket, peerNames: readonly string[]): void {
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy(); // reset before it was accepted
      return;
    }
    this.#gate.onReady(socket);
    const remote = { host: plainAddress(remoteAddress), port: remotePort };
    const local = { host: plainAddress(localAddress ?? ""), port: localPort ?? 0 };
    const flow = { transport: kind.transport, local, remote, connection: this.#newId(), peerNames };
    const connection = new StreamConnection({ ...this.#shared(), flow, socket, dialled: undefined });
    this.#add(connection, [ANYBODY, ...peerNames]);
  }

  /** Throws CONNECT_FAILED when there are as many as the limit allows. */
  dial(kind: StreamKind, peer: Peer, { localAddress, connectMs }: DialSettings): StreamConnection {
    const { host, port } = peer;
    if (this.#dialled >= this.#options.limits.dialledConnections) {
      throw new TransportError("CONNECT_FAILED", { to: { host, port }, reason: "too many connections" });
    }
    const name = peer.name ?? host;
    const socket = kind.connect({ host, port, localAddress, name });
    const local = { host: localAddress ?? "", port: 0 };
    const flow: StreamFlow = { transport: kind.transport, local, remote: { host, port }, connection: this.#newId() };
    const onReady = (): ReadyOutcome => {
      const proof = kind.proofOf(socket, name);
      const { localAddress: localHost = "", localPort = 0 } = socket;
      return proof.kind === "refused"
        ? proof
        : { kind: "ready", flow: { ...flow, local: { host: localHost, port: localPort }, peerNames: proof.peerNames } };
    };
    const { readyEvent } = kind;
    const shared = this.#shared();
    const limits = connectMs === undefined ? shared.limits : { ...shared.limits, connectMs };
    const connection = new StreamConnection({ ...shared, limits, flow, socket, dialled: { readyEvent, onReady } });
    this.#add(connection, [name]);
    this.#dialled += 1;
    socket.once("close", () => {
      this.#dialled -= 1;
    });
    return connection;
  }

  /** Resolves when every connection is gone. */
  async stop(): Promise<void> {
    this.#gate.stop();
    if (this.#byId.size === 0) {
      return;
    }
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#onEmpty = () => resolve(undefined);
    for (const connection of this.#byId.values()) {
      connection.destroy();
    }
    await promise;
  }

  onText(text: string, connection: StreamConnection): void {
    if (!this.#options.ingress.acceptFramed(text, connection.flow)) {
      connection.destroy();
    }
  }

  onBroken(...[fault, connection]: Parameters<ConnectionOwner["onBroken"]>): void {
    this.#options.ingress.refuse(fault, connection.flow);
  }

  onKeepalive(): void {
    this.#options.stats.keepalives += 1;
  }

  onAbuse(abuse: ConnectionAbuse, { flow }: StreamConnection): void {
    this.#options.onAbuse?.(flow.remote.host, abuse);
  }

  pongHabit({ flow }: StreamConnection): PongHabit {
    return this.#pongHabits.get(habitKey(flow)) ?? "unknown";
  }

  /** A peer that is silent for the first time may be dead: what comes next tries a connection of its own. */
  onPongHabit(connection: StreamConnection, habit: PongHabit): void {
    const key = habitKey(connection.flow);
    if (habit === "mute") {
      this.retire(connection);
    }
    this.#pongHabits.delete(key);
    this.#pongHabits.set(key, habit);
    const oldest = this.#pongHabits.size > HABITS_LIMIT ? this.#pongHabits.keys().next().value : undefined;
    if (oldest !== undefined) {
      this.#pongHabits.delete(oldest);
    }
  }

  /** The connection stays for those that know it, and is given to nobody else. */
  retire(connection: StreamConnection): void {
    for (const key of this.#keys.get(connection) ?? []) {
      if (this.#byPeer.get(key) === connection) {
        this.#byPeer.delete(key);
      }
    }
  }

  onClosed(connection: StreamConnection): void {
    const { connection: id } = connection.flow;
    this.#byId.delete(id);
    this.retire(connection);
    this.#options.onClosed(id);
    if (this.#byId.size === 0) {
      this.#onEmpty?.();
    }
  }

  #newId(): string {
    this.#created += 1;
    return `${this.#idPrefix}.${this.#created}`;
  }

  #shared(): Pick<StreamConnectionOptions, "limits" | "messageLimits" | "stats" | "owner"> {
    const { limits, messageLimits, stats } = this.#options;
    return { limits, messageLimits, stats, owner: this };
  }

  #add(connection: StreamConnection, names: readonly string[]): void {
    const { transport, remote, connection: id } = connection.flow;
    const keys = names.map((name) => peerKey(transport, remote, name));
    this.#byId.set(id, connection);
    this.#keys.set(connection, keys);
    for (const key of keys) {
      this.#byPeer.set(key, connection);
    }
  }
}

/** What an accepted connection is found by when nobody in particular is wanted. No name and no address is empty. */
const ANYBODY = "";

const HABITS_LIMIT = 2_000;

function habitKey({ transport, remote }: StreamFlow): string {
  return `${transport} ${remote.host} ${remote.port}`;
}

/** Names mean nothing to TCP, where nobody proves any. */
function peerKey(transport: TransportName, peer: HostPort, name: string): string {
  return `${transport} ${peer.host} ${peer.port} ${transport === "tls" ? name : ANYBODY}`;
}
