import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { TransportName } from "./types.ts";

export interface DialOptions {
  /** IP address. */
  readonly host: string;
  readonly port: number;
  /** The address of this machine to call from; undefined leaves it to the operating system. */
  readonly localAddress: string | undefined;
}

/** What tells one connection-oriented transport from another. TLS is a second value of this type. */
export interface StreamKind {
  readonly transport: Exclude<TransportName, "udp">;
  /** A server that gives `onSocket` each connection that is ready for SIP. */
  createServer(onSocket: (socket: Socket) => void): Server;
  connect(options: DialOptions): Socket;
  /** The event of a dialled socket that says it is ready for SIP. */
  readonly readyEvent: "connect" | "secureConnect";
}

export const TCP: StreamKind = {
  transport: "tcp",
  createServer: (onSocket) => createServer({ noDelay: true }, onSocket),
  connect: ({ host, port, localAddress }) =>
    connect({ host, port, noDelay: true, ...(localAddress === undefined ? {} : { localAddress }) }),
  readyEvent: "connect",
};
