import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { readMessage } from "./sip-peer.ts";
import type { PeerMessage } from "./sip-peer.ts";

const WAIT_MS = 5_000;

/** One end of a TCP connection that speaks SIP. */
export class TcpPeer {
  readonly socket: Socket;
  readonly #inbox: PeerMessage[] = [];
  #text = "";
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      this.#text += bytes.toString("latin1");
      this.#cut();
      this.#wake?.();
    });
  }

  static async connect(to: { readonly host: string; readonly port: number }, from: string): Promise<TcpPeer> {
    const socket = connect({ ...to, localAddress: from });
    await once(socket, "connect");
    return new TcpPeer(socket);
  }

  send(lines: readonly string[], body = ""): void {
    this.socket.write([...lines, `Content-Length: ${body.length}`, "", body].join("\r\n"), "latin1");
  }

  respond(request: PeerMessage, line: string, headers: readonly string[] = [], body = ""): void {
    const to = request.get("To");
    this.send(
      [
        `SIP/2.0 ${line}`,
        ...request.all("Via").map((via) => `Via: ${via}`),
        `From: ${request.get("From")}`,
        `To: ${to.includes(";tag=") ? to : `${to};tag=tcp`}`,
        `Call-ID: ${request.get("Call-ID")}`,
        `CSeq: ${request.get("CSeq")}`,
        ...headers,
      ],
      body,
    );
  }

  async next(what: string | number): Promise<PeerMessage> {
    const deadline = AbortSignal.timeout(WAIT_MS);
    for (;;) {
      const index = this.#inbox.findIndex((message) => message.method === what || message.status === what);
      const [found] = index < 0 ? [] : this.#inbox.splice(index, 1);
      if (found !== undefined) {
        return found;
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#wake = resolve;
      deadline.addEventListener("abort", () => {
        reject(new Error(`nothing came for ${what}`));
      });
      await promise;
    }
  }

  #cut(): void {
    for (;;) {
      const end = this.#text.indexOf("\r\n\r\n");
      const length = Number(/\r\nContent-Length: (\d+)/i.exec(this.#text)?.[1] ?? 0);
      if (end < 0 || this.#text.length < end + 4 + length) {
        return;
      }
      this.#inbox.push(readMessage(this.#text.slice(0, end + 4 + length)));
      this.#text = this.#text.slice(end + 4 + length);
    }
  }
}

/** Listens for the engine's connections. */
export class TcpListener {
  readonly server: Server;
  readonly #accepted: Promise<TcpPeer>;

  private constructor(server: Server) {
    this.server = server;
    const { promise, resolve } = Promise.withResolvers<TcpPeer>();
    server.once("connection", (socket: Socket) => {
      resolve(new TcpPeer(socket));
    });
    this.#accepted = promise;
  }

  static async open(host: string, port = 0): Promise<TcpListener> {
    const server = createServer();
    server.listen(port, host);
    await once(server, "listening");
    return new TcpListener(server);
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  accepted(): Promise<TcpPeer> {
    return this.#accepted;
  }
}
