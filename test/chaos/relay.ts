import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { once } from "node:events";

/** What a network does to each datagram of one direction. All absent: nothing. */
export interface Impairment {
  /** Nothing arrives. */
  readonly cut?: boolean;
  /** Part of the datagrams that is lost, 0 to 1. */
  readonly loss?: number;
  /** How often each datagram arrives; 1 when absent. */
  readonly copies?: number;
  readonly delayMs?: number;
  /** Added to the delay by chance, from 0 to this. */
  readonly jitterMs?: number;
  /** Part of the datagrams that is held back until the next one has passed, 0 to 1. */
  readonly swapped?: number;
}

export interface RelayAddress {
  readonly host: string;
  readonly port: number;
}

export interface RelayOptions {
  /** Side `a` sends here, and gets what comes from `b` from here. */
  readonly towardsA: RelayAddress;
  readonly towardsB: RelayAddress;
  readonly a: RelayAddress;
  readonly b: RelayAddress;
  /** From 0 to 1, below 1. */
  readonly random: () => number;
}

/** A UDP line between two nodes that takes each for the other. Cuts, loss and delay can be set for each direction. */
export interface Relay {
  /** Replaces what was set before. */
  impair(impairments: { readonly aToB?: Impairment; readonly bToA?: Impairment }): void;
  /** Datagrams that came in, and that went out, in both directions. */
  readonly counts: { readonly received: number; readonly sent: number };
  close(): Promise<void>;
}

/** A swapped datagram goes out after this even if none follows. */
const HELD_BACK_MS = 200;

/** Rejects when an address cannot be bound. */
export async function startRelay({ towardsA, towardsB, a, b, random }: RelayOptions): Promise<Relay> {
  const [socketA, socketB] = [await bound(towardsA), await bound(towardsB)];
  const aToB = new Direction((datagram) => socketB.send(datagram, b.port, b.host), random);
  const bToA = new Direction((datagram) => socketA.send(datagram, a.port, a.host), random);
  socketA.on("message", (datagram) => aToB.take(datagram));
  socketB.on("message", (datagram) => bToA.take(datagram));
  return {
    impair(impairments) {
      aToB.impairment = impairments.aToB ?? {};
      bToA.impairment = impairments.bToA ?? {};
    },
    get counts() {
      return { received: aToB.received + bToA.received, sent: aToB.sent + bToA.sent };
    },
    async close() {
      aToB.close();
      bToA.close();
      await Promise.all([closed(socketA), closed(socketB)]);
    },
  };
}

class Direction {
  impairment: Impairment = {};
  received = 0;
  sent = 0;
  readonly #send: (datagram: Buffer) => void;
  readonly #random: () => number;
  readonly #waiting = new Set<NodeJS.Timeout>();
  #heldBack: { readonly datagram: Buffer; readonly timer: NodeJS.Timeout } | undefined;

  constructor(send: (datagram: Buffer) => void, random: () => number) {
    this.#send = send;
    this.#random = random;
  }

  take(datagram: Buffer): void {
    const { cut, loss = 0, copies = 1, swapped = 0 } = this.impairment;
    this.received += 1;
    if (cut === true || this.#random() < loss) {
      return;
    }
    if (this.#heldBack === undefined && this.#random() < swapped) {
      this.#heldBack = { datagram, timer: setTimeout(() => this.#release(), HELD_BACK_MS) };
      return;
    }
    for (let copy = 0; copy < copies; copy += 1) {
      this.#delay(datagram);
    }
    this.#release();
  }

  close(): void {
    for (const timer of this.#waiting) {
      clearTimeout(timer);
    }
    clearTimeout(this.#heldBack?.timer);
    this.#heldBack = undefined;
  }

  #release(): void {
    const held = this.#heldBack;
    this.#heldBack = undefined;
    if (held !== undefined) {
      clearTimeout(held.timer);
      this.#delay(held.datagram);
    }
  }

  #delay(datagram: Buffer): void {
    const { delayMs = 0, jitterMs = 0 } = this.impairment;
    const wait = delayMs + this.#random() * jitterMs;
    if (wait === 0) {
      this.#out(datagram);
      return;
    }
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      this.#out(datagram);
    }, wait);
    this.#waiting.add(timer);
  }

  #out(datagram: Buffer): void {
    this.sent += 1;
    this.#send(datagram);
  }
}

async function bound({ host, port }: RelayAddress): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(port, host);
  await once(socket, "listening");
  socket.on("error", () => {}); // a node that is down refuses datagrams; that is what is being tried
  return socket;
}

async function closed(socket: Socket): Promise<void> {
  const gone = once(socket, "close");
  socket.close();
  await gone;
}

/** The same chance in every run (Park-Miller). */
export function createChance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
