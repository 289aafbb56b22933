import { once } from "node:events";
import { connect } from "node:tls";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { createStreamFramer, parseMessage, serializeMessage } from "@mss/sip-message";
import type { SipMessage } from "@mss/sip-message";
import type { PhoneSocket, SocketAddress } from "./sip-socket.ts";

/** What a phone shows and believes: certificate and key if it has them, and the authority of its server. */
export type PhoneTls = Pick<ConnectionOptions, "cert" | "key" | "ca" | "servername" | "checkServerIdentity">;

/** A TLS connection that speaks SIP messages, to the one server of a phone. What does not parse is an error of the test. */
export class SipStream implements PhoneSocket {
  readonly transport = "TLS";
  readonly address: SocketAddress;
  readonly #socket: TLSSocket;

  private constructor(socket: TLSSocket, onMessage: (message: SipMessage) => void) {
    this.#socket = socket;
    this.address = { host: socket.localAddress ?? "", port: socket.localPort ?? 0 };
    const framer = createStreamFramer();
    socket.setEncoding("latin1");
    socket.on("error", () => undefined); // a connection that is lost is told by what does not come
    socket.on("data", (text: string) => {
      for (const item of framer.push(text)) {
        const parsed = item.kind === "message" ? parseMessage(item.text) : undefined;
        if (parsed?.kind === "message") {
          onMessage(parsed.message);
        } else if (item.kind !== "keepalive") {
          throw new Error(`not a SIP message: ${text.slice(0, 200)}`);
        }
      }
    });
  }

  /** Resolves when both sides have shaken hands; rejects when the phone does not believe the server, or is not let in. */
  static async open(
    { host, server, tls }: { readonly host: string; readonly server: SocketAddress; readonly tls: PhoneTls },
    onMessage: (message: SipMessage) => void,
  ): Promise<SipStream> {
    const local = { localAddress: host, servername: "" };
    const socket = connect({ ...local, ...tls, host: server.host, port: server.port });
    await once(socket, "secureConnect");
    return new SipStream(socket, onMessage);
  }

  send(message: SipMessage): void {
    this.#socket.write(serializeMessage(message), "latin1");
  }

  async close(): Promise<void> {
    if (!this.#socket.closed) {
      const closed = once(this.#socket, "close");
      this.#socket.destroy();
      await closed;
    }
  }
}
