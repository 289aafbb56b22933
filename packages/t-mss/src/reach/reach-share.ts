import type { BranchId, BranchReach, HubId, ReachStore, ReachView } from "@mss/model";
import { Rounds, pause, withDeadline } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";

export interface ReachShareOptions {
  readonly store: ReachStore;
  readonly hub: HubId;
  /** All hubs of the federation. */
  readonly hubs: () => readonly HubId[];
  readonly view: () => readonly BranchReach[];
  /** What others say has been read again. */
  readonly onRead: () => void;
  readonly log: Logger;
  readonly roundMs?: number;
  readonly believedMs?: number;
}

const ROUND_MS = 1_000;
/** A hub that has said nothing for so long is not believed any more, be it that it is gone or that the store is. */
const BELIEVED_MS = 10_000;
/** A store that is away must not hold up a stop. */
const FAREWELL_MS = 500;

/**
 * Tells the other hubs which branches this one reaches, and remembers what they say. It is advice: with a store that is away nothing is
 * known of the others after ten seconds, and every hub goes by what it sees itself.
 */
export class ReachShare implements Part {
  readonly #options: ReachShareOptions;
  readonly #rounds: Rounds;
  readonly #others = new Map<HubId, { readonly reached: ReadonlySet<BranchId>; readonly readAt: number }>();
  #isWorking = false;

  constructor(options: ReachShareOptions) {
    const { log, roundMs = ROUND_MS } = options;
    this.#options = options;
    this.#rounds = new Rounds({
      round: (signal) => this.#round(signal, roundMs),
      onFailed: (err) => log.debug({ err }, "hubs cannot tell each other which branches they reach"),
      failurePauseMs: roundMs,
    });
  }

  async start(): Promise<void> {
    this.#rounds.start();
  }

  /** The others do not send calls here any more. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
    const { store, hub, log } = this.#options;
    await withDeadline(store.publish({ hub, branches: [] }, BELIEVED_MS), FAREWELL_MS, "publish reach").catch(
      (err: unknown) => log.debug({ err }, "other hubs are not told of the stop"),
    );
  }

  /** The view has changed. */
  changed(): void {
    if (!this.#isWorking) {
      this.#rounds.again();
    }
  }

  /** Other hubs that say they reach the branch. */
  reachedBy(branch: BranchId): readonly HubId[] {
    const oldest = performance.now() - (this.#options.believedMs ?? BELIEVED_MS);
    return [...this.#others].flatMap(([hub, { reached, readAt }]) =>
      readAt >= oldest && reached.has(branch) ? [hub] : [],
    );
  }

  async #round(signal: AbortSignal, roundMs: number): Promise<void> {
    const { store, hub, hubs, view, onRead } = this.#options;
    this.#isWorking = true;
    try {
      await store.publish({ hub, branches: view() }, BELIEVED_MS);
      const others = hubs().filter((other) => other !== hub);
      this.#remember(await store.read(others));
    } finally {
      this.#isWorking = false;
    }
    onRead();
    await pause(roundMs, signal);
  }

  #remember(views: readonly ReachView[]): void {
    this.#others.clear();
    for (const { hub, branches } of views) {
      const reached = new Set(branches.filter(({ state }) => state === "up").map(({ branch }) => branch));
      this.#others.set(hub, { reached, readAt: performance.now() });
    }
  }
}
