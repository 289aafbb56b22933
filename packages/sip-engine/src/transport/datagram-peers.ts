import type { HostPort } from "./types.ts";

const PEERS_LIMIT = 50_000;

/** Peers that are reached over UDP alone, each for as long as it has said. */
export class DatagramPeers {
  readonly #untilMs = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add(peer: HostPort, seconds: number): void {
    const key = keyOf(peer);
    this.#untilMs.delete(key);
    const oldest = this.#untilMs.size >= PEERS_LIMIT ? this.#untilMs.keys().next().value : undefined;
    if (oldest !== undefined) {
      this.#untilMs.delete(oldest);
    }
    if (seconds > 0) {
      this.#untilMs.set(key, this.#now() + seconds * 1000);
    }
  }

  has(peer: HostPort): boolean {
    return (this.#untilMs.get(keyOf(peer)) ?? 0) > this.#now();
  }
}

function keyOf({ host, port }: HostPort): string {
  return `${host} ${port}`;
}
