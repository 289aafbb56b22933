import { fieldsOf } from "@mss/runtime";
import type { WorkerGroup } from "@mss/runtime";

const TOPIC = "held slots";

/**
 * How many slots of a trunk the other processes of the node hold, while the store that counts them for all is away: each tells of its
 * own with every change. What a process that has ended held is forgotten when it has told nothing for `ttlMs`.
 */
export class HeldElsewhere {
  readonly #group: WorkerGroup;
  readonly #ttlMs: number;
  readonly #byWorker = new Map<number, { readonly counts: Readonly<Record<string, unknown>>; readonly at: number }>();

  constructor(group: WorkerGroup, ttlMs: number) {
    this.#group = group;
    this.#ttlMs = ttlMs;
    group.onTold(TOPIC, (value) => {
      const { worker, counts } = fieldsOf(value);
      this.#byWorker.set(Number(worker), { counts: fieldsOf(counts), at: performance.now() });
    });
  }

  /** All that this process holds, by key. */
  tell(counts: Readonly<Record<string, number>>): void {
    this.#group.tell(TOPIC, { worker: this.#group.worker, counts });
  }

  countOf(key: string): number {
    const since = performance.now() - this.#ttlMs;
    const counts = [...this.#byWorker.values()].filter(({ at }) => at > since).map(({ counts: each }) => each[key]);
    return counts.reduce<number>((sum, count) => sum + (typeof count === "number" ? count : 0), 0);
  }
}
