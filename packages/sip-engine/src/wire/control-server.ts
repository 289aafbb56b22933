import { createHash, timingSafeEqual } from "node:crypto";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { Logger } from "@mss/runtime";
import type { HostPort } from "../transport/types.ts";
import { Attachment } from "./attachment.ts";
import type { Command } from "./commands.ts";
import { ControlClient } from "./control-client.ts";
import type { CloseReason, ControlClientLimits } from "./control-client.ts";
import { SocketPipe } from "./control-pipe.ts";
import type { ControlPipe } from "./control-pipe.ts";
import { formatOk, formatRefused } from "./notices.ts";

/** What the control server tells the engine. Only clients that gave the secret are ever mentioned. */
export interface ControlUser {
  /** Details of the answer to a good login: addresses, version, local addresses. */
  greeting(): readonly string[];
  onCommand(client: ControlClient, command: Exclude<Command, { kind: "authenticate" | "ping" }>): void;
  onClientGone(client: ControlClient): void;
}

export interface ControlServerOptions {
  /**
   * A loopback address: the protocol has no encryption and drachtio-srf reconnects in clear (issue 211). Absent: nobody is
   * listened for, and applications are attached or dialled.
   */
  readonly host?: string;
  readonly port?: number;
  readonly secret: string;
  readonly log: Logger;
  readonly limits?: Partial<ControlServerLimits>;
}

export interface ControlServerLimits extends ControlClientLimits {
  readonly connections: number;
  /** Connections that the engine makes to applications that listen, one for each request that goes there. */
  readonly dialled: number;
  readonly loginMs: number;
}

const ANY_PORT = 0;

export const CONTROL_LIMITS: ControlServerLimits = {
  frameBytesBeforeLogin: 65_536,
  frameBytes: 1_048_576,
  backlogBytes: 67_108_864, // an application that stalls for seconds at a thousand calls a second stays below
  connections: 64,
  dialled: 2_000,
  loginMs: 10_000,
};

export interface ControlServer {
  /** Undefined where nobody is listened for. */
  readonly address: HostPort | undefined;
  /** Clients that are let in. */
  readonly clientCount: number;
  start(user: ControlUser): Promise<void>;
  /**
   * Connects to an application that listens. Undefined when nobody is there, too many such connections are open, or the
   * application does not show the secret in time.
   */
  dial(to: { readonly host: string; readonly port: number }): Promise<ControlClient | undefined>;
  /**
   * Connects an application of this process that listens with `server`, as long as that is open. `onLogin` is called each
   * time, before the application hears that it is let in.
   */
  attach(server: Server, onLogin: (client: ControlClient) => void): void;
  stop(): Promise<void>;
}

/** Equal-length digests, so that the time of a comparison tells nothing of the secret. */
function digest(secret: Buffer): Buffer {
  return createHash("sha256").update(secret).digest();
}

/** How a client came about, and who else wants to know of it. */
interface Origin {
  readonly kind: "accepted" | "dialled" | "attached";
  readonly onLogin?: (client: ControlClient) => void;
  readonly onClosed?: () => void;
}

interface Entry {
  readonly origin: Origin;
  readonly loginTimer: NodeJS.Timeout;
}

class LoopbackControlServer implements ControlServer {
  readonly #options: ControlServerOptions;
  readonly #limits: ControlServerLimits;
  readonly #expected: Buffer;
  readonly #clients = new Map<ControlClient, Entry>();
  readonly #counts: Record<Origin["kind"], number> = { accepted: 0, dialled: 0, attached: 0 };
  readonly #attachments = new Set<Attachment>();
  #server: Server | undefined;
  #user: ControlUser | undefined;
  #nextId = 1;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#limits = { ...CONTROL_LIMITS, ...options.limits };
    this.#expected = digest(Buffer.from(options.secret, "utf8"));
  }

  get address(): HostPort | undefined {
    const { host, port = ANY_PORT } = this.#options;
    const bound = this.#server?.address();
    const boundPort = typeof bound === "object" ? bound?.port : undefined;
    return host === undefined ? undefined : { host, port: boundPort ?? port };
  }

  get clientCount(): number {
    let count = 0;
    for (const client of this.#clients.keys()) {
      count += client.authenticated ? 1 : 0;
    }
    return count;
  }

  async start(user: ControlUser): Promise<void> {
    this.#user = user;
    if (this.address !== undefined) {
      await this.#listen(this.address);
    }
  }

  async #listen(address: HostPort): Promise<void> {
    const server = createServer((socket) => {
      this.#accept(socket);
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen(address, resolve);
    await promise;
    server.removeListener("error", reject);
    server.on("error", (error) => {
      this.#options.log.warn({ err: error }, "control server failed to accept");
    });
    this.#server = server;
  }

  dial({ host, port }: { readonly host: string; readonly port: number }): Promise<ControlClient | undefined> {
    if (this.#user === undefined || this.#counts.dialled >= this.#limits.dialled) {
      return Promise.resolve(undefined);
    }
    return new Promise((resolve) => {
      this.#adopt(new SocketPipe(connect({ host, port })), {
        kind: "dialled",
        onLogin: resolve,
        onClosed: () => resolve(undefined), // a promise that has its client hears nothing of this
      });
    });
  }

  attach(server: Server, onLogin: (client: ControlClient) => void): void {
    const attachment = new Attachment(server, (pipe, onClosed) =>
      this.#adopt(pipe, { kind: "attached", onLogin, onClosed }),
    );
    this.#attachments.add(attachment);
    server.once("close", () => this.#attachments.delete(attachment));
  }

  async stop(): Promise<void> {
    const server = this.#server;
    for (const attachment of this.#attachments) {
      attachment.stop();
    }
    this.#attachments.clear();
    for (const client of this.#clients.keys()) {
      client.close("engine stops");
    }
    if (server === undefined) {
      return;
    }
    this.#server = undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => {
      resolve();
    });
    await promise;
  }

  #accept(socket: Socket): void {
    if (this.#counts.accepted >= this.#limits.connections) {
      this.#options.log.warn({ peer: socket.remoteAddress }, "control connection refused: too many");
      socket.destroy();
      return;
    }
    this.#adopt(new SocketPipe(socket), { kind: "accepted" });
  }

  #adopt(pipe: ControlPipe, origin: Origin): ControlClient {
    const client = new ControlClient(this.#nextId, pipe, {
      limits: this.#limits,
      isDialled: origin.kind === "dialled",
      onCommand: (sender, command) => {
        this.#onCommand(sender, command);
      },
      onClosed: (gone, reason) => {
        this.#onClosed(gone, reason);
      },
    });
    this.#nextId += 1;
    const loginTimer = setTimeout(() => {
      client.close("not authenticated in time");
    }, this.#limits.loginMs);
    this.#clients.set(client, { origin, loginTimer });
    this.#counts[origin.kind] += 1;
    return client;
  }

  #onCommand(client: ControlClient, command: Command): void {
    if (command.kind === "authenticate") {
      this.#authenticate(client, command);
    } else if (!client.authenticated) {
      client.send(formatRefused(command.id, "not authenticated"));
      client.close("refused");
    } else if (command.kind === "ping") {
      client.send(formatOk(command.id, "pong"));
    } else {
      this.#user?.onCommand(client, command);
    }
  }

  #authenticate(client: ControlClient, command: Command & { kind: "authenticate" }): void {
    if (!timingSafeEqual(digest(Buffer.from(command.secret, "latin1")), this.#expected)) {
      client.send(formatRefused(command.id, "incorrect secret"));
      client.close("refused");
      return;
    }
    const entry = this.#clients.get(client);
    clearTimeout(entry?.loginTimer);
    client.letIn(command.tags);
    entry?.origin.onLogin?.(client);
    client.send(formatOk(command.id, ...(this.#user?.greeting() ?? [])));
    this.#options.log.info({ client: client.id, tags: command.tags }, "application connected");
  }

  #onClosed(client: ControlClient, reason: CloseReason): void {
    const entry = this.#clients.get(client);
    if (entry === undefined) {
      return;
    }
    clearTimeout(entry.loginTimer);
    this.#clients.delete(client);
    this.#counts[entry.origin.kind] -= 1;
    const level = client.authenticated ? "info" : "warn";
    this.#options.log[level]({ client: client.id, reason }, "application disconnected");
    if (client.authenticated) {
      this.#user?.onClientGone(client);
    }
    entry.origin.onClosed?.();
  }
}

export function createControlServer(options: ControlServerOptions): ControlServer {
  return new LoopbackControlServer(options);
}
