import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { CallLimits, EngineAddress } from "@mss/call-control";
import { NodeTls, callLimits, deferred, engineAccess, engineOptions, knownSources } from "@mss/call-control/node";
import type { DeferredPart } from "@mss/call-control/node";
import type { BranchPartBody, CallRecord, HubSettings, Snapshot } from "@mss/model";
import { compose } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { createEngine } from "@mss/sip-engine";
import { connectRedis, createMemoryStores, openCallJournal, openCopyFile } from "@mss/store";
import type { CallJournalFile, HubStores } from "@mss/store";
import { createHubNode } from "./node.ts";
import type { HubNode } from "./node.ts";
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
  readonly onRecord?: (record: CallRecord) => void;
  readonly branchFirstResponseTimeoutMs?: number;
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
function journalIn(directory: string, hub: string, log: Logger): CallJournalFile {
  const file = openCallJournal({ file: path.join(directory, `${hub}.sqlite`), log });
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

/**
 * Starts a T-MSS with its stores and, unless a drachtio-server is given, its engine. Rejects with the code of what
 * failed to start; nothing is left open then.
 */
export async function startHub(options: StartHubOptions): Promise<RunningHub> {
  const { settings, engine: choice, store, log: parentLog, ...rest } = options;
  const log = parentLog.child({ role: "hub", node: settings.id });
  const isEmbedded = choice.kind === "embedded";
  const limits: CallLimits = { ...callLimits(settings), ...options.limits };
  const requiresCertificates = [...settings.trunks.values()].some((trunk) => trunk.requireCertificate === true);
  const { listen, tls: tlsSettings, dataDirectory } = settings;
  const tls = await NodeTls.open({
    listen,
    requiresCertificates,
    isEmbedded,
    servesHttps: settings.api !== undefined,
    log,
    ...(tlsSettings && { tls: tlsSettings }),
  });
  const stores = createStores(store, settings.federation, log);
  const journal = dataDirectory === undefined ? undefined : journalIn(dataDirectory, settings.id, log);
  const { topology, leases, callRecords, bindings: trunkBindings } = stores;
  const secret = randomBytes(16).toString("hex");
  const engine = isEmbedded
    ? createEngine(
        engineOptions({
          settings,
          tls,
          unprovenPeers: "refuse",
          trusted: trustedHosts(settings),
          secret,
          calls: limits,
          log,
        }),
      )
    : undefined;
  const watch = tls.watch(engine, settings.api && { renewCredentials: (found) => node.get().renewCredentials(found) });
  const node: DeferredPart<HubNode> = deferred(() =>
    createHubNode({
      settings: { ...settings, listen: tls.listen },
      topology,
      leases,
      callRecords,
      ...(journal && { callJournal: journal.journal }),
      onStoreHealth: (listener) => stores.onHealth(listener),
      trunkBindings,
      ...(dataDirectory !== undefined && {
        topologyCopy: openCopyFile(path.join(dataDirectory, `${settings.id}.topology`)),
      }),
      storeHealth: () => stores.health(),
      storeReason: () => stores.healthReason(),
      certificate: () => tls.status(),
      ...(engine === undefined ? {} : { engineReport: () => engine.stats() }),
      ...(tls.credentials && { credentials: tls.credentials }),
      engine: engineAccess(choice, engine, secret),
      log,
      ...rest,
      limits,
    }),
  );
  const parts = compose(
    [
      { name: "store", part: stores },
      ...(journal === undefined ? [] : [{ name: "journal", part: journal }]),
      ...(engine === undefined
        ? []
        : [
            {
              name: "known sources",
              part: knownSources({ engine, bindings: (nowMs) => trunkBindings.all(nowMs), log }),
            },
          ]),
      ...(engine === undefined ? [] : [{ name: "sip engine", part: engine }]),
      ...(watch === undefined ? [] : [{ name: "certificate watch", part: watch }]),
      { name: "node", part: node },
    ],
    { onStopFailure: (part, error) => log.error({ err: error, part }, "part failed to stop") },
  );
  await parts.start();
  return { ...node.get(), stop: () => parts.stop(), reloadCertificate: () => tls.reload() };
}
