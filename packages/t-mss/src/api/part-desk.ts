import type { BranchId, PartTexts } from "@mss/model";
import { partTag } from "@mss/topology";

/** The parts of the plan in force, as a hub hands them out. */
export interface PartsInForce {
  readonly revision: number;
  readonly parts: Readonly<Record<string, PartTexts>>;
}

export interface HeldPart {
  readonly tag: string;
  readonly texts: PartTexts;
}

interface Waiter {
  readonly branch: BranchId;
  readonly end: () => void;
}

/** Of one branch: its nodes, and one that has just lost its connection. */
const MAX_WAITERS_PER_BRANCH = 4;

/** Hands out parts, and lets those wait who have the present one already. */
export class PartDesk {
  #inForce: PartsInForce | undefined;
  readonly #waiters = new Set<Waiter>();

  /** Everybody who waits is answered. */
  put(inForce: PartsInForce | undefined): void {
    this.#inForce = inForce;
    this.release();
  }

  partOf(branch: BranchId): HeldPart | undefined {
    const inForce = this.#inForce;
    const texts = inForce !== undefined && Object.hasOwn(inForce.parts, branch) ? inForce.parts[branch] : undefined;
    return inForce === undefined || texts === undefined ? undefined : { tag: partTag(texts, inForce.revision), texts };
  }

  get isEmpty(): boolean {
    return this.#inForce === undefined;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Resolves when there is another revision, after the time, or when the signal comes. Of too many the oldest is answered. */
  async wait(branch: BranchId, limitMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter: Waiter = { branch, end: resolve };
    const timer = setTimeout(resolve, limitMs);
    signal.addEventListener("abort", waiter.end, { once: true });
    const others = [...this.#waiters].filter((other) => other.branch === branch);
    if (others.length >= MAX_WAITERS_PER_BRANCH) {
      others[0]?.end();
    }
    this.#waiters.add(waiter);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", waiter.end);
      this.#waiters.delete(waiter);
    }
  }

  /** Answers everybody who waits, as before a stop. */
  release(): void {
    for (const { end } of this.#waiters) {
      end();
    }
  }
}
