import type { Server } from "node:net";
import type { ControlClient } from "./control-client.ts";
import { MemoryPipe } from "./memory-pipe.ts";
import type { ControlPipe } from "./control-pipe.ts";

const AGAIN_MS = 150; // what drachtio-srf waits, too, before it connects again to a server

/**
 * An application of this process, as the server that its drachtio-srf listens with; that server need not listen itself. It
 * gets a connection in memory, and another one when that has ended, until the server closes.
 */
export class Attachment {
  readonly #server: Server;
  readonly #adopt: (pipe: ControlPipe, onClosed: () => void) => ControlClient;
  #client: ControlClient | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(server: Server, adopt: (pipe: ControlPipe, onClosed: () => void) => ControlClient) {
    this.#server = server;
    this.#adopt = adopt;
    server.once("close", () => this.stop());
    this.#connect();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#client?.close("not needed");
  }

  #connect(): void {
    const pipe = new MemoryPipe();
    this.#client = this.#adopt(pipe, () => {
      if (!this.#isStopped) {
        this.#timer = setTimeout(() => this.#connect(), AGAIN_MS);
      }
    });
    this.#server.emit("connection", pipe.socket);
  }
}
