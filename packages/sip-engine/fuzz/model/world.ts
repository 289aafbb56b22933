import { Writable } from "node:stream";
import { createLog } from "@mss/runtime";
import { parseMessage } from "@mss/sip-message";
import { EmbeddedEngine } from "../../src/engine/embedded-engine.ts";
import { FloodGuard } from "../../src/flood/flood-guard.ts";
import { FLOOD_LIMITS } from "../../src/flood/flood-limits.ts";
import type { Fate, VirtualNetwork, VirtualTransport } from "../../src/testing/index.ts";
import { createVirtualNetwork } from "../../src/testing/index.ts";
import { createTransactionLayer } from "../../src/transaction/layer.ts";
import type { Flow, ListenAddress, TransportUser } from "../../src/transport/types.ts";
import { Application } from "./application.ts";
import { Clock } from "./clock.ts";
import { History } from "./history.ts";
import { Phone } from "./phone.ts";
import { VirtualControl } from "./virtual-control.ts";

const PHONES = 2;
/** Packet n has the fate n of the list, over and over: lost, once, twice, late. */
export type Fates = readonly Fate[];

export interface WorldOptions {
  readonly transport: "udp" | "tcp";
  /** The engine takes it for sure that every peer is where it says. */
  readonly isReachable: boolean;
}

/** Counts what is held and not let go. */
class CountingGuard extends FloodGuard {
  held = 0;
  isCertain = false;

  override isReachable(flow: Flow): boolean {
    return this.isCertain || super.isReachable(flow);
  }

  override hold(flow: Flow): () => void {
    const release = super.hold(flow);
    let isHeld = true;
    this.held += 1;
    return () => {
      this.held -= isHeld ? 1 : 0;
      isHeld = false;
      release();
    };
  }
}

/** An engine, its applications and its phones, joined in memory, in a time of their own. */
export class World {
  readonly clock = new Clock();
  readonly history: History;
  readonly network: VirtualNetwork = createVirtualNetwork();
  readonly phones: readonly Phone[];
  readonly apps: Application[] = [];
  readonly engine: EmbeddedEngine;
  readonly #control = new VirtualControl();
  readonly #sources: CountingGuard;
  readonly #transport: VirtualTransport;
  readonly #options: WorldOptions;
  #isBroken = false;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.history = new History(options.isReachable);
    const address = this.#address(1);
    const transport = this.network.createTransport([address]);
    this.#transport = transport;
    const log = createLog({ level: "error", destination: this.#errors() });
    this.#sources = new CountingGuard({ limits: FLOOD_LIMITS, trusted: ["127.0.0.0/8"], log });
    this.#sources.isCertain = options.isReachable;
    const transports = Object.assign(transport, { connectionCount: 0, renewCredentials: () => undefined });
    this.#tap(transports);
    const transactions = createTransactionLayer({ transport: transports, log, sources: this.#sources });
    const control = this.#control;
    this.engine = new EmbeddedEngine(
      { listen: [address], control: { ...control.address, secret: "model" }, log },
      { transports, transactions, sources: this.#sources, control },
    );
    this.phones = Array.from({ length: PHONES }, (_, index) => {
      const own = this.#address(2 + index);
      return new Phone(this.network.createTransport([own]), own, address);
    });
  }

  /** What the engine keeps for peers and dialogs: 0 when nothing is under way. */
  get held(): number {
    return this.#sources.held;
  }

  async start(): Promise<void> {
    await this.engine.start();
    await Promise.all(this.phones.map((phone) => phone.start()));
  }

  async stop(): Promise<void> {
    try {
      await this.engine.stop();
      await Promise.all(this.phones.map((phone) => phone.stop()));
    } finally {
      this.clock.restore();
    }
  }

  connect(acknowledges: boolean): void {
    const { id, socket } = this.#control.connect();
    this.apps.push(
      new Application({
        connection: id,
        socket,
        acknowledges,
        onFrame: (kind, frame) =>
          void this.history.crossings.push({ kind, frame, connection: id, atMs: this.clock.nowMs }),
      }),
    );
  }

  async disconnect(index: number): Promise<void> {
    const [app] = this.apps.length === 0 ? [] : this.apps.splice(index % this.apps.length, 1);
    app?.disconnect();
    await this.settle();
  }

  /** Connections keep order and lose nothing: over TCP every packet arrives at once. */
  setFates(fates: Fates): void {
    if (this.#options.transport === "udp") {
      this.network.setFate(({ number }) => fates[number % fates.length] ?? [0]);
    }
  }

  loseConnection(index: number): void {
    const phone = this.phones[index % this.phones.length];
    if (this.#options.transport === "tcp" && phone !== undefined) {
      this.#transport.loseConnection(phone.address);
    }
  }

  setBroken(isBroken: boolean): void {
    this.#isBroken = isBroken;
    this.#transport.setBroken(isBroken);
  }

  /** Until nothing happens any more without time. */
  async settle(): Promise<void> {
    let before: number;
    do {
      before = this.history.crossings.length;
      await this.network.settle();
      await this.network.settle(); // what was written to a connection is read in the next turn
    } while (this.history.crossings.length !== before);
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms, () => this.settle());
  }

  #address(last: number): ListenAddress {
    return { transport: this.#options.transport, host: `127.12.1.${last}`, port: 5060 };
  }

  #errors(): Writable {
    return new Writable({
      write: (line: Buffer, _encoding, done) => {
        this.history.errors.push(String(line));
        done();
      },
    });
  }

  /** Notes what the engine sends and what reaches it. */
  #tap(transport: VirtualTransport): void {
    const send = transport.send.bind(transport);
    const start = transport.start.bind(transport);
    transport.send = (text, target) => {
      const parsed = parseMessage(text);
      if (parsed.kind === "message") {
        this.history.crossings.push({
          kind: "out",
          message: parsed.message,
          atMs: this.clock.nowMs,
          isRefused: this.#isBroken,
        });
      }
      return send(text, target);
    };
    transport.start = (user: TransportUser) =>
      start({
        ...user,
        onMessage: (message, flow, bytes) => {
          this.history.crossings.push({ kind: "in", message, atMs: this.clock.nowMs });
          user.onMessage(message, flow, bytes);
        },
      });
  }
}
