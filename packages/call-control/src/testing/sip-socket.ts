import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { once } from "node:events";
import { parseDatagram, serializeMessage } from "@mss/sip-message";
import type { SipMessage } from "@mss/sip-message";

export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** What a phone sends and receives by. */
export interface PhoneSocket {
  /** As it stands in a Via. */
  readonly transport: "UDP" | "TLS";
  readonly address: SocketAddress;
  send(message: SipMessage, to: SocketAddress): void;
  close(): Promise<void>;
}

/** A UDP socket that speaks SIP messages; what does not parse is an error of the test, and is thrown. */
export class SipSocket implements PhoneSocket {
  readonly transport = "UDP";
  readonly #socket: Socket;

  private constructor(socket: Socket, onMessage: (message: SipMessage, from: SocketAddress) => void) {
    this.#socket = socket;
    socket.on("message", (bytes, { address: host, port }) => {
      const parsed = parseDatagram(bytes.toString("latin1"));
      if (parsed.kind !== "message") {
        throw new Error(`not a SIP message: ${bytes.toString("latin1").slice(0, 200)}`);
      }
      onMessage(parsed.message, { host, port });
    });
  }

  static async open(
    address: SocketAddress,
    onMessage: (message: SipMessage, from: SocketAddress) => void,
  ): Promise<SipSocket> {
    const socket = createSocket("udp4");
    socket.bind(address.port, address.host);
    await once(socket, "listening");
    return new SipSocket(socket, onMessage);
  }

  get address(): SocketAddress {
    const { address: host, port } = this.#socket.address();
    return { host, port };
  }

  send(message: SipMessage, to: SocketAddress): void {
    this.#socket.send(Buffer.from(serializeMessage(message), "latin1"), to.port, to.host);
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }
}
