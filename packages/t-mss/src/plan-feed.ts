import { supersedes } from "@mss/model";
import type { BranchId, BranchPartBody, CopyStore, SealedRevision, Snapshot, TopologyStore } from "@mss/model";
import { retry } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";
import { beginTrust, handTrustOn } from "@mss/topology";
import type { Trust } from "@mss/topology";
import type { CompilePlan } from "./compile/compile-plan.ts";
import type { PreparedPlan } from "./compile/prepare-plan.ts";
import { HubError } from "./errors.ts";
import { lineageOf } from "./lineage.ts";
import { PlanCopy } from "./plan-copy.ts";
import { PlanInForce } from "./plan-in-force.ts";
import type { PlanSource, RefusedPlan } from "./plan-in-force.ts";
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
  /** What each branch gets of that snapshot, when it is published. */
  readonly parts?: readonly BranchPartBody[];
  /** Keys of the hub's own file that may sign; none: signatures are not asked for. */
  readonly signingKeys?: readonly string[];
  /** The hub's own disk; absent: nothing is kept. */
  readonly copy?: CopyStore;
  /** Makes plans of revisions. */
  readonly compile: CompilePlan;
  readonly log: Logger;
  readonly onPlan?: (plan: RoutingPlan) => void;
}

/** Revision of a plan that comes from the hub's own file and is in no store yet. */
const FILE_REVISION = 0;
const RETRY = { retries: Infinity, minDelayMs: 500, maxDelayMs: 1_000 };

/**
 * Keeps the plan in force: from the copy on the hub's disk, else from its file, at once; then from the topology store as
 * it changes. While the store is away the last plan stays, and a store that lost it gets it back. A revision never goes
 * backwards, and one that cannot be used is left out.
 */
export class PlanFeed implements Part {
  readonly #options: PlanFeedOptions;
  readonly #keeper: StoreKeeper;
  readonly #stopping = new AbortController();
  readonly #inForce: PlanInForce;
  #trust: Trust;
  /** What the store was last seen to have. */
  #seen: { readonly current: SealedRevision | undefined } | undefined;
  #givenBack = 0;
  readonly #copy: PlanCopy;
  #connected: Promise<(() => Promise<void>) | undefined> = Promise.resolve(undefined);

  constructor(options: PlanFeedOptions) {
    this.#options = options;
    this.#trust = beginTrust(options.signingKeys ?? []);
    this.#inForce = new PlanInForce(options);
    const { copy, federation, log } = options;
    this.#copy = new PlanCopy({ federation, log, ...(copy && { store: copy }) });
    this.#keeper = new StoreKeeper({ settle: (current) => this.#settle(current), log: options.log });
  }

  get plan(): RoutingPlan | undefined {
    return this.#inForce.plan;
  }

  /** Branches whose trunk leads to that hub, by the plan in force. */
  branchesAt(hub: string): readonly BranchId[] {
    return this.#inForce.branchesAt(hub);
  }

  /** The hub's file names these keys now. What the store has is looked at again if they are others than before. */
  trustFile(signingKeys: readonly string[]): void {
    const before = this.#trust;
    this.#trust = beginTrust(signingKeys, before);
    if (this.#trust !== before && this.#seen !== undefined) {
      this.#keeper.saw(this.#seen.current);
    }
  }

  /** What the branches get of the revision in force; undefined while that is the hub's own file. */
  get parts(): PlanInForce["parts"] {
    return this.#inForce.parts;
  }

  /** The text of the snapshot in force, with its revision. */
  get snapshotInForce(): PlanInForce["snapshotText"] {
    return this.#inForce.snapshotText;
  }

  get source(): PlanSource | undefined {
    return this.#inForce.source;
  }

  /** What the store has and this hub does not route by; undefined when all is well. */
  get refused(): RefusedPlan | undefined {
    return this.#inForce.refused;
  }

  /** How often a store that had lost the plan in force got it again from here. */
  get givenBack(): number {
    return this.#givenBack;
  }

  /** Why the plan in force is not on the hub's disk, in words. */
  get copyProblem(): string | undefined {
    return this.#copy.problem;
  }

  /** Resolves when the plan in force is on the hub's disk, or could not be put there. */
  copied(): Promise<void> {
    return this.#copy.settled();
  }

  /** Resolves after the first attempt on the store, whichever way it came out. */
  async start(): Promise<void> {
    await this.#useWhatIsHere();
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
    await this.#copy.settled();
  }

  async #useWhatIsHere(): Promise<void> {
    const { snapshot, signingKeys } = this.#options;
    const copied = await this.#copy.load(signingKeys ?? []);
    if (copied !== undefined) {
      const { sealed, snapshot: kept, trust } = copied;
      this.#inForce.putHere({ revision: sealed.header.revision, snapshot: kept, sealed, source: "copy" });
      this.#trust = trust;
    }
    if (this.plan === undefined && snapshot !== undefined) {
      this.#inForce.putHere({ revision: FILE_REVISION, snapshot, source: "file" });
    }
  }

  async #connect(): Promise<() => Promise<void>> {
    const unwatch = await this.#options.store.watch((current) => {
      this.#seen = { current };
      this.#keeper.saw(current);
    });
    await this.#keeper.settled();
    return unwatch;
  }

  /** Brings hub and store together: whoever has the higher revision gives it to the other. */
  async #settle(current: SealedRevision | undefined): Promise<void> {
    const { store, snapshot, parts = [], hub, log } = this.#options;
    const own = this.#inForce.sealed;
    if (current !== undefined && supersedes(current.header, own?.header)) {
      await this.#accept(current);
      return;
    }
    this.#inForce.agree();
    if (own !== undefined && !isSame(current, own)) {
      const outcome = await store.restore(own);
      const isRestored = outcome.kind === "restored";
      this.#givenBack += isRestored ? 1 : 0;
      const fields = { revision: own.header.revision, found: current?.header.revision ?? 0 };
      log.warn(fields, isRestored ? "topology given back to a store that lost it" : "store has moved on");
      return;
    }
    if (current === undefined && snapshot !== undefined && this.#trust.keys.length > 0) {
      const advice = "publish it, signed: mss topology apply --key FILE";
      log.warn({ advice }, "the topology store is empty, and a hub has no key to sign its own file with");
      return;
    }
    if (current === undefined && snapshot !== undefined) {
      const seeded = await seedTopology({ store, snapshot, parts, hub, log });
      if (seeded !== undefined) {
        await this.#accept(seeded);
      }
    }
  }

  async #accept(sealed: SealedRevision): Promise<void> {
    const { revision } = sealed.header;
    const trust = this.#trust;
    const prepared = await this.#prepare(sealed);
    if (prepared.kind === "refused") {
      this.#inForce.refuse(
        revision,
        prepared.reason,
        prepared.details && new HubError("PLAN_REFUSED", prepared.details),
      );
      return;
    }
    if (sealed.header.forced !== true && (await this.#forks(sealed))) {
      const own = this.#inForce.sealed?.header.revision;
      const reason = `it was not made from revision ${own}, which is in force here, and lacks what that changed`;
      this.#inForce.refuse(revision, `${reason}: publish it again with force`);
      return;
    }
    if (this.#trust !== trust) {
      return; // the file names other keys since then, and what the store has is looked at again
    }
    const { outline, owners } = prepared;
    const plan = compileRoutingPlan({ revision, snapshot: outline, owners });
    this.#inForce.put({ plan, outline, sealed, source: "store" });
    this.#trust = handTrustOn(this.#trust, sealed.header);
    this.#copy.save(sealed, this.#trust);
  }

  /** What cannot be compiled, whatever the reason, is left out. Rejects in a stop. */
  async #prepare(candidate: SealedRevision): Promise<PreparedPlan> {
    const { federation, compile } = this.#options;
    const mayTake = candidate.header.forced === true || this.#inForce.sealed === undefined;
    const owners = mayTake ? undefined : this.plan?.owners;
    const { signal } = this.#stopping;
    const task = { candidate, federation, trustedKeys: this.#trust.keys, ...(owners && { owners }) };
    const again = { retries: 1, minDelayMs: RETRY.minDelayMs, maxDelayMs: RETRY.maxDelayMs, signal };
    try {
      return await retry(() => compile(task, signal), again);
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : "unknown";
      return { kind: "refused", reason: `it could not be compiled here: ${why}` };
    }
  }

  /** Whether it was provably made without the revision in force here. */
  async #forks(sealed: SealedRevision): Promise<boolean> {
    const own = this.#inForce.sealed;
    const isLater = own !== undefined && sealed.header.revision > own.header.revision;
    return isLater && (await lineageOf(sealed, own, this.#options.store)) === "forks";
  }
}

function isSame(current: SealedRevision | undefined, own: SealedRevision): boolean {
  return current?.header.revision === own.header.revision && current.header.hash === own.header.hash;
}
