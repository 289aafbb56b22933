import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { TransportName } from "./types.ts";

export interface DialOptions {
  /** IP address. */
  readonly host: string;
  readonly port: number;
  /** The address of this machine to call from; undefined leaves it to the operating system. */
  readonly localAddress: string | undefined;
  /** Who has to be there, by its certificate; without meaning where there are none. */
  readonly name: string;
}

/** What a server of a stream transport asks and tells, in this order. */
export interface AcceptUser {
  /** Asked before a connection costs anything; where it says no, it has ended the connection. */
  admits(socket: Socket): boolean;
  /** A connection that is ready for SIP, and the names that its peer has proven to have. */
  onSocket(socket: Socket, peerNames: readonly string[]): void;
}

/** The peer that was wanted, with all the names it has proven, or why it is another one. */
export type PeerProof =
  | { readonly kind: "proven"; readonly peerNames: readonly string[] }
  | { readonly kind: "refused"; readonly error: Error };

const NOBODY: PeerProof = { kind: "proven", peerNames: [] };

/** What tells one connection-oriented transport from another. */
export interface StreamKind {
  readonly transport: Exclude<TransportName, "udp">;
  createServer(user: AcceptUser): Server;
  connect(options: DialOptions): Socket;
  /** The event of a dialled socket that says it is ready for SIP. */
  readonly readyEvent: "connect" | "secureConnect";
  /** Who the peer of a dialled socket has proven to be. Asked once, when the socket is ready. */
  proofOf(socket: Socket, name: string): PeerProof;
}

export const TCP: StreamKind = {
  transport: "tcp",
  createServer: (user) =>
    createServer({ noDelay: true }, (socket) => {
      if (user.admits(socket)) {
        user.onSocket(socket, []);
      }
    }),
  connect: ({ host, port, localAddress }) =>
    connect({ host, port, noDelay: true, ...(localAddress === undefined ? {} : { localAddress }) }),
  readyEvent: "connect",
  proofOf: () => NOBODY,
};
