import { createServer } from "node:net";
import type { Server } from "node:net";
import { TypedEmitter, withDeadline } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";
import { CallError } from "../errors.ts";
import { createNativeSrf, disconnectNativeSrf, sendWithoutDelay } from "./native.ts";
import type { NativeReplier, NativeRequest, NativeSrf } from "./native.ts";
import type { EngineAddress, LinkState, LocalEngine } from "./types.ts";

// Out-of-dialog methods that we ask the engine for, so that what we do not want is refused by us. BYE, PRACK and ACK
// outside of a dialog are the engine's to refuse; CANCEL comes as an event of its INVITE.
const ROUTED_METHODS = [
  "invite",
  "register",
  "options",
  "message",
  "subscribe",
  "notify",
  "publish",
  "refer",
  "info",
  "update",
] as const;

const START_LIMIT_MS = 10_000;
const RECONNECT_LIMIT_MS = 1_000; // without a limit the pauses of drachtio-srf grow for ever

type LinkEvents = { up: []; down: [] };

export interface EngineLinkOptions {
  readonly engine: EngineAddress | LocalEngine;
  readonly log: Logger;
  /** Every request from the network, and those the engine makes itself (`source: application`). */
  readonly onRequest: (request: NativeRequest, replier: NativeReplier) => void;
}

function isLocal(engine: EngineAddress | LocalEngine): engine is LocalEngine {
  return "attach" in engine;
}

function placeOf(engine: EngineAddress | LocalEngine): Record<string, unknown> {
  return isLocal(engine) ? { engine: "embedded" } : { host: engine.host, port: engine.port };
}

/**
 * The connection to the engine. What waits for an answer of the engine registers with `untilDown`, because
 * drachtio-srf forgets what is pending when the connection goes (D4).
 */
export class EngineLink implements Part {
  readonly srf: NativeSrf = createNativeSrf();
  readonly #options: EngineLinkOptions;
  readonly #events: TypedEmitter<LinkEvents>;
  readonly #pending = new Set<() => void>();
  /** What a local engine connects to. Listens nowhere. */
  #server: Server | undefined;
  #state: LinkState = "down";
  #stopped = false;
  #onSettled: (() => void) | undefined;

  constructor(options: EngineLinkOptions) {
    this.#options = options;
    this.#events = new TypedEmitter((err) => options.log.error({ err }, "link listener failed"));
  }

  get state(): LinkState {
    return this.#state;
  }

  onLink(listener: (state: LinkState) => void): () => void {
    const offUp = this.#events.on("up", () => listener("up"));
    const offDown = this.#events.on("down", () => listener("down"));
    return () => {
      offUp();
      offDown();
    };
  }

  /** Calls `settle` if the link goes down first. Returns the function that says it is no longer needed. */
  untilDown(settle: () => void): () => void {
    this.#pending.add(settle);
    return () => {
      this.#pending.delete(settle);
      if (this.#pending.size === 0) {
        this.#onSettled?.();
      }
    };
  }

  /** Resolves when nothing waits for the engine any more, or after the limit. */
  async settled(limitMs: number): Promise<void> {
    if (this.#pending.size === 0) {
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limitMs);
    this.#onSettled = resolve;
    await promise;
    clearTimeout(timer);
  }

  async start(): Promise<void> {
    const { engine } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.srf.use((request, replier) => this.#options.onRequest(request, replier));
    for (const method of ROUTED_METHODS) {
      // Only tells the engine which methods we take: the handler above comes first and never passes on.
      this.srf.use(method, () => undefined);
    }
    this.srf.on("connect", (error, hostPorts) => {
      if (error === null || error === undefined) {
        this.#goUp(hostPorts);
        resolve();
      } else {
        this.#options.log.error({ err: error }, "sip engine refused the secret");
        reject(new CallError("ENGINE_LINK_LOST", placeOf(engine), { cause: error }));
      }
    });
    this.srf.on("close", () => this.#goDown());
    this.srf.on("error", (err) => this.#options.log.debug({ err }, "link to the sip engine failed"));
    this.#open();
    try {
      await withDeadline(promise, START_LIMIT_MS, "link to the sip engine");
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  #open(): void {
    const { engine } = this.#options;
    if (isLocal(engine)) {
      this.#server = createServer();
      this.srf.listen({ server: this.#server, secret: engine.secret });
      engine.attach(this.#server, ROUTED_METHODS);
    } else {
      this.srf.connect({ ...engine, reconnect: { retryMaxDelay: RECONNECT_LIMIT_MS } });
    }
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#server?.close(); // so that a local engine does not connect again
    disconnectNativeSrf(this.srf);
    this.#goDown();
    this.#events.removeAllListeners();
    return Promise.resolve();
  }

  #goUp(hostPorts: string | undefined): void {
    if (this.#state === "up" || this.#stopped) {
      return;
    }
    this.#state = "up";
    sendWithoutDelay(this.srf);
    this.#options.log.info({ engine: hostPorts }, "link to the sip engine is up");
    this.#events.emit("up");
  }

  #goDown(): void {
    if (this.#state === "down") {
      return;
    }
    this.#state = "down";
    if (!this.#stopped) {
      this.#options.log.error("link to the sip engine is down");
    }
    this.#events.emit("down"); // first, so that whole calls end before their requests fail one by one
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const settle of pending) {
      settle();
    }
  }
}
