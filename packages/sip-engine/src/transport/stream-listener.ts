import type { Server } from "node:net";
import type { Logger } from "@mss/runtime";
import { TransportError } from "./errors.ts";
import type { AcceptUser, StreamKind } from "./stream-kind.ts";
import type { HostPort, ListenAddress } from "./types.ts";

const ACCEPT_QUEUE = 1_024; // phones of a whole branch that come back at once

export interface StreamListenerOptions {
  readonly kind: StreamKind;
  readonly address: HostPort;
  /** Other processes of this user may listen there, too; each connection is given to one of them. */
  readonly isShared: boolean;
  readonly log: Logger;
  readonly user: AcceptUser;
}

/** One listening socket of a connection-oriented transport. Its connections belong to the pool. */
export class StreamListener {
  readonly address: ListenAddress;
  readonly #server: Server;

  private constructor(server: Server, address: ListenAddress) {
    this.#server = server;
    this.address = address;
  }

  static async open(options: StreamListenerOptions): Promise<StreamListener> {
    const { kind, address, log, isShared } = options;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    let server: Server;
    try {
      server = kind.createServer(options.user);
      server.once("error", reject);
      const settings = { ...address, ipv6Only: true, reusePort: isShared, backlog: ACCEPT_QUEUE };
      server.listen(settings, () => resolve(undefined));
      await promise;
    } catch (cause) {
      throw new TransportError("LISTEN_FAILED", { transport: kind.transport, ...address }, { cause });
    }
    server.off("error", reject);
    server.on("error", (err) => {
      log.warn({ err, local: address }, "listener error");
    });
    const bound = server.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
    return new StreamListener(server, { transport: kind.transport, host: address.host, port });
  }

  /** Resolves when the port is free; the connections have to be closed beside it. */
  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#server.close(() => resolve(undefined));
    return promise;
  }
}
