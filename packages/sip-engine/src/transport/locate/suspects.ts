import type { Target } from "../types.ts";

const SUSPECTS_LIMIT = 1_000;
const PROBE_MS = 40_000; // longer than Timer B: who waits for it to answer is the only one

type Place = Pick<Target, "transport" | "host" | "port">;

interface Suspicion {
  untilMs: number;
}

/**
 * Places that failed lately and are tried after the others. When its time is over, one request tries such a place, and all
 * others go on without it until it has answered: a dead place costs one caller its time-out, and not everybody.
 */
export class Suspects {
  readonly #byPlace = new Map<string, Suspicion>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get size(): number {
    return this.#byPlace.size;
  }

  add(place: Place, forMs: number): void {
    const key = keyOf(place);
    this.#byPlace.delete(key);
    const oldest = this.#byPlace.size >= SUSPECTS_LIMIT ? this.#byPlace.keys().next().value : undefined;
    if (oldest !== undefined) {
      this.#byPlace.delete(oldest);
    }
    this.#byPlace.set(key, { untilMs: this.#now() + forMs });
  }

  clear(place: Place): void {
    this.#byPlace.delete(keyOf(place));
  }

  /** Without the right to try it. */
  has(place: Place): boolean {
    return (this.#byPlace.get(keyOf(place))?.untilMs ?? 0) > this.#now();
  }

  /** The same places, in their order, those under suspicion last. */
  order<Item extends Place>(places: readonly Item[]): readonly Item[] {
    const isLast = new Map(places.map((place) => [place, this.#byPlace.size > 0 && this.#isAvoided(place)]));
    return places.toSorted((one, other) => Number(isLast.get(one)) - Number(isLast.get(other)));
  }

  #isAvoided(place: Place): boolean {
    const suspicion = this.#byPlace.get(keyOf(place));
    if (suspicion === undefined) {
      return false;
    }
    const nowMs = this.#now();
    if (suspicion.untilMs > nowMs) {
      return true;
    }
    suspicion.untilMs = nowMs + PROBE_MS;
    return false;
  }
}

function keyOf({ transport, host, port }: Place): string {
  return `${transport} ${host} ${port}`;
}
