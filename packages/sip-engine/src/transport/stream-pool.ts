import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { Logger } from "@mss/runtime";
import type { MessageLimits } from "@mss/sip-message";
import { plainAddress } from "./addresses.ts";
import type { Ingress } from "./ingress.ts";
import type { StreamLimits } from "./limits.ts";
import type { MutableStats } from "./stats.ts";
import { StreamConnection } from "./stream-connection.ts";
import type { ConnectionOwner } from "./stream-connection.ts";
import type { StreamKind } from "./stream-kind.ts";
import type { Flow, HostPort, TransportName } from "./types.ts";

export interface StreamPoolOptions {
  readonly ingress: Ingress;
  readonly limits: StreamLimits;
  readonly messageLimits: MessageLimits;
  readonly stats: MutableStats;
  readonly log: Logger;
  onClosed(connection: string): void;
}

/** Every connection of one layer: by identity, by (transport, host, port) for reuse, and counted by address. */
export class StreamPool implements ConnectionOwner {
  readonly #options: StreamPoolOptions;
  readonly #byId = new Map<string, StreamConnection>();
  readonly #byPeer = new Map<string, StreamConnection>();
  readonly #acceptedByAddress = new Map<string, number>();
  readonly #accepted = new Set<StreamConnection>();
  readonly #idPrefix = randomUUID();
  #created = 0;
  #onEmpty: (() => void) | undefined;

  constructor(options: StreamPoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byId.size;
  }

  byId(connection: string): StreamConnection | undefined {
    return this.#byId.get(connection);
  }

  /** An open connection to that peer, whoever made it. */
  find(transport: TransportName, peer: HostPort): StreamConnection | undefined {
    const connection = this.#byPeer.get(peerKey(transport, peer));
    return connection?.isOpen === true ? connection : undefined;
  }

  /** Takes an accepted socket in, or closes it when its address or the node has too many. */
  accept(kind: StreamKind, socket: Socket): void {
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    const { limits, stats, log } = this.#options;
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy(); // reset before it was accepted
      return;
    }
    const remote = { host: plainAddress(remoteAddress), port: remotePort };
    const fromAddress = this.#acceptedByAddress.get(remote.host) ?? 0;
    if (fromAddress >= limits.connectionsPerAddress || this.#byId.size >= limits.connections) {
      stats.connectionsRefused += 1;
      log.warn({ from: remote }, "connection refused, limit reached");
      socket.on("error", () => undefined); // a reset peer is no news here
      socket.destroy();
      return;
    }
    this.#acceptedByAddress.set(remote.host, fromAddress + 1);
    const local = { host: plainAddress(localAddress ?? ""), port: localPort ?? 0 };
    this.#accepted.add(this.#add(kind, { socket, local, remote, isDialled: false }));
  }

  dial(kind: StreamKind, remote: HostPort, localAddress: string | undefined): StreamConnection {
    const socket = kind.connect({ ...remote, localAddress });
    return this.#add(kind, { socket, local: { host: localAddress ?? "", port: 0 }, remote, isDialled: true });
  }

  /** Resolves when every connection is gone. */
  async stop(): Promise<void> {
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
    this.#options.ingress.acceptFramed(text, connection.flow);
  }

  onBroken(...[fault, connection]: Parameters<ConnectionOwner["onBroken"]>): void {
    this.#options.ingress.refuse(fault, connection.flow);
  }

  onKeepalive(): void {
    this.#options.stats.keepalives += 1;
  }

  onClosed(connection: StreamConnection): void {
    const { connection: id, transport, remote } = connection.flow;
    this.#byId.delete(id);
    const key = peerKey(transport, remote);
    if (this.#byPeer.get(key) === connection) {
      this.#byPeer.delete(key);
    }
    if (this.#accepted.delete(connection)) {
      this.#countDown(remote.host);
    }
    this.#options.onClosed(id);
    if (this.#byId.size === 0) {
      this.#onEmpty?.();
    }
  }

  #add(kind: StreamKind, parts: ConnectionParts): StreamConnection {
    this.#created += 1;
    const id = `${this.#idPrefix}.${this.#created}`;
    const { socket, local, remote, isDialled } = parts;
    const flow: Flow & { readonly connection: string } = { transport: kind.transport, local, remote, connection: id };
    const { limits, messageLimits, stats } = this.#options;
    const readyEvent = isDialled ? kind.readyEvent : undefined;
    const connection = new StreamConnection({ flow, socket, readyEvent, limits, messageLimits, stats, owner: this });
    this.#byId.set(id, connection);
    this.#byPeer.set(peerKey(kind.transport, remote), connection);
    return connection;
  }

  #countDown(address: string): void {
    const left = (this.#acceptedByAddress.get(address) ?? 1) - 1;
    if (left > 0) {
      this.#acceptedByAddress.set(address, left);
    } else {
      this.#acceptedByAddress.delete(address);
    }
  }
}

interface ConnectionParts {
  readonly socket: Socket;
  readonly local: HostPort;
  readonly remote: HostPort;
  readonly isDialled: boolean;
}

function peerKey(transport: TransportName, peer: HostPort): string {
  return `${transport} ${peer.host} ${peer.port}`;
}
