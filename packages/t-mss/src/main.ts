import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { CallLimits, EngineAddress } from "@mss/call-control";
import {
  NodeTls,
  callLimits,
  deferred,
  engineAccess,
  engineOptions,
  knownSources,
  takeCancels,
} from "@mss/call-control/node";
import type { DeferredPart, EngineOptionsParts, NodeWorker } from "@mss/call-control/node";
import type { BranchPartBody, CallRecord, CopyStore, HubSettings, Snapshot } from "@mss/model";
import { compose } from "@mss/runtime";
import type { Logger, NamedPart, WorkerGroup } from "@mss/runtime";
import { createEngine } from "@mss/sip-engine";
import type { Engine } from "@mss/sip-engine";
import { connectRedis, createMemoryStores, openCallJournal, openCopyFile } from "@mss/store";
import type { CallJournalFile, HubStores } from "@mss/store";
import { formerWorkers, journalFile } from "./former-workers.ts";
import { createHubNode } from "./node.ts";
import type { HubNode } from "./node.ts";
import type { BranchWatchTiming } from "./reach/branch-watch.ts";
import { trustedHosts } from "./trusted-hosts.ts";

/** What speaks SIP for the node: the engine of this repository, in this process, or a drachtio-server. */
export type EngineChoice = { readonly kind: "embedded" } | ({ readonly kind: "drachtio" } & EngineAddress);

/** Where the hubs of a federation keep what they share. In memory it is this hub's alone and gone with it. */
export type StoreChoice = { readonly kind: "memory" } | { readonly kind: "redis"; readonly url: string };

export interface StartHubOptions {
  readonly settings: HubSettings;
  readonly store: StoreChoice;
  readonly engine: EngineChoice;
  readonly log: Logger;
  /** The snapshot of the hub's own file, to be published on start; absent: the hub takes what the store has. */
  readonly snapshot?: Snapshot;
  /** What each branch gets of that snapshot, when it is published. */
  readonly parts?: readonly BranchPartBody[];
  readonly limits?: CallLimits;
  /** This process as one of several of the hub, on the embedded engine and with a shared store; absent: it is the only one. */
  readonly worker?: NodeWorker;
  readonly onRecord?: (record: CallRecord) => void;
  readonly branchFirstResponseTimeoutMs?: number;
  readonly branchWatch?: Partial<BranchWatchTiming>;
}

/** A T-MSS that is up, with everything it stands on; `stop` stops all of it. */
export interface RunningHub extends Omit<HubNode, "start" | "renewCredentials"> {
  /** Looks at the files of the certificate now, and takes new ones into use. Never rejects. */
  reloadCertificate(): Promise<void>;
}

function createStores(choice: StoreChoice, federation: string, log: Logger): HubStores {
  return choice.kind === "redis"
    ? connectRedis({ url: choice.url, federation, log, mayBeAway: true })
    : createMemoryStores({ log });
}

/** A hub whose disk fails serves calls all the same: their records are in memory then, and its health says so. */
function journalIn(directory: string, name: string, log: Logger): CallJournalFile {
  const file = openCallJournal({ file: path.join(directory, name), log });
  return {
    ...file,
    async start() {
      try {
        await mkdir(directory, { recursive: true });
        await file.start();
      } catch (error) {
        log.error({ err: error }, "journal of the calls cannot be opened");
      }
    },
  };
}

/** Which of the processes of a hub this one is. */
type Place = Pick<WorkerGroup, "worker" | "workers">;

interface Disk {
  readonly journal: CallJournalFile;
  readonly topologyCopy: CopyStore;
  /** In the order in which they start. */
  readonly parts: readonly NamedPart[];
}

/** What a hub has in its data directory; undefined without one. Each worker has a journal, the first writes the copy for all. */
function openDisk(settings: HubSettings, place: Place, { callRecords }: HubStores, log: Logger): Disk | undefined {
  const { id: hub, dataDirectory: directory } = settings;
  if (directory === undefined) {
    return undefined;
  }
  const isFirst = place.worker === 1;
  const journal = journalIn(directory, journalFile(hub, place.worker), log);
  const copy = openCopyFile(path.join(directory, `${hub}.topology`));
  const openJournal = (file: string): CallJournalFile => openCallJournal({ file, log });
  const former = formerWorkers({ directory, hub, workers: place.workers, openJournal, callRecords, log });
  return {
    journal,
    topologyCopy: isFirst ? copy : { ...copy, save: async () => undefined },
    parts: [
      { name: "journal", part: journal },
      ...(isFirst ? [{ name: "records of former workers", part: former }] : []),
    ],
  };
}

function openTls({ settings, engine }: StartHubOptions, log: Logger): Promise<NodeTls> {
  const { listen, tls, trunks, api } = settings;
  return NodeTls.open({
    listen,
    requiresCertificates: [...trunks.values()].some((trunk) => trunk.requireCertificate === true),
    isEmbedded: engine.kind === "embedded",
    servesHttps: api !== undefined,
    log,
    ...(tls && { tls }),
  });
}

type EngineParts = Pick<EngineOptionsParts, "tls" | "secret" | "calls" | "log">;

/** Undefined on a drachtio-server. */
function openEngine({ settings, engine: choice, worker }: StartHubOptions, parts: EngineParts): Engine | undefined {
  if (choice.kind !== "embedded") {
    return undefined;
  }
  const trusted = trustedHosts(settings);
  const engine = createEngine(engineOptions({ ...parts, settings, unprovenPeers: "refuse", trusted, worker }));
  if (worker !== undefined) {
    takeCancels(worker.group, engine);
  }
  return engine;
}

/**
 * Starts a T-MSS with its stores and, unless a drachtio-server is given, its engine. Rejects with the code of what
 * failed to start; nothing is left open then.
 */
export async function startHub(options: StartHubOptions): Promise<RunningHub> {
  const { settings, engine: choice, store, log: parentLog, worker, ...rest } = options;
  const log = parentLog.child({ role: "hub", node: settings.id });
  const limits: CallLimits = { ...callLimits(settings), ...options.limits };
  const tls = await openTls(options, log);
  const stores = createStores(store, settings.federation, log);
  const { topology, leases, callRecords, bindings: trunkBindings } = stores;
  const disk = openDisk(settings, worker?.group ?? { worker: 1, workers: 1 }, stores, log);
  const secret = randomBytes(16).toString("hex");
  const engine = openEngine(options, { tls, secret, calls: limits, log });
  const watch = tls.watch(engine, settings.api && { renewCredentials: (found) => node.get().renewCredentials(found) });
  const node: DeferredPart<HubNode> = deferred(() =>
    createHubNode({
      settings: { ...settings, listen: tls.listen },
      topology,
      leases,
      callRecords,
      ...(disk && { callJournal: disk.journal.journal, topologyCopy: disk.topologyCopy }),
      onStoreHealth: (listener) => stores.onHealth(listener),
      trunkBindings,
      // The workers of a hub have one name: what one of them sees is not what the hub sees, so they tell it to nobody.
      reach: (worker?.group.workers ?? 1) > 1 ? createMemoryStores().reach : stores.reach,
      storeHealth: () => stores.health(),
      storeReason: () => stores.healthReason(),
      certificate: () => tls.status(),
      ...(engine === undefined ? {} : { engineReport: () => engine.stats() }),
      ...(tls.credentials && { credentials: tls.credentials }),
      engine: engineAccess(choice, engine, secret),
      ...(worker && { group: worker.group }),
      onTrunkSource: (source, seconds) => engine?.know(source, seconds),
      log,
      ...rest,
      limits,
    }),
  );
  const parts = compose(
    [
      { name: "store", part: stores },
      ...(disk?.parts ?? []),
      ...(engine === undefined
        ? []
        : [
            {
              name: "known sources",
              part: knownSources({ engine, bindings: (nowMs) => trunkBindings.all(nowMs), log }),
            },
            { name: "sip engine", part: engine },
          ]),
      ...(watch === undefined ? [] : [{ name: "certificate watch", part: watch }]),
      { name: "node", part: node },
    ],
    { onStopFailure: (part, error) => log.error({ err: error, part }, "part failed to stop") },
  );
  await parts.start();
  return { ...node.get(), stop: () => parts.stop(), reloadCertificate: () => tls.reload() };
}
