import { createCallControl } from "@mss/call-control";
import type {
  ActiveCall,
  CallControl,
  CallLimits,
  EngineAddress,
  LocalEngine,
  RequestHandlers,
} from "@mss/call-control";
import { RecordLedger, RecordShipper, loneHandlers } from "@mss/call-control/node";
import type { CertificateStatus, EngineReport } from "@mss/call-control/node";
import type { TlsCredentials } from "@mss/certificates";
import type {
  Binding,
  BindingStore,
  BranchId,
  BranchPartBody,
  CallJournal,
  CallRecord,
  CallRecordStore,
  CopyStore,
  HubSettings,
  LeaseStore,
  ReachStore,
  Snapshot,
  TopologyStore,
} from "@mss/model";
import { TypedEmitter, compose } from "@mss/runtime";
import type { Logger, Part, WorkerGroup } from "@mss/runtime";
import { createApiServer } from "./api/api-server.ts";
import type { ApiServer } from "./api/api-server.ts";
import { PartDesk } from "./api/part-desk.ts";
import { planCompiler } from "./compile/compile-plan.ts";
import { PlanThread } from "./compile/plan-thread.ts";
import { createHubHttp } from "./hub-http.ts";
import type { HubHttp } from "./hub-http.ts";
import { HubRouting } from "./hub-routing.ts";
import { hubStatus, missingTrunks } from "./hub-status.ts";
import type { HubParts, HubStatus, StoreHealth } from "./hub-status.ts";
import { PlanFeed } from "./plan-feed.ts";
import { HubReach } from "./reach/hub-reach.ts";
import type { HubReachOptions } from "./reach/hub-reach.ts";
import type { BranchWatchTiming } from "./reach/branch-watch.ts";
import { sessionsOfOthers } from "./sessions-of-others.ts";
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
  /** What the hubs tell each other of the branches. */
  readonly reach: ReachStore;
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
  /** The other processes of this hub; absent: there are none. */
  readonly group?: WorkerGroup;
  /** Told from where another process has got the registration of a trunk, and for how long it holds. */
  readonly onTrunkSource?: (source: Binding["source"], seconds: number) => void;
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
  readonly branchWatch?: Partial<BranchWatchTiming>;
}

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

/** Which branches are reached, here and by the other hubs. */
function createReach(
  { settings: { id: hub }, reach: store, branchWatch: timing, group, log }: HubNodeOptions,
  { feed, ...parts }: Pick<HubReachOptions, "settings" | "locations" | "control"> & { readonly feed: PlanFeed },
): HubReach {
  return new HubReach({ ...parts, hub, store, plan: () => feed.plan, group, log, timing });
}

/** What belongs to no call. A branch that asks whether its hub is there has been heard. */
function handlersOf(control: () => CallControl, reach: HubReach): Omit<RequestHandlers, "register"> {
  const lone = loneHandlers(control);
  return {
    ...lone,
    options: (request) => {
      reach.heardFrom(request.source);
      return lone.options(request);
    },
  };
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
        isShared: options.group !== undefined,
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
  readonly http: HubHttp | undefined;
  readonly api: ApiServer | undefined;
  readonly log: Logger;
}

/** Records are written and sent when no call is left to make one. */
function lifecycleOf(parts: HubParts, { http, api, log }: LifecycleParts): Part {
  return compose(
    [
      { name: "call records", part: parts.ledger },
      { name: "plan thread", part: parts.thread },
      { name: "plan feed", part: parts.feed },
      {
        name: "trunks of other workers",
        part: { start: () => parts.locations.askOthers(), stop: async () => undefined },
      },
      { name: "sending of call records", part: parts.shipper },
      { name: "call control", part: parts.control },
      { name: "reach of branches", part: parts.reach },
      ...(http?.parts ?? []),
      ...(api === undefined ? [] : [{ name: "https for branches", part: api }]),
    ],
    { onStopFailure: (part, error) => log.error({ err: error, part }, "part failed to stop") },
  );
}

/** Builds a T-MSS; `start` puts a plan in force, then connects to the engine. */
export function createHubNode(options: HubNodeOptions): HubNode {
  const { settings, log, topology, limits } = options;
  const emitter = new TypedEmitter<HubEvents>((error) => log.error({ err: error }, "hub listener failed"));
  const { group, onTrunkSource } = options;
  const locations = new TrunkLocations(options.trunkBindings, log, { group, onSource: onTrunkSource });
  const desk = new PartDesk();
  const thread = new PlanThread();
  const feed = new PlanFeed({
    store: topology,
    federation: settings.federation,
    hub: settings.id,
    compile: planCompiler(thread),
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
  const reach = createReach(options, { feed, locations, settings: () => routing.settings, control: () => control });
  const routing: HubRouting = new HubRouting({
    settings,
    plan: () => feed.plan,
    trunks: locations,
    activeCalls: () => control.activeCalls(),
    callsElsewhere: sessionsOfOthers(group, () => control.activeCalls()),
    branchFirstResponseTimeoutMs: options.branchFirstResponseTimeoutMs ?? BRANCH_FIRST_RESPONSE_TIMEOUT_MS,
    reach,
    onRegistered: (branch) => {
      reach.registered(branch);
      emitter.emit("trunk", branch);
    },
    log,
  });
  const control: CallControl = createCallControl({
    node: settings.id,
    engine: options.engine,
    log,
    route: routing.route,
    watch: routing.watch,
    handlers: { register: routing.register, ...handlersOf(() => control, reach) },
    onOpen: (call) => ledger.opened(call),
    onRecord(record) {
      ledger.closed(record);
      reach.recorded(record);
      http?.count(record);
      options.onRecord?.(record);
    },
    leases: options.leases,
    group,
    ...(limits === undefined ? {} : { limits }),
  });
  const { ledger, shipper } = createRecords(options);
  const parts: HubParts = { control, thread, feed, locations, reach, routing, desk, ledger, shipper };
  const http = createHubHttp(options, parts);
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
