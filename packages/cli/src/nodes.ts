import { startBranch } from "@mss/l-mss";
import type { RunningBranch } from "@mss/l-mss";
import type { BranchSettings, CallRecord, HubSettings, Snapshot } from "@mss/model";
import type { Logger } from "@mss/runtime";
import { startHub } from "@mss/t-mss";
import type { RunningHub } from "@mss/t-mss";
import type { Config } from "./config.ts";

/** The settings of the nodes that one process is to run. */
export interface NodeSet {
  readonly hubs: readonly HubSettings[];
  readonly branches: readonly BranchSettings[];
  readonly snapshot: Snapshot;
}

export interface RunningNodes {
  readonly hubs: readonly RunningHub[];
  readonly branches: readonly RunningBranch[];
  /** No new calls; waits for the present ones up to the limit, then stops every node. Branches first: their hubs answer them until the end. */
  drainAndStop(drainLimitMs: number): Promise<void>;
  /** Looks for new certificates of every node. Never rejects. */
  reloadCertificates(): Promise<void>;
}

export interface StartNodesOptions {
  readonly config: Config;
  readonly log: (node: string, settings: HubSettings | BranchSettings) => Logger;
  /** Told each call record once, beside the store. */
  readonly onRecord?: (record: CallRecord) => void;
}

/** Starts hubs, then branches. If one fails, those already started are stopped and the failure is thrown. */
export async function startNodes(nodes: NodeSet, options: StartNodesOptions): Promise<RunningNodes> {
  const { config, onRecord } = options;
  const hubs: RunningHub[] = [];
  const branches: RunningBranch[] = [];
  const engine =
    config.drachtio === undefined ? { kind: "embedded" as const } : { kind: "drachtio" as const, ...config.drachtio };
  const store =
    config.redisUrl === undefined ? { kind: "memory" as const } : { kind: "redis" as const, url: config.redisUrl };
  const common = { engine, ...(onRecord === undefined ? {} : { onRecord }) };

  const stopAll = async (): Promise<void> => {
    await Promise.all(branches.map((branch) => branch.stop()));
    await Promise.all(hubs.map((hub) => hub.stop()));
  };
  try {
    for (const settings of nodes.hubs) {
      const log = options.log(settings.id, settings);
      hubs.push(await startHub({ ...common, settings, store, log, snapshot: nodes.snapshot }));
    }
    for (const settings of nodes.branches) {
      branches.push(await startBranch({ ...common, settings, log: options.log(settings.id, settings) }));
    }
  } catch (error) {
    await stopAll();
    throw error;
  }
  return {
    hubs,
    branches,
    async reloadCertificates() {
      await Promise.all([...hubs, ...branches].map((node) => node.reloadCertificate()));
    },
    async drainAndStop(drainLimitMs) {
      await Promise.all([...branches, ...hubs].map((node) => node.drain(drainLimitMs)));
      await stopAll();
    },
  };
}
