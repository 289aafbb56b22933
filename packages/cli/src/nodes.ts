import { startBranch } from "@mss/l-mss";
import type { RunningBranch } from "@mss/l-mss";
import type { BranchPartBody, BranchSettings, CallRecord, HubSettings, Snapshot } from "@mss/model";
import type { NodeWorker, RunningHub } from "@mss/t-mss";
import type { Logger } from "@mss/runtime";
import { startHub } from "@mss/t-mss";
import type { Config } from "./config.ts";

/** The settings of the nodes that one process is to run. */
export interface NodeSet {
  readonly hubs: readonly HubSettings[];
  readonly branches: readonly BranchSettings[];
  readonly snapshot: Snapshot;
  /** What each branch gets of the snapshot, where a hub publishes it. */
  readonly parts: readonly BranchPartBody[];
  /** Files of the secrets of these nodes, absolute. */
  readonly secretFiles: readonly string[];
}

export interface RunningNodes {
  readonly hubs: readonly RunningHub[];
  readonly branches: readonly RunningBranch[];
  /** No new calls; waits for the present ones up to the limit, then stops every node. Branches first: their hubs answer them until the end. */
  drainAndStop(drainLimitMs: number): Promise<void>;
  /** Goes by other settings of the same nodes; one that refuses them keeps its own, and that is logged. */
  update(nodes: NodeSet): void;
  /** Calls back when a node goes by another revision of the topology. Returns the function that takes the listener off. */
  onRevision(listener: () => void): () => void;
  /** Looks for new certificates of every node. Never rejects. */
  reloadCertificates(): Promise<void>;
}

export interface StartNodesOptions {
  readonly config: Config;
  readonly log: (node: string, settings?: HubSettings | BranchSettings) => Logger;
  /** Told each call record once, beside the store. */
  readonly onRecord?: (record: CallRecord) => void;
  /** This process as one of several of the one hub that there is. */
  readonly worker?: NodeWorker;
}

interface Updatable<Settings> {
  status(): { readonly node: string };
  update(settings: Settings): void;
}

/** Each node goes by those of the settings that are its own. */
function updateAll<Settings extends HubSettings | BranchSettings>(
  nodes: readonly Updatable<Settings>[],
  changed: readonly Settings[],
  log: StartNodesOptions["log"],
): void {
  for (const node of nodes) {
    const settings = changed.find(({ id }) => id === node.status().node);
    try {
      if (settings !== undefined) {
        node.update(settings);
      }
    } catch (error) {
      log(node.status().node, settings).error({ err: error }, "node refuses its new settings, those from before stay");
    }
  }
}

/** Starts hubs, then branches. If one fails, those already started are stopped and the failure is thrown. */
export async function startNodes(nodes: NodeSet, options: StartNodesOptions): Promise<RunningNodes> {
  const { config, onRecord, worker } = options;
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
      const { snapshot, parts } = nodes;
      hubs.push(await startHub({ ...common, settings, store, log, snapshot, parts, ...(worker && { worker }) }));
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
    update(changed) {
      updateAll(hubs, changed.hubs, options.log);
      updateAll(branches, changed.branches, options.log);
    },
    onRevision(listener) {
      const offs = [
        ...hubs.map((hub) => hub.on("plan", listener)),
        ...branches.map((branch) => branch.on("topology", listener)),
      ];
      return () => offs.forEach((off) => off());
    },
    async reloadCertificates() {
      await Promise.all([...hubs, ...branches].map((node) => node.reloadCertificate()));
    },
    async drainAndStop(drainLimitMs) {
      await Promise.all([...branches, ...hubs].map((node) => node.drain(drainLimitMs)));
      await stopAll();
    },
  };
}
