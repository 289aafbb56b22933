import { supersedes } from "@mss/model";
import type {
  BranchId,
  BranchPartBody,
  CopyStore,
  PartTexts,
  RevisionHeader,
  SealedRevision,
  Snapshot,
  TopologyStore,
} from "@mss/model";
import { hasCode, retry } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";
import { beginTrust, diffSnapshots, handTrustOn, openRevision } from "@mss/topology";
import type { Trust } from "@mss/topology";
import { HubError } from "./errors.ts";
import { lineageOf } from "./lineage.ts";
import { PlanCopy } from "./plan-copy.ts";
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
  readonly log: Logger;
  readonly onPlan?: (plan: RoutingPlan) => void;
}

/** Revision of a plan that comes from the hub's own file and is in no store yet. */
const FILE_REVISION = 0;
const RETRY = { retries: Infinity, minDelayMs: 500, maxDelayMs: 1_000 };

/** Where the plan in force came from. */
export type PlanSource = "file" | "copy" | "store";

interface InForce {
  readonly source: PlanSource;
  readonly plan: RoutingPlan;
  readonly snapshot: Snapshot;
  /** Absent for the plan of the hub's own file. */
  readonly sealed?: SealedRevision;
}

/** What keeps a hub from routing by what the store has. */
export interface RefusedPlan {
  readonly revision: number;
  readonly reason: string;
}

/**
 * Keeps the plan in force: from the copy on the hub's disk, else from its file, at once; then from the topology store as
 * it changes. While the store is away the last plan stays, and a store that lost it gets it back. A revision never goes
 * backwards, and one that cannot be used is left out.
 */
export class PlanFeed implements Part {
  readonly #options: PlanFeedOptions;
  readonly #keeper: StoreKeeper;
  readonly #stopping = new AbortController();
  #inForce: InForce | undefined;
  #trust: Trust;
  /** What the store was last seen to have. */
  #seen: { readonly current: SealedRevision | undefined } | undefined;
  #refused: RefusedPlan | undefined;
  readonly #copy: PlanCopy;
  #connected: Promise<(() => Promise<void>) | undefined> = Promise.resolve(undefined);

  constructor(options: PlanFeedOptions) {
    this.#options = options;
    this.#trust = beginTrust(options.signingKeys ?? []);
    const { copy, federation, log } = options;
    this.#copy = new PlanCopy({ federation, log, ...(copy && { store: copy }) });
    this.#keeper = new StoreKeeper({ settle: (current) => this.#settle(current), log: options.log });
  }

  get plan(): RoutingPlan | undefined {
    return this.#inForce?.plan;
  }

  /** Branches whose trunk leads to that hub, by the plan in force. */
  branchesAt(hub: string): readonly BranchId[] {
    const branches = this.#inForce?.snapshot.branches ?? [];
    return branches.filter(({ hubs }) => hubs === undefined || hubs.some((id) => id === hub)).map(({ id }) => id);
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
  get parts(): { readonly revision: number; readonly parts: Readonly<Record<string, PartTexts>> } | undefined {
    const { sealed } = this.#inForce ?? {};
    return sealed && { revision: sealed.header.revision, parts: sealed.texts.parts ?? {} };
  }

  get source(): PlanSource | undefined {
    return this.#inForce?.source;
  }

  /** What the store has and this hub does not route by; undefined when all is well. */
  get refused(): RefusedPlan | undefined {
    return this.#refused;
  }

  /** Why the plan in force is not on the hub's disk, in words. */
  get copyProblem(): string | undefined {
    return this.#copy.problem;
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
      this.#use({ revision: sealed.header.revision, snapshot: kept, sealed, source: "copy" });
      this.#trust = trust;
    }
    if (this.#inForce === undefined && snapshot !== undefined) {
      this.#use({ revision: FILE_REVISION, snapshot, source: "file" });
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
    const own = this.#inForce?.sealed;
    if (current !== undefined && supersedes(current.header, own?.header)) {
      await this.#accept(current);
      return;
    }
    this.#refused = undefined;
    if (own !== undefined && !isSame(current, own)) {
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
      const seeded = await seedTopology({ store, snapshot, parts, hub, log });
      if (seeded !== undefined) {
        await this.#accept(seeded);
      }
    }
  }

  async #accept(sealed: SealedRevision): Promise<void> {
    const { federation } = this.#options;
    const { revision } = sealed.header;
    const opened = openRevision(sealed, { federation, trustedKeys: this.#trust.keys });
    if (opened.kind === "refused") {
      this.#refuse(revision, opened.reason);
      return;
    }
    const { snapshot } = opened.revision;
    const loss = sealed.header.forced === true ? undefined : await this.#lossOf(sealed, snapshot);
    if (loss !== undefined) {
      this.#refuse(revision, loss);
      return;
    }
    if (this.#use({ revision, snapshot, sealed, source: "store" })) {
      this.#trust = handTrustOn(this.#trust, sealed.header);
      this.#copy.save(sealed, this.#trust);
    }
  }

  /** What would be lost that nobody has said is meant. */
  async #lossOf(sealed: SealedRevision, snapshot: Snapshot): Promise<string | undefined> {
    const own = this.#inForce;
    if (own?.sealed === undefined) {
      return undefined;
    }
    if (takesMuch(own.snapshot, snapshot)) {
      return "it takes many numbers away without force";
    }
    const { revision } = own.sealed.header;
    const isLater = sealed.header.revision > revision;
    return isLater && (await lineageOf(sealed, own.sealed, this.#options.store)) === "forks"
      ? `it was not made from revision ${revision}, which is in force here, and lacks what that changed: publish it again with force`
      : undefined;
  }

  #use(next: Omit<InForce, "plan"> & { readonly revision: number }): boolean {
    const { revision, snapshot, sealed, source } = next;
    let plan: RoutingPlan;
    try {
      plan = compileRoutingPlan(next);
    } catch (error) {
      this.#refuse(revision, "it makes no dial plan", error);
      return false;
    }
    this.#inForce = { plan, snapshot, source, ...(sealed === undefined ? {} : { sealed }) };
    this.#refused = undefined;
    const { log, onPlan } = this.#options;
    log.info({ revision, hash: snapshot.hash, source, ...authorOf(sealed?.header) }, "dial plan in force");
    onPlan?.(plan);
    return true;
  }

  #refuse(revision: number, reason: string, cause?: unknown): void {
    const refused = new HubError("PLAN_REFUSED", { revision, reason }, { cause });
    this.#refused = { revision, reason };
    this.#options.log.error({ err: refused, code: refused.code, revision }, "topology is left out");
  }
}

function isSame(current: SealedRevision | undefined, own: SealedRevision): boolean {
  return current?.header.revision === own.header.revision && current.header.hash === own.header.hash;
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
