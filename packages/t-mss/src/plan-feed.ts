import { supersedes } from "@mss/model";
import type { RevisionHeader, SealedRevision, Snapshot, TopologyStore } from "@mss/model";
import { hasCode, retry } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";
import { beginTrust, diffSnapshots, handTrustOn, openRevision } from "@mss/topology";
import type { Trust } from "@mss/topology";
import { HubError } from "./errors.ts";
import { compileRoutingPlan } from "./routing-plan.ts";
import type { RoutingPlan } from "./routing-plan.ts";
import { StoreKeeper } from "./store-keeper.ts";
import { seedTopology } from "./topology-seed.ts";

export interface PlanFeedOptions {
  readonly store: TopologyStore;
  readonly federation: string;
  /** Id of this hub: author of a first revision. */
  readonly hub: string;
  /** The snapshot of the hub's own file: in force until the store has one, and published when the store has none. */
  readonly snapshot?: Snapshot;
  /** Keys of the hub's own file that may sign; none: signatures are not asked for. */
  readonly signingKeys?: readonly string[];
  readonly log: Logger;
  readonly onPlan?: (plan: RoutingPlan) => void;
}

/** Revision of a plan that comes from the hub's own file and is in no store yet. */
const FILE_REVISION = 0;
const RETRY = { retries: Infinity, minDelayMs: 500, maxDelayMs: 1_000 };

interface InForce {
  readonly plan: RoutingPlan;
  readonly snapshot: Snapshot;
  /** Absent for the plan of the hub's own file. */
  readonly sealed?: SealedRevision;
}

/**
 * Keeps the plan in force: from the hub's file at once, then from the topology store as it changes. While the store is
 * away the last plan stays, and a store that lost it gets it back. A revision never goes backwards, and one that cannot
 * be used is left out.
 */
export class PlanFeed implements Part {
  readonly #options: PlanFeedOptions;
  readonly #keeper: StoreKeeper;
  readonly #stopping = new AbortController();
  #inForce: InForce | undefined;
  #trust: Trust;
  #connected: Promise<(() => Promise<void>) | undefined> = Promise.resolve(undefined);

  constructor(options: PlanFeedOptions) {
    this.#options = options;
    this.#trust = beginTrust(options.signingKeys ?? []);
    this.#keeper = new StoreKeeper({ settle: (current) => this.#settle(current), log: options.log });
  }

  get plan(): RoutingPlan | undefined {
    return this.#inForce?.plan;
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
    await this.#keeper.stop();
  }

  async #connect(): Promise<() => Promise<void>> {
    const unwatch = await this.#options.store.watch((current) => this.#keeper.saw(current));
    await this.#keeper.settled();
    return unwatch;
  }

  /** Brings hub and store together: whoever has the higher revision gives it to the other. */
  async #settle(current: SealedRevision | undefined): Promise<void> {
    const { store, snapshot, hub, log } = this.#options;
    const own = this.#inForce?.sealed;
    if (current !== undefined && supersedes(current.header, own?.header)) {
      this.#accept(current);
      return;
    }
    if (own !== undefined && current?.header.hash !== own.header.hash) {
      const outcome = await store.restore(own);
      const fields = { revision: own.header.revision, found: current?.header.revision ?? 0 };
      log.warn(
        fields,
        outcome.kind === "restored" ? "topology given back to a store that lost it" : "store has moved on",
      );
      return;
    }
    if (current === undefined && snapshot !== undefined && this.#trust.keys.length > 0) {
      const advice = "publish it, signed: mss topology apply --key FILE";
      log.warn({ advice }, "the topology store is empty, and a hub has no key to sign its own file with");
      return;
    }
    if (current === undefined && snapshot !== undefined) {
      const seeded = await seedTopology({ store, snapshot, hub, log });
      if (seeded !== undefined) {
        this.#accept(seeded);
      }
    }
  }

  #accept(sealed: SealedRevision): void {
    const { federation } = this.#options;
    const { revision } = sealed.header;
    const opened = openRevision(sealed, { federation, trustedKeys: this.#trust.keys });
    if (opened.kind === "refused") {
      this.#refuse(revision, { reason: opened.reason });
      return;
    }
    const { snapshot } = opened.revision;
    const before = this.#inForce;
    if (before?.sealed !== undefined && sealed.header.forced !== true && takesMuch(before.snapshot, snapshot)) {
      this.#refuse(revision, { reason: "it takes many numbers away without force" });
      return;
    }
    this.#use({ revision, snapshot, sealed });
  }

  #use(next: { readonly revision: number; readonly snapshot: Snapshot; readonly sealed?: SealedRevision }): void {
    const { revision, snapshot, sealed } = next;
    let plan: RoutingPlan;
    try {
      plan = compileRoutingPlan(next);
    } catch (error) {
      this.#refuse(revision, {}, error);
      return;
    }
    this.#inForce = { plan, snapshot, ...(sealed === undefined ? {} : { sealed }) };
    this.#trust = sealed === undefined ? this.#trust : handTrustOn(this.#trust, sealed.header);
    const { log, onPlan } = this.#options;
    log.info({ revision, hash: snapshot.hash, ...authorOf(sealed?.header) }, "dial plan in force");
    onPlan?.(plan);
  }

  #refuse(revision: number, details: Readonly<Record<string, unknown>>, cause?: unknown): void {
    const refused = new HubError("PLAN_REFUSED", { revision, ...details }, { cause });
    this.#options.log.error({ err: refused, code: refused.code, revision }, "topology is left out");
  }
}

/** What does not make a plan is told of when the plan is made. */
function takesMuch(before: Snapshot, after: Snapshot): boolean {
  try {
    return diffSnapshots(before, after).needsForce !== undefined;
  } catch (error) {
    if (hasCode(error, "UNDECIDED_NUMBERS")) {
      return false;
    }
    throw error;
  }
}

function authorOf(header: RevisionHeader | undefined): { author?: string } {
  return header === undefined ? {} : { author: header.author };
}
