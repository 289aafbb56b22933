import { createSocket } from "node:dgram";
import type { Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import type { SipMessage } from "@mss/sip-message";
import { createTransportLayer } from "../../src/transport/layer.ts";
import type { SocketTransportLayer, TransportLayerOptions } from "../../src/transport/layer.ts";
import type { Flow, HostPort, ListenAddress } from "../../src/transport/types.ts";

export const HOST = "127.12.0.1";
export const PEER_HOST = "127.12.0.2";

export interface Received {
  readonly message: SipMessage;
  readonly flow: Flow;
}

/** A transport layer on sockets with what it passed up, stopped when the test ends. */
export interface Node {
  readonly layer: SocketTransportLayer;
  readonly received: readonly Received[];
  readonly closed: readonly string[];
  /** Resolves when so many messages have been passed up in all. */
  until(count: number): Promise<readonly Received[]>;
  untilClosed(count: number): Promise<void>;
  address(transport?: "udp" | "tcp" | "tls"): ListenAddress;
}

type Options = Partial<TransportLayerOptions> & { readonly onMessage?: (received: Received) => void };

export async function startNode(t: TestContext, options: Options = {}): Promise<Node> {
  const { onMessage, ...rest } = options;
  const listen = options.listen ?? [
    { transport: "udp", host: HOST, port: 0 },
    { transport: "tcp", host: HOST, port: 0 },
  ];
  const layer = createTransportLayer({ ...rest, listen });
  const received: Received[] = [];
  const closed: string[] = [];
  const news = createNews();
  await layer.start({
    onMessage: (message, flow) => {
      received.push({ message, flow });
      news.tell();
      onMessage?.({ message, flow });
    },
    onConnectionClosed: (connection) => {
      closed.push(connection);
      news.tell();
    },
  });
  t.after(() => layer.stop());
  return {
    layer,
    received,
    closed,
    until: async (count) => {
      await news.until(() => received.length >= count);
      return received;
    },
    untilClosed: (count) => news.until(() => closed.length >= count),
    address: (transport = "udp") => {
      const found = layer.listening.find((each) => each.transport === transport);
      if (found === undefined) {
        throw new Error(`no ${transport} listener`);
      }
      return found;
    },
  };
}

/** Lets a test wait for a condition that changes with an event. */
function createNews(): { tell(): void; until(isTrue: () => boolean): Promise<void> } {
  const waiting = new Set<() => void>();
  return {
    tell: () => waiting.forEach((look) => look()),
    until: (isTrue) => {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const look = (): void => {
        if (isTrue()) {
          waiting.delete(look);
          resolve(undefined);
        }
      };
      waiting.add(look);
      look();
      return promise;
    },
  };
}

/** A plain datagram socket of a peer. */
export async function openDatagram(t: TestContext, host = PEER_HOST): Promise<DatagramSocket> {
  const socket = createSocket("udp4");
  socket.bind(0, host);
  await once(socket, "listening");
  t.after(() => socket.close());
  return socket;
}

export function nextDatagram(socket: DatagramSocket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.once("message", (bytes) => resolve(bytes.toString("latin1")));
  return promise;
}

/** A plain connection of a peer. Errors are left to the test: a reset is often what it waits for. */
export async function openStream(t: TestContext, to: HostPort, host = PEER_HOST): Promise<Socket> {
  const socket = connect({ host: to.host, port: to.port, localAddress: host });
  socket.setEncoding("latin1");
  socket.on("error", () => undefined);
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Resolves when the connection is gone, by FIN or by reset: `once` of node:events would reject on the latter. */
export function untilGone(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("close", () => resolve());
  return promise;
}

/** Reads until `text` has come; returns all that came. */
export async function readUntil(socket: Socket, text: string): Promise<string> {
  let all = "";
  while (!all.includes(text)) {
    const chunks: readonly unknown[] = await once(socket, "data");
    all += String(chunks[0]);
  }
  return all;
}

export interface RequestParts {
  readonly method?: string;
  readonly via?: string;
  readonly callId?: string;
  readonly transport?: string;
  readonly extra?: string;
  readonly body?: string;
}

/** Byte text of a request from a peer. */
export function requestText(parts: RequestParts = {}): string {
  const { method = "OPTIONS", callId = "1@peer", transport = "UDP", extra = "", body = "" } = parts;
  const via = parts.via ?? `SIP/2.0/${transport} ${PEER_HOST};branch=z9hG4bK1;rport`;
  const lines = [
    `${method} sip:${HOST} SIP/2.0`,
    `Via: ${via}`,
    "Max-Forwards: 70",
    "From: <sip:peer@test>;tag=1",
    `To: <sip:${HOST}>`,
    `Call-ID: ${callId}`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:peer@${PEER_HOST}>`,
  ];
  return `${lines.join("\r\n")}\r\n${extra}Content-Length: ${body.length}\r\n\r\n${body}`;
}
