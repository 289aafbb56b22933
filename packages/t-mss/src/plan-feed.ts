import type { Revision, Snapshot, TopologyStore } from "@mss/model";
import { retry } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";
import { HubError } from "./errors.ts";
import { compileRoutingPlan } from "./routing-plan.ts";
import type { RoutingPlan } from "./routing-plan.ts";
import { seedTopology } from "./topology-seed.ts";

export interface PlanFeedOptions {
  readonly store: TopologyStore;
  readonly federation: string;
  /** The snapshot of the hub's own file; published on start. Absent: the hub takes what the store has. */
  readonly snapshot?: Snapshot;
  readonly log: Logger;
  readonly onPlan?: (plan: RoutingPlan) => void;
}

/** Revision of a plan that comes from the hub's own file and is in no store yet. */
const FILE_REVISION = 0;
const RETRY = { retries: Infinity, minDelayMs: 500, maxDelayMs: 15_000 };

/**
 * Keeps the plan in force: from the hub's file at once, then from the topology store as it changes. While the store is
 * away the last plan stays. A revision never goes backwards, and one that does not compile is left out.
 */
export class PlanFeed implements Part {
  readonly #options: PlanFeedOptions;
  readonly #stopping = new AbortController();
  #plan: RoutingPlan | undefined;
  #connected: Promise<(() => Promise<void>) | undefined> = Promise.resolve(undefined);

  constructor(options: PlanFeedOptions) {
    this.#options = options;
  }

  get plan(): RoutingPlan | undefined {
    return this.#plan;
  }

  /** Resolves after the first attempt on the store, whichever way it came out. */
  async start(): Promise<void> {
    const { snapshot } = this.#options;
    if (snapshot !== undefined) {
      this.#use({ revision: FILE_REVISION, snapshot });
    }
    const { promise: tried, resolve } = Promise.withResolvers<void>();
    const { signal } = this.#stopping;
    this.#connected = retry(() => this.#connect(), {
      ...RETRY,
      signal,
      onFailedAttempt: (error) => {
        const cause = new HubError("TOPOLOGY_AWAY", {}, { cause: error });
        this.#options.log.warn({ err: cause, code: cause.code }, "routing by the last plan: topology store is away");
        resolve();
      },
    }).catch((error: unknown) => {
      if (!signal.aborted) {
        this.#options.log.error({ err: error }, "topology is not followed any more");
      }
      return undefined;
    });
    await Promise.race([this.#connected, tried]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const unwatch = await this.#connected;
    await unwatch?.();
  }

  async #connect(): Promise<() => Promise<void>> {
    const { store, snapshot, log } = this.#options;
    if (snapshot !== undefined) {
      await seedTopology(store, snapshot, log);
    }
    const current = await store.current();
    if (current !== undefined) {
      this.#use(current);
    }
    return store.watch((revision) => this.#use(revision));
  }

  #use(next: Pick<Revision, "revision" | "snapshot">): void {
    const { federation, log, onPlan } = this.#options;
    const { revision, snapshot } = next;
    if (this.#plan !== undefined && revision <= this.#plan.revision) {
      if (revision < this.#plan.revision) {
        log.warn({ revision, inForce: this.#plan.revision }, "older topology is left out");
      }
      return;
    }
    if (snapshot.federation !== federation) {
      log.error({ revision, code: "PLAN_REFUSED" }, "topology of another federation is left out");
      return;
    }
    try {
      this.#plan = compileRoutingPlan(next);
    } catch (error) {
      const refused = new HubError("PLAN_REFUSED", { revision }, { cause: error });
      log.error({ err: refused, code: refused.code, revision }, "topology is left out");
      return;
    }
    log.info({ revision, hash: snapshot.hash, branches: snapshot.branches.length }, "dial plan in force");
    onPlan?.(this.#plan);
  }
}
