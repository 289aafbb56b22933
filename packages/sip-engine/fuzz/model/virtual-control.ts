import { duplexPair } from "node:stream";
import type { Duplex } from "node:stream";
import type { Command } from "../../src/wire/commands.ts";
import { SocketPipe } from "../../src/wire/control-pipe.ts";
import type { ControlSocket } from "../../src/wire/control-pipe.ts";
import { ControlClient } from "../../src/wire/control-client.ts";
import type { ControlServer, ControlUser } from "../../src/wire/control-server.ts";
import { CONTROL_LIMITS } from "../../src/wire/control-server.ts";

/** Connections of applications in memory, so that what happens on them needs no time. Everybody is let in. */
export class VirtualControl implements ControlServer {
  readonly address = { host: "127.0.0.1", port: 1 };
  readonly #clients = new Set<ControlClient>();
  #user: ControlUser | undefined;
  #nextId = 1;

  get clientCount(): number {
    return this.#clients.size;
  }

  start(user: ControlUser): Promise<void> {
    this.#user = user;
    return Promise.resolve();
  }

  dial(): Promise<ControlClient | undefined> {
    return Promise.resolve(undefined);
  }

  attach(): void {
    throw new Error("the applications of the model connect");
  }

  stop(): Promise<void> {
    for (const client of this.#clients) {
      client.close("engine stops");
    }
    return Promise.resolve();
  }

  /** The application's end of a new connection. */
  connect(): { readonly id: number; readonly socket: Duplex } {
    const [ours, theirs] = duplexPair();
    theirs.once("close", () => ours.destroy());
    ours.once("close", () => theirs.destroy());
    const id = this.#nextId;
    this.#nextId += 1;
    const client = new ControlClient(id, new SocketPipe(socketOf(ours)), {
      limits: CONTROL_LIMITS,
      isDialled: false,
      onCommand: (sender, command) => this.#onCommand(sender, command),
      onClosed: (gone) => {
        this.#clients.delete(gone);
        this.#user?.onClientGone(gone);
      },
    });
    client.letIn([]);
    this.#clients.add(client);
    return { id, socket: theirs };
  }

  #onCommand(client: ControlClient, command: Command): void {
    if (command.kind !== "authenticate" && command.kind !== "ping") {
      this.#user?.onCommand(client, command);
    }
  }
}

/** What a stream lacks to be taken for a socket. */
function socketOf(stream: Duplex): ControlSocket {
  return Object.assign(stream, {
    setNoDelay: () => undefined,
    destroySoon: () => stream.destroy(),
  });
}
