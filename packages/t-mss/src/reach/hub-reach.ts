import type { CallControl } from "@mss/call-control";
import { branchLabel } from "@mss/call-control/node";
import type { BranchId, BranchReach, CallRecord, HubId, HubSettings, ReachStore, TransportAddress } from "@mss/model";
import { steadyNowMs } from "@mss/runtime";
import type { Logger, Part, WorkerGroup } from "@mss/runtime";
import type { RoutingPlan } from "../routing-plan.ts";
import type { TrunkLocations } from "../trunk-locations.ts";
import { BranchWatch } from "./branch-watch.ts";
import type { BranchWatchTiming } from "./branch-watch.ts";
import { ReachShare } from "./reach-share.ts";
import { sharedView } from "./shared-view.ts";

export interface HubReachOptions {
  readonly hub: HubId;
  readonly settings: () => HubSettings;
  readonly store: ReachStore;
  readonly plan: () => RoutingPlan | undefined;
  readonly locations: Pick<TrunkLocations, "newestHere">;
  /** The other processes of this hub; absent: there are none. */
  readonly group?: WorkerGroup | undefined;
  readonly control: () => Pick<CallControl, "request" | "endCalls">;
  readonly log: Logger;
  readonly timing?: Partial<BranchWatchTiming> | undefined;
}

/** What a call's plan asks of it. */
export interface ReachAdvice {
  /** Other hubs that reach a branch which this one does not. Empty: there is nothing better than to try it here. */
  elsewhere(branch: BranchId): readonly HubId[];
  /** The branch may be lost here, and another hub reaches it: it is not worth waiting for long. */
  isBetterElsewhere(branch: BranchId): boolean;
}

/** Each round; a calling branch brings 20 calls a second back by another hub. */
const MOVED_AT_ONCE = 50;

/** Which branches this hub reaches and which the others do, and what follows from it for calls. */
export class HubReach implements Part, ReachAdvice {
  readonly #options: HubReachOptions;
  readonly #watch: BranchWatch;
  readonly #share: ReachShare;

  constructor(options: HubReachOptions) {
    const { hub, settings, locations, control, store, plan, log, timing } = options;
    this.#options = options;
    this.#watch = new BranchWatch({
      settings,
      addressOf: (branch) => locations.newestHere(branch, steadyNowMs())?.source,
      request: (request) => control().request(request),
      onChange: (branch) => this.#onChange(branch),
      log,
      timing,
    });
    this.#share = new ReachShare({
      store,
      hub,
      hubs: () => plan()?.hubs ?? [],
      view: sharedView(options.group, () => this.#watch.view),
      onRead: () => this.#moveCalls(),
      log,
    });
  }

  async start(): Promise<void> {
    await this.#share.start();
    await this.#watch.start();
  }

  async stop(): Promise<void> {
    await this.#watch.stop();
    await this.#share.stop();
  }

  elsewhere(branch: BranchId): readonly HubId[] {
    return this.#watch.isDown(branch) ? this.#share.reachedBy(branch) : [];
  }

  isBetterElsewhere(branch: BranchId): boolean {
    return this.#watch.isDoubtful(branch) && this.#share.reachedBy(branch).length > 0;
  }

  isDown(branch: BranchId): boolean {
    return this.#watch.isDown(branch);
  }

  /** For those who look: what this hub knows itself, and which others reach the branch. */
  reachOf(branch: BranchId): { readonly here?: BranchReach; readonly others: readonly HubId[] } {
    const here = this.#watch.reachOf(branch);
    return { ...(here === undefined ? {} : { here }), others: this.#share.reachedBy(branch) };
  }

  registered(branch: BranchId): void {
    this.#watch.registered(branch);
  }

  heardFrom(address: TransportAddress): void {
    this.#watch.heardFrom(address);
  }

  /** A call is over: it may tell of a branch that did not answer. */
  recorded({ code, target, tried = [] }: CallRecord): void {
    const silent = [...tried, { route: target, code }].filter((way) => way.code === "TARGET_SILENT");
    for (const branch of this.#options.settings().trunks.keys()) {
      if (silent.some(({ route }) => route === branchLabel(branch))) {
        this.#watch.wasSilent(branch);
      }
    }
  }

  #onChange(branch: BranchId): void {
    this.#share.changed();
    if (this.#watch.isDown(branch)) {
      this.#moveCalls();
    }
  }

  /**
   * Calls to a branch that is lost here end here, with a cause by which the calling branch does not hang up but brings them by another
   * hub (`PEER_AWAY`). Only when there is one that reaches the branch.
   */
  #moveCalls(): void {
    const lost = this.#watch.view.filter(({ branch }) => this.elsewhere(branch).length > 0);
    if (lost.length === 0) {
      return;
    }
    const labels = new Set(lost.map(({ branch }) => branchLabel(branch)));
    const isLost = (target: string | undefined): boolean => target !== undefined && labels.has(target);
    const moved = this.#options
      .control()
      .endCalls(({ target, state }) => state === "answered" && isLost(target), "PEER_AWAY", MOVED_AT_ONCE);
    if (moved > 0) {
      this.#options.log.info(
        { branches: [...labels], calls: moved },
        "calls go on by another hub that reaches their branch",
      );
    }
  }
}
