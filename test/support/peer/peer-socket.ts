import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { cutMessage } from "./message.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The way back to where a message came from. */
export type Reply = (text: string) => void;
type Listener = (text: string, reply: Reply) => void;

/** What a peer sends and receives by: nothing but whole messages, in the order of the wire. */
export interface PeerSocket {
  readonly address: Address;
  send(text: string, to: Address): void;
  /** Ends every connection, as a peer does that has lost its power; without connections nothing happens. */
  cut(): void;
  close(): Promise<void>;
}

export async function openUdp(host: string, onMessage: Listener): Promise<PeerSocket> {
  const socket = createSocket("udp4");
  const send = (text: string, to: Address): void => {
    socket.send(Buffer.from(text, "latin1"), to.port, to.host);
  };
  socket.on("message", (bytes, { address, port }) => {
    onMessage(bytes.toString("latin1"), (text) => send(text, { host: address, port }));
  });
  socket.bind(0, host);
  await once(socket, "listening");
  return {
    address: { host, port: socket.address().port },
    send,
    cut: () => undefined,
    close: async () => {
      socket.close();
      await once(socket, "close");
    },
  };
}

/** Listens, and connects once to each address that it sends to. */
export async function openTcp(host: string, onMessage: Listener): Promise<PeerSocket> {
  const sockets = new Set<Socket>();
  const dialled = new Map<string, Socket>();
  const attach = (socket: Socket): void => {
    sockets.add(socket);
    let stream = "";
    socket.setNoDelay(true);
    socket.on("error", () => undefined); // a reset is one way to close it
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes: Buffer) => {
      stream += bytes.toString("latin1");
      for (let cut = cutMessage(stream); cut !== undefined; cut = cutMessage(stream)) {
        stream = cut.rest;
        onMessage(cut.message, (text) => socket.write(text, "latin1"));
      }
    });
  };
  const dial = (to: Address): Socket => {
    const socket = connect({ ...to, localAddress: host });
    attach(socket);
    dialled.set(`${to.host}:${to.port}`, socket);
    return socket;
  };
  const server = createServer(attach);
  server.listen(0, host);
  await once(server, "listening");
  const listening = server.address();
  const cut = (): void => {
    for (const socket of sockets) {
      socket.destroy();
    }
    dialled.clear();
  };
  return {
    address: { host, port: typeof listening === "object" && listening !== null ? listening.port : 0 },
    send: (text, to) => (dialled.get(`${to.host}:${to.port}`) ?? dial(to)).write(text, "latin1"),
    cut,
    close: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
