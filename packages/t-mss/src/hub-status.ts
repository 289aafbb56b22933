import { steadyNowMs } from "@mss/runtime";
import type { CallControl, LinkState } from "@mss/call-control";
import { branchLabel } from "@mss/call-control/node";
import type { RecordLedger, RecordShipper } from "@mss/call-control/node";
import type { BranchId, BranchReach, HubId } from "@mss/model";
import type { PartDesk } from "./api/part-desk.ts";
import type { PlanThread } from "./compile/plan-thread.ts";
import type { HubRouting } from "./hub-routing.ts";
import type { PlanFeed } from "./plan-feed.ts";
import type { HubReach } from "./reach/hub-reach.ts";
import type { TrunkLocations } from "./trunk-locations.ts";

export interface TrunkStatus {
  readonly branch: BranchId;
  readonly state: "up" | "down";
  /** Calls of this hub that come from the branch or go to it. */
  readonly calls: number;
  /** Of all hubs together; absent: no limit. */
  readonly maxCalls?: number;
  /** Since when it is reached here, or not, and how that is known; absent where it is not registered here. */
  readonly since?: string;
  readonly by?: BranchReach["by"];
  /** Other hubs that say they reach it. */
  readonly otherHubs: readonly HubId[];
}

export interface HubStatus {
  readonly node: HubId;
  readonly engineLink: LinkState;
  readonly draining: boolean;
  readonly calls: number;
  /** The dial plan in force; absent before the first one. Revision 0 is the hub's own file, not yet in the store. */
  readonly plan?: { readonly revision: number; readonly hash: string };
  readonly trunks: readonly TrunkStatus[];
}

/** While the store is down calls go on by the plan in memory, and limits are counted by this hub alone. */
export type StoreHealth = "up" | "down";

/** What a hub is made of, for those who tell of it. */
export interface HubParts {
  readonly control: CallControl;
  readonly thread: PlanThread;
  readonly feed: PlanFeed;
  readonly locations: TrunkLocations;
  readonly reach: HubReach;
  readonly routing: HubRouting;
  readonly desk: PartDesk;
  readonly ledger: RecordLedger;
  readonly shipper: RecordShipper;
}

/** Branches that the plan leads to this hub, and whose trunk its settings do not have. */
export function missingTrunks({ feed, routing: { settings } }: HubParts): readonly BranchId[] {
  return feed.branchesAt(settings.id).filter((branch) => !settings.trunks.has(branch));
}

/** Calls of this hub that come from the branch or go to it. */
export function callsAt({ control }: Pick<HubParts, "control">, branch: BranchId): number {
  const label = branchLabel(branch);
  return control.activeCalls().filter(({ origin, target }) => origin === label || target === label).length;
}

export function trunkStatuses({ control, feed, locations, reach, routing }: HubParts): TrunkStatus[] {
  return [...routing.settings.trunks.keys()].map((branch) => {
    const maxCalls = feed.plan?.maxCalls(branch);
    const { here, others } = reach.reachOf(branch);
    return {
      branch,
      state: locations.aliveHere(branch, steadyNowMs()) > 0 && here?.state !== "down" ? "up" : "down",
      calls: callsAt({ control }, branch),
      ...(maxCalls === undefined ? {} : { maxCalls }),
      ...(here === undefined ? {} : { since: here.since, by: here.by }),
      otherHubs: others,
    };
  });
}

export function hubStatus(parts: HubParts): HubStatus {
  const { control, feed, routing } = parts;
  return {
    node: routing.settings.id,
    engineLink: control.linkState,
    draining: control.draining,
    calls: control.activeCalls().length,
    ...(feed.plan === undefined ? {} : { plan: { revision: feed.plan.revision, hash: feed.plan.hash } }),
    trunks: trunkStatuses(parts),
  };
}

/** What somebody must look at; calls go on by the plan in force. */
export function planProblem({ refused, copyProblem }: PlanFeed): string | undefined {
  if (refused !== undefined) {
    return `revision ${refused.revision} is left out: ${refused.reason}`;
  }
  return copyProblem === undefined ? undefined : `the plan in force is not on the disk: ${copyProblem}`;
}
