import { createCallControl } from "@mss/call-control";
import type { ActiveCall, CallControl, CallLimits, EngineAddress, LinkState, LocalEngine } from "@mss/call-control";
import { RecordLedger, RecordShipper, branchLabel, createNodeHttp, loneHandlers } from "@mss/call-control/node";
import type { CertificateStatus, EngineReport, NodeHttp } from "@mss/call-control/node";
import type { TlsCredentials } from "@mss/certificates";
import type {
  BindingStore,
  BranchId,
  BranchPartBody,
  CallJournal,
  CallRecord,
  CallRecordStore,
  CopyStore,
  HubId,
  HubSettings,
  LeaseStore,
  Snapshot,
  TopologyStore,
} from "@mss/model";
import { TypedEmitter, compose } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";
import { createApiServer } from "./api/api-server.ts";
import type { ApiServer } from "./api/api-server.ts";
import { PartDesk } from "./api/part-desk.ts";
import { HubRouting } from "./hub-routing.ts";
import { PlanFeed } from "./plan-feed.ts";
import { TrunkLocations } from "./trunk-locations.ts";

export interface HubNodeOptions {
  readonly settings: HubSettings;
  readonly topology: TopologyStore;
  readonly leases: LeaseStore;
  readonly callRecords: CallRecordStore;
  /** Calls of this hub on its own disk, until the shared store has them; absent: in memory. */
  readonly callJournal?: CallJournal;
  /** Calls back when the shared store answers again, or does not. */
  readonly onStoreHealth?: (listener: (health: StoreHealth) => void) => void;
  readonly trunkBindings: BindingStore;
  /** The topology on the hub's own disk; absent: none is kept. */
  readonly topologyCopy?: CopyStore;
  /** Whether the shared store answers; for `/health` and the metrics. Up when absent. */
  readonly storeHealth?: () => StoreHealth;
  /** Why it is down, as a code; for `/health`. */
  readonly storeReason?: () => string | undefined;
  /** When the hub's certificate expires; for `/health` and the metrics. No TLS when absent. */
  readonly certificate?: () => CertificateStatus | undefined;
  /** What the embedded engine counts; absent with a drachtio-server. */
  readonly engineReport?: () => EngineReport;
  /** The hub's certificate, for `settings.api`. */
  readonly credentials?: TlsCredentials;
  /** Where the drachtio wire protocol is spoken. */
  readonly engine: EngineAddress | LocalEngine;
  readonly log: Logger;
  /** The snapshot of the hub's own file, to be published on start; absent: the hub takes what the store has. */
  readonly snapshot?: Snapshot;
  /** What each branch gets of that snapshot, when it is published. */
  readonly parts?: readonly BranchPartBody[];
  readonly limits?: CallLimits;
  /** Told each call record once, beside the store. */
  readonly onRecord?: (record: CallRecord) => void;
  /** A branch that says nothing for so long is taken for away. 2,000 ms when absent. */
  readonly branchFirstResponseTimeoutMs?: number;
}

export interface TrunkStatus {
  readonly branch: BranchId;
  readonly state: "up" | "down";
  /** Calls of this hub that come from the branch or go to it. */
  readonly calls: number;
  /** Of all hubs together; absent: no limit. */
  readonly maxCalls?: number;
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

/** A T-MSS: the trunk registrar and call control of one hub. */
export interface HubNode extends Part {
  status(): HubStatus;
  activeCalls(): readonly ActiveCall[];
  /** Takes no new calls (503 with Retry-After) and waits for the others up to `limitMs`, then ends them. */
  drain(limitMs: number): Promise<void>;
  /** `trunk`: a branch registered its trunk. `plan`: another dial plan is in force. Returns the function that takes the listener off. */
  on<Name extends keyof HubEvents>(event: Name, listener: (...args: HubEvents[Name]) => void): () => void;
  /**
   * Goes by other secrets, trunks and keys from now on; calls and registrations stay. What it listens on, `http`, `api`, TLS
   * and limits change with a restart only.
   */
  update(settings: HubSettings): void;
  /** A new certificate for `settings.api`; connections stay. */
  renewCredentials(credentials: TlsCredentials): void;
}

const BRANCH_FIRST_RESPONSE_TIMEOUT_MS = 2_000;

type HubEvents = { trunk: [branch: BranchId]; plan: [revision: number] };

interface HubParts {
  readonly control: CallControl;
  readonly feed: PlanFeed;
  readonly locations: TrunkLocations;
  readonly routing: HubRouting;
  readonly desk: PartDesk;
  readonly ledger: RecordLedger;
  readonly shipper: RecordShipper;
}

/** Branches that the plan leads to this hub, and whose trunk its settings do not have. */
function missingTrunks({ feed, routing: { settings } }: HubParts): readonly BranchId[] {
  return feed.branchesAt(settings.id).filter((branch) => !settings.trunks.has(branch));
}

function trunkStatuses({ control, feed, locations, routing }: HubParts): TrunkStatus[] {
  const calls = control.activeCalls();
  return [...routing.settings.trunks.keys()].map((branch) => {
    const label = branchLabel(branch);
    const maxCalls = feed.plan?.maxCalls(branch);
    return {
      branch,
      state: locations.aliveHere(branch, Date.now()) > 0 ? "up" : "down",
      calls: calls.filter(({ origin, target }) => origin === label || target === label).length,
      ...(maxCalls === undefined ? {} : { maxCalls }),
    };
  });
}

function hubStatus(parts: HubParts): HubStatus {
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
function planProblem({ refused, copyProblem }: PlanFeed): string | undefined {
  if (refused !== undefined) {
    return `revision ${refused.revision} is left out: ${refused.reason}`;
  }
  return copyProblem === undefined ? undefined : `the plan in force is not on the disk: ${copyProblem}`;
}

/** Health, metrics and views, when the settings ask for them. */
function createHttp(options: HubNodeOptions, parts: HubParts): NodeHttp | undefined {
  const { settings, log } = options;
  if (settings.http === undefined) {
    return undefined;
  }
  const storeHealth = (): StoreHealth => options.storeHealth?.() ?? "up";
  const trunksUp = () => trunkStatuses(parts).filter(({ state }) => state === "up").length;
  return createNodeHttp({
    node: settings.id,
    role: "hub",
    listen: settings.http,
    control: parts.control,
    log: log.child({ mod: "http" }),
    ...(options.certificate === undefined ? {} : { certificate: options.certificate }),
    ...(options.engineReport === undefined ? {} : { engineReport: options.engineReport }),
    records: () => parts.shipper.status(),
    health: () => ({
      store: storeHealth(),
      storeReason: options.storeReason?.(),
      degraded:
        storeHealth() === "down" ||
        planProblem(parts.feed) !== undefined ||
        parts.shipper.status().diskProblem !== undefined,
      planProblem: planProblem(parts.feed),
      planSource: parts.feed.source,
      planGivenBack: parts.feed.givenBack,
      branchesWithoutTrunk: missingTrunks(parts),
      planRevision: parts.feed.plan?.revision,
      trunksUp: trunksUp(),
    }),
    views: { "/trunks": () => trunkStatuses(parts) },
    gauges: [
      { name: "mss_store_up", help: "1 while the shared store answers", value: () => Number(storeHealth() === "up") },
      { name: "mss_trunks_up", help: "Branches whose trunk is registered", value: trunksUp },
      {
        name: "mss_plan_refused",
        help: "1 while the shared store has a revision that this hub does not route by",
        value: () => Number(parts.feed.refused !== undefined),
      },
      {
        name: "mss_plan_given_back",
        help: "How often a shared store that had lost the plan in force got it again from this hub",
        value: () => parts.feed.givenBack,
      },
      {
        name: "mss_branches_waiting_for_topology",
        help: "Requests of branches that are held until there is a new topology",
        value: () => parts.desk.waiting,
      },
      {
        name: "mss_plan_revision",
        help: "Revision of the dial plan in force",
        value: () => parts.feed.plan?.revision ?? 0,
      },
    ],
  });
}

/** The hub's own records: in its journal until they are in the shared store, as those of the branches. */
function createRecords({ callJournal, callRecords, onStoreHealth, log: parentLog }: HubNodeOptions) {
  const log = parentLog.child({ mod: "records" });
  const ledger = new RecordLedger({ ...(callJournal && { journal: callJournal }), log });
  const shipper = new RecordShipper({
    ledger,
    send: async (records) => ({ store: (await callRecords.insert(records)).store, refused: [] }),
    hasDestination: () => true,
    log,
  });
  onStoreHealth?.((health) => {
    if (health === "up") {
      shipper.retryNow();
    }
  });
  return { ledger, shipper };
}

/** HTTPS for the branches, when the settings ask for it; without a certificate the hub does not start that far. */
function createApi(options: HubNodeOptions, routing: HubRouting, desk: PartDesk): ApiServer | undefined {
  const { settings, credentials, log } = options;
  return settings.api === undefined || credentials === undefined
    ? undefined
    : createApiServer({
        listen: settings.api,
        credentials,
        settings: () => routing.settings,
        desk,
        records: options.callRecords,
        log: log.child({ mod: "api" }),
      });
}

function warnOf(branches: readonly BranchId[], log: Logger): void {
  if (branches.length > 0) {
    const advice = "add them to the topology file of this hub, with their secrets, and send it SIGHUP";
    log.warn({ branches, advice }, "branches of the plan have no trunk here");
  }
}

interface LifecycleParts {
  readonly http: NodeHttp | undefined;
  readonly api: ApiServer | undefined;
  readonly log: Logger;
}

/** Records are written and sent when no call is left to make one. */
function lifecycleOf(parts: HubParts, { http, api, log }: LifecycleParts): Part {
  return compose(
    [
      { name: "call records", part: parts.ledger },
      { name: "plan feed", part: parts.feed },
      { name: "sending of call records", part: parts.shipper },
      { name: "call control", part: parts.control },
      ...(http === undefined ? [] : [{ name: "http", part: http.server }]),
      ...(api === undefined ? [] : [{ name: "https for branches", part: api }]),
    ],
    { onStopFailure: (part, error) => log.error({ err: error, part }, "part failed to stop") },
  );
}

/** Builds a T-MSS; `start` puts a plan in force, then connects to the engine. */
export function createHubNode(options: HubNodeOptions): HubNode {
  const { settings, log, topology, limits } = options;
  const emitter = new TypedEmitter<HubEvents>((error) => log.error({ err: error }, "hub listener failed"));
  const locations = new TrunkLocations(options.trunkBindings, log);
  const desk = new PartDesk();
  const feed = new PlanFeed({
    store: topology,
    federation: settings.federation,
    hub: settings.id,
    signingKeys: settings.signingKeys ?? [],
    ...(options.topologyCopy && { copy: options.topologyCopy }),
    onPlan: ({ revision }) => {
      desk.put(feed.parts);
      warnOfMissingTrunks();
      emitter.emit("plan", revision);
    },
    log: log.child({ mod: "topology" }),
    ...(options.snapshot && { snapshot: options.snapshot }),
    ...(options.parts && { parts: options.parts }),
  });
  const routing = new HubRouting({
    settings,
    plan: () => feed.plan,
    trunks: locations,
    activeCalls: () => control.activeCalls(),
    branchFirstResponseTimeoutMs: options.branchFirstResponseTimeoutMs ?? BRANCH_FIRST_RESPONSE_TIMEOUT_MS,
    onRegistered: (branch) => emitter.emit("trunk", branch),
    log,
  });
  const control: CallControl = createCallControl({
    node: settings.id,
    engine: options.engine,
    log,
    route: routing.route,
    watch: routing.watch,
    handlers: { register: routing.register, ...loneHandlers(() => control) },
    onOpen: (call) => ledger.opened(call),
    onRecord(record) {
      ledger.closed(record);
      http?.count(record);
      options.onRecord?.(record);
    },
    leases: options.leases,
    ...(limits === undefined ? {} : { limits }),
  });
  const { ledger, shipper } = createRecords(options);
  const parts: HubParts = { control, feed, locations, routing, desk, ledger, shipper };
  const http = createHttp(options, parts);
  const api = createApi(options, routing, desk);
  const warnOfMissingTrunks = (): void => warnOf(missingTrunks(parts), log);
  const lifecycle = lifecycleOf(parts, { http, api, log });
  return {
    start: () => lifecycle.start(),
    stop: () => lifecycle.stop(),
    drain: (limitMs) => control.drain(limitMs),
    activeCalls: () => control.activeCalls(),
    on: (event, listener) => emitter.on(event, listener),
    status: () => hubStatus(parts),
    update(changed) {
      routing.update({ ...changed, listen: settings.listen });
      feed.trustFile(changed.signingKeys ?? []);
      warnOfMissingTrunks();
    },
    renewCredentials: (renewed) => api?.renewCredentials(renewed),
  };
}
