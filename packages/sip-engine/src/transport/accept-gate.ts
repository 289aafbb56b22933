import type { Socket } from "node:net";
import type { Logger } from "@mss/runtime";
import { plainAddress } from "./addresses.ts";
import type { StreamLimits } from "./limits.ts";
import type { MutableStats } from "./stats.ts";
import type { StreamKind } from "./stream-kind.ts";
import type { ConnectionAbuse, Limiter, OnAbuse } from "./types.ts";

export interface AcceptGateOptions {
  readonly limits: StreamLimits;
  readonly stats: MutableStats;
  readonly log: Logger;
  /** Asked for each connection as for a message of its source. */
  readonly limiter: Limiter | undefined;
  readonly onAbuse: OnAbuse | undefined;
  /** Connections of the layer that are up, the dialled ones among them. */
  readonly openConnections: () => number;
}

/** What one address has: connections that were accepted, and those among them that have not shaken hands. */
interface Account {
  connections: number;
  handshakes: number;
}

/** Bounds the accepted connections of each address and of the layer, from the first packet to the last. */
export class AcceptGate {
  readonly #options: AcceptGateOptions;
  readonly #accounts = new Map<string, Account>();
  /** What was admitted and is not ready for SIP, by its two ends: TLS wraps the socket, so that alone is the same after. */
  readonly #handshaking = new Map<string, Socket>();

  constructor(options: AcceptGateOptions) {
    this.#options = options;
  }

  /** Takes a connection in; where a limit is reached it is ended, and false. */
  admits(socket: Socket, kind: StreamKind): boolean {
    if (socket.remoteAddress === undefined) {
      socket.destroy(); // reset before it was accepted
      return false;
    }
    const host = plainAddress(socket.remoteAddress);
    const shakesHands = kind.readyEvent === "secureConnect"; // SIP comes after TLS only
    const account = this.#accounts.get(host) ?? { connections: 0, handshakes: 0 };
    const crowd = this.#crowdOf(account, shakesHands);
    if (crowd !== undefined) {
      this.#options.onAbuse?.(host, crowd);
    }
    if (crowd !== undefined || !this.#isWithinRate(socket, kind)) {
      this.#options.log.debug({ from: { host, port: socket.remotePort } }, "connection refused, limit reached");
      socket.on("error", () => undefined); // a reset peer is no news here
      socket.destroy();
      return false;
    }
    this.#accounts.set(host, account);
    account.connections += 1;
    if (shakesHands) {
      account.handshakes += 1;
      this.#handshaking.set(endsOf(socket), socket);
    }
    const ends = endsOf(socket);
    socket.once("close", () => {
      account.connections -= 1;
      if (this.#handshaking.get(ends) === socket) {
        this.#onHandshakeOver(account, ends);
      }
      if (account.connections === 0) {
        this.#accounts.delete(host);
      }
    });
    return true;
  }

  /** A connection that was admitted is ready for SIP. */
  onReady(socket: Socket): void {
    const account = this.#accounts.get(plainAddress(socket.remoteAddress ?? ""));
    const ends = endsOf(socket);
    if (account !== undefined && this.#handshaking.has(ends)) {
      this.#onHandshakeOver(account, ends);
    }
  }

  /** Ends what never became ready. */
  stop(): void {
    for (const socket of this.#handshaking.values()) {
      socket.destroy();
    }
  }

  /** The limit that one more would break. */
  #crowdOf(account: Account, shakesHands: boolean): ConnectionAbuse | undefined {
    const { limits, stats, openConnections } = this.#options;
    const isOfAddress = account.connections >= limits.connectionsPerAddress;
    if (isOfAddress || openConnections() + this.#handshaking.size >= limits.connections) {
      stats.connectionsRefused += 1;
      return isOfAddress ? "connectionsPerAddress" : "connections";
    }
    const isShakenByAddress = account.handshakes >= limits.handshakesPerAddress;
    if (shakesHands && (isShakenByAddress || this.#handshaking.size >= limits.handshakes)) {
      stats.handshakesRefused += 1;
      return isShakenByAddress ? "handshakesPerAddress" : "handshakes";
    }
    return undefined;
  }

  #isWithinRate(socket: Socket, { transport }: StreamKind): boolean {
    const { limiter, stats } = this.#options;
    const remote = { host: plainAddress(socket.remoteAddress ?? ""), port: socket.remotePort ?? 0 };
    const local = { host: plainAddress(socket.localAddress ?? ""), port: socket.localPort ?? 0 };
    const isWithin = (limiter?.({ transport, local, remote }) ?? "pass") === "pass";
    stats.connectionsRefused += isWithin ? 0 : 1;
    return isWithin;
  }

  #onHandshakeOver(account: Account, ends: string): void {
    this.#handshaking.delete(ends);
    account.handshakes -= 1;
  }
}

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
