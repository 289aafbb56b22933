import { createSocket } from "node:dgram";
import type { RemoteInfo, Socket } from "node:dgram";
import type { Logger } from "@mss/runtime";
import { familyOf } from "./addresses.ts";
import { TransportError } from "./errors.ts";
import type { HostPort, ListenAddress } from "./types.ts";

const SOCKET_BUFFER_BYTES = 1024 * 1024; // a burst of calls; the operating system may grant less
const MAX_DATAGRAM_BYTES = 65_507; // IPv4 datagram less IP and UDP headers

export interface UdpListenerOptions {
  readonly address: HostPort;
  /** Other processes of this user may listen there, too; each peer is given to one of them. */
  readonly isShared: boolean;
  readonly log: Logger;
  /** Byte text of one datagram. */
  onDatagram(text: string, remote: RemoteInfo, listener: UdpListener): void;
}

/** Targets are IP addresses here, so nothing is looked up and a send takes no detour through the event loop. */
function lookUpNothing(
  host: string,
  _options: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  callback(null, host, familyOf(host));
}

/** One bound datagram socket. */
export class UdpListener {
  readonly address: ListenAddress;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    const bound = socket.address();
    this.#socket = socket;
    this.address = { transport: "udp", host: bound.address, port: bound.port };
  }

  static async open(options: UdpListenerOptions): Promise<UdpListener> {
    const type = familyOf(options.address.host) === 6 ? "udp6" : "udp4";
    const socket = createSocket({
      type,
      ipv6Only: type === "udp6",
      reusePort: options.isShared,
      lookup: lookUpNothing,
    });
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    socket.once("error", reject);
    socket.bind(options.address.port, options.address.host, () => resolve(undefined));
    try {
      await promise;
    } catch (cause) {
      socket.close();
      throw new TransportError("LISTEN_FAILED", { transport: "udp", ...options.address }, { cause });
    }
    socket.off("error", reject);
    const listener = new UdpListener(socket);
    listener.#listen(options);
    return listener;
  }

  send(text: string, host: string, port: number): Promise<void> {
    if (text.length > MAX_DATAGRAM_BYTES) {
      return Promise.reject(new TransportError("MESSAGE_TOO_LARGE", { bytes: text.length }));
    }
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    try {
      this.#socket.send(Buffer.from(text, "latin1"), port, host, (cause) => {
        if (cause === null) {
          resolve(undefined);
        } else {
          reject(new TransportError("SEND_FAILED", { host, port }, { cause }));
        }
      });
    } catch (cause) {
      reject(new TransportError("SEND_FAILED", { host, port }, { cause })); // a socket that is closing throws
    }
    return promise;
  }

  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#socket.close(() => resolve(undefined));
    return promise;
  }

  #listen(options: UdpListenerOptions): void {
    const socket = this.#socket;
    try {
      socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
      socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
    } catch (err) {
      options.log.debug({ err }, "socket buffers keep their size");
    }
    socket.on("message", (bytes, remote) => {
      options.onDatagram(bytes.toString("latin1"), remote, this);
    });
    socket.on("error", (err) => {
      options.log.warn({ err, local: this.address }, "datagram socket error");
    });
  }
}
