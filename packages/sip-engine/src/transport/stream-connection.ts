import type { Socket } from "node:net";
import type { FramedItem, MessageFault, MessageLimits, StreamFramer } from "@mss/sip-message";
import { createStreamFramer } from "@mss/sip-message";
import { TransportError } from "./errors.ts";
import { Keepalive } from "./keepalive.ts";
import type { PongHabit } from "./keepalive.ts";
import type { StreamLimits } from "./limits.ts";
import type { MutableStats } from "./stats.ts";
import type { ConnectionAbuse, Flow } from "./types.ts";

const PING = "\r\n\r\n"; // RFC 5626 §3.5.1
const PONG = "\r\n";
const DEAD_PEER_PROBE_MS = 30_000; // a peer that vanished without FIN is found by the operating system

/** What a connection tells its owner. */
export interface ConnectionOwner {
  onText(text: string, connection: StreamConnection): void;
  onBroken(fault: MessageFault, connection: StreamConnection): void;
  onKeepalive(): void;
  /** It is ended for a limit. */
  onAbuse(abuse: ConnectionAbuse, connection: StreamConnection): void;
  /** Of the peers of connections that we made. */
  pongHabit(connection: StreamConnection): PongHabit;
  onPongHabit(connection: StreamConnection, habit: PongHabit): void;
  /** Once, whoever closed it. */
  onClosed(connection: StreamConnection): void;
}

/** What a connection that we made waits for. */
export interface Dialled {
  readonly readyEvent: "connect" | "secureConnect";
  /** Asked when it is ready: the flow from now on, or why this is not who was called. */
  onReady(): ReadyOutcome;
}

export type ReadyOutcome =
  { readonly kind: "ready"; readonly flow: StreamFlow } | { readonly kind: "refused"; readonly error: Error };

export type StreamFlow = Flow & { readonly connection: string };

export interface StreamConnectionOptions {
  readonly flow: StreamFlow;
  readonly socket: Socket;
  /** Undefined for an accepted connection, which is ready at once. */
  readonly dialled: Dialled | undefined;
  readonly limits: StreamLimits;
  readonly messageLimits: MessageLimits;
  readonly stats: MutableStats;
  readonly owner: ConnectionOwner;
}

interface Waiting {
  readonly text: string;
  readonly resolve: (flow: Flow) => void;
  readonly reject: (error: TransportError) => void;
}

/** One connection: cuts messages out of what comes, and bounds the memory and the time that its peer may cost. */
export class StreamConnection {
  readonly #options: StreamConnectionOptions;
  readonly #socket: Socket;
  readonly #framer: StreamFramer;
  /** What is to be written when the peer has proven who it is: not a byte before. */
  readonly #waiting: Waiting[] = [];
  readonly #keepalive: Keepalive | undefined;
  #waitingBytes = 0;
  #flow: StreamFlow;
  #isReady: boolean;
  #isClosing = false;
  #holds = 0;
  #timer: NodeJS.Timeout | undefined;
  #writeTimer: NodeJS.Timeout | undefined;
  #failure: TransportError | undefined;

  constructor(options: StreamConnectionOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#flow = options.flow;
    this.#framer = createStreamFramer(options.messageLimits);
    this.#isReady = options.dialled === undefined;
    this.#keepalive = options.dialled === undefined ? undefined : this.#createKeepalive();
    this.#listen();
  }

  get flow(): StreamFlow {
    return this.#flow;
  }

  /** False from the first sign of its end: nothing new may be sent on it. */
  get isOpen(): boolean {
    return !this.#isClosing;
  }

  /** Resolves when the bytes were written; until then they count against the backlog. */
  send(text: string): Promise<Flow> {
    const socket = this.#socket;
    if (this.#isClosing) {
      return Promise.reject(this.#failure ?? new TransportError("CONNECTION_LOST", { to: this.#flow.remote }));
    }
    if (socket.writableLength + this.#waitingBytes + text.length > this.#options.limits.backlogBytes) {
      return Promise.reject(this.#dropClogged("backlogBytes"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Flow>();
    if (this.#isReady) {
      this.#write({ text, resolve, reject });
    } else {
      this.#waiting.push({ text, resolve, reject });
      this.#waitingBytes += text.length;
    }
    return promise;
  }

  hold(): () => void {
    let isHeld = true;
    this.#holds += 1;
    this.#keepAlive();
    return () => {
      if (isHeld) {
        isHeld = false;
        this.#holds -= 1;
        this.#keepAlive();
      }
    };
  }

  /** Lets what was written go out, then closes; the write limit ends a peer that does not read it. */
  close(): void {
    this.#isClosing = true;
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #write({ text, resolve, reject }: Waiting): void {
    this.#socket.write(text, "latin1", (error) => {
      this.#watchWriting(true);
      if (error === null || error === undefined) {
        resolve(this.#flow);
      } else {
        reject(this.#failure ?? new TransportError("CONNECTION_LOST", { to: this.#flow.remote }, { cause: error }));
      }
    });
    this.#watchWriting(false);
  }

  /** What the operating system took is the peer's to read; while it takes nothing more, the clock of the peer runs. */
  #watchWriting(hasMoved: boolean): void {
    if (hasMoved || this.#socket.writableLength === 0) {
      clearTimeout(this.#writeTimer);
      this.#writeTimer = undefined;
    }
    if (this.#socket.writableLength > 0 && !this.#socket.destroyed) {
      this.#writeTimer ??= setTimeout(() => this.#dropClogged("writeMs"), this.#options.limits.writeMs);
    }
  }

  #dropClogged(limit: "backlogBytes" | "writeMs"): TransportError {
    this.#options.stats.connectionsClogged += 1;
    this.#options.owner.onAbuse(limit, this);
    return this.#drop(new TransportError("BACKLOG_EXCEEDED", { to: this.#flow.remote }));
  }

  #createKeepalive(): Keepalive {
    const { owner, stats, limits } = this.#options;
    return new Keepalive({
      ...limits,
      habit: () => owner.pongHabit(this),
      ping: () => {
        this.send(PING).catch(() => undefined); // the loss of the connection is told by its close
      },
      onPong: () => owner.onPongHabit(this, "answers"),
      onDoubt: () => owner.onPongHabit(this, "mute"),
      onDead: () => {
        stats.connectionsDead += 1;
        this.#drop(new TransportError("CONNECTION_LOST", { to: this.#flow.remote, reason: "no answer to a ping" }));
      },
    });
  }

  /** Pings go while somebody needs the connection: without holds it may fall idle. */
  #keepAlive(): void {
    if (this.#holds > 0 && this.#isReady && !this.#isClosing) {
      this.#keepalive?.start();
    } else {
      this.#keepalive?.stop();
    }
  }

  #listen(): void {
    const { dialled, limits, owner } = this.#options;
    const socket = this.#socket;
    socket.setEncoding("latin1");
    socket.setKeepAlive(true, DEAD_PEER_PROBE_MS);
    socket.setTimeout(limits.idleMs);
    socket.on("data", (text: string) => this.#read(text));
    socket.on("timeout", () => this.#onIdle());
    socket.on("end", () => {
      this.#isClosing = true;
    });
    socket.on("error", (cause) => {
      this.#isClosing = true;
      const code = this.#isReady ? "CONNECTION_LOST" : "CONNECT_FAILED";
      this.#failure ??= new TransportError(code, { to: this.#flow.remote }, { cause });
    });
    socket.on("close", () => {
      this.#isClosing = true;
      clearTimeout(this.#timer);
      clearTimeout(this.#writeTimer);
      this.#keepalive?.stop();
      for (const { reject } of this.#waiting.splice(0)) {
        reject(this.#failure ?? new TransportError("CONNECTION_LOST", { to: this.#flow.remote }));
      }
      owner.onClosed(this);
    });
    if (dialled !== undefined) {
      this.#awaitReady(dialled, limits.connectMs);
    }
  }

  #awaitReady(dialled: Dialled, limitMs: number): void {
    this.#timer = setTimeout(() => {
      this.#drop(new TransportError("CONNECT_FAILED", { to: this.#flow.remote, limitMs }));
    }, limitMs);
    this.#socket.once(dialled.readyEvent, () => {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      const outcome = dialled.onReady();
      if (outcome.kind === "refused") {
        const { error: cause } = outcome;
        this.#isClosing = true;
        this.#failure ??= new TransportError("PEER_NOT_PROVEN", { to: this.#flow.remote }, { cause });
        this.#socket.destroy(cause);
        return;
      }
      this.#isReady = true;
      this.#flow = outcome.flow;
      this.#waitingBytes = 0;
      for (const waiting of this.#waiting.splice(0)) {
        this.#write(waiting);
      }
      this.#keepAlive();
    });
  }

  #read(text: string): void {
    if (this.#isClosing) {
      return;
    }
    this.#keepalive?.heard();
    for (const item of this.#framer.push(text)) {
      this.#take(item);
      if (this.#socket.destroyed) {
        return; // its owner had enough of it
      }
    }
    if (this.isOpen) {
      this.#watchMessage();
    }
  }

  #take(item: FramedItem): void {
    switch (item.kind) {
      case "message": {
        this.#stopWatch();
        this.#options.owner.onText(item.text, this);
        break;
      }
      case "keepalive": {
        this.#options.owner.onKeepalive();
        if (item.pong) {
          this.send(PONG).catch(() => undefined); // the loss of the connection is told by its close
        }
        break;
      }
      case "broken": {
        this.#options.owner.onBroken(item.fault, this);
        this.close();
        break;
      }
    }
  }

  /** The clock of a message starts with its first byte, however slowly the others come. */
  #watchMessage(): void {
    if (this.#framer.pendingBytes === 0) {
      this.#stopWatch();
    } else {
      this.#timer ??= setTimeout(() => {
        this.#options.stats.connectionsSlow += 1;
        this.#options.owner.onAbuse("messageMs", this);
        this.#drop(new TransportError("CONNECTION_LOST", { to: this.#flow.remote }));
      }, this.#options.limits.messageMs);
    }
  }

  #stopWatch(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #onIdle(): void {
    if (this.#holds > 0 && !this.#isClosing) {
      this.#socket.setTimeout(this.#options.limits.idleMs); // it fires once for each time it is set
      return;
    }
    this.#options.stats.connectionsIdle += 1;
    this.destroy();
  }

  #drop(failure: TransportError): TransportError {
    this.#failure ??= failure;
    this.destroy();
    return this.#failure;
  }
}
