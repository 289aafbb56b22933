import { chain, createCallControl, createDigestGuard } from "@mss/call-control";
import type { ActiveCall, CallControl, CallLimits, EngineAddress, IncomingRequest, LinkState } from "@mss/call-control";
import { createNodeHttp, loneHandlers } from "@mss/call-control/node";
import type { CertificateStatus, EngineReport, NodeHttp } from "@mss/call-control/node";
import { Registrar, createRegisterHandler } from "@mss/call-control/registrar";
import type {
  BindingStore,
  BranchId,
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
import { branchLabel, findTrunk, identify, isFromBranch } from "./identify.ts";
import { PlanFeed } from "./plan-feed.ts";
import { planCall } from "./plan.ts";
import { planWatch } from "./watch.ts";
import { TrunkLocations } from "./trunk-locations.ts";

export interface HubNodeOptions {
  readonly settings: HubSettings;
  readonly topology: TopologyStore;
  readonly leases: LeaseStore;
  readonly callRecords: CallRecordStore;
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
  /** Where the drachtio wire protocol is spoken. */
  readonly engine: EngineAddress;
  readonly log: Logger;
  /** The snapshot of the hub's own file, to be published on start; absent: the hub takes what the store has. */
  readonly snapshot?: Snapshot;
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
}

const BRANCH_FIRST_RESPONSE_TIMEOUT_MS = 2_000;

/** Branch nodes on one trunk: the one in use and those that stand by. */
const MAX_NODES_PER_BRANCH = 3;

type HubEvents = { trunk: [branch: BranchId]; plan: [revision: number] };

interface HubParts {
  readonly control: CallControl;
  readonly feed: PlanFeed;
  readonly locations: TrunkLocations;
}

function createTrunkRegistrar(
  { settings, log }: HubNodeOptions,
  store: BindingStore,
  onRegistered: (branch: BranchId) => void,
): (request: IncomingRequest) => Promise<void> {
  return createRegisterHandler({
    guard: createDigestGuard({ realm: settings.federation, log, status: 401 }),
    findSecret: (username) => findTrunk(settings, username)?.settings.secret,
    registrar: new Registrar({
      store,
      limits: { ...settings.registration, maxContacts: MAX_NODES_PER_BRANCH },
      node: settings.id,
      log,
    }),
    log: log.child({ mod: "registrar" }),
    admits: (username, request) => {
      const trunk = findTrunk(settings, username);
      return trunk !== undefined && isFromBranch(trunk, request, { settings, log });
    },
    onRegistered: (username) => {
      const trunk = findTrunk(settings, username);
      if (trunk !== undefined) {
        onRegistered(trunk.branch);
      }
    },
  });
}

function trunkStatuses({ settings }: HubNodeOptions, { control, feed, locations }: HubParts): TrunkStatus[] {
  const calls = control.activeCalls();
  return [...settings.trunks.keys()].map((branch) => {
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

function hubStatus(options: HubNodeOptions, parts: HubParts): HubStatus {
  const { control, feed } = parts;
  return {
    node: options.settings.id,
    engineLink: control.linkState,
    draining: control.draining,
    calls: control.activeCalls().length,
    ...(feed.plan === undefined ? {} : { plan: { revision: feed.plan.revision, hash: feed.plan.hash } }),
    trunks: trunkStatuses(options, parts),
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
  const trunksUp = () => trunkStatuses(options, parts).filter(({ state }) => state === "up").length;
  return createNodeHttp({
    node: settings.id,
    role: "hub",
    listen: settings.http,
    control: parts.control,
    log: log.child({ mod: "http" }),
    ...(options.certificate === undefined ? {} : { certificate: options.certificate }),
    ...(options.engineReport === undefined ? {} : { engineReport: options.engineReport }),
    health: () => ({
      store: storeHealth(),
      storeReason: options.storeReason?.(),
      degraded: storeHealth() === "down" || planProblem(parts.feed) !== undefined,
      planProblem: planProblem(parts.feed),
      planSource: parts.feed.source,
      planRevision: parts.feed.plan?.revision,
      trunksUp: trunksUp(),
    }),
    views: { "/trunks": () => trunkStatuses(options, parts) },
    gauges: [
      { name: "mss_store_up", help: "1 while the shared store answers", value: () => Number(storeHealth() === "up") },
      { name: "mss_trunks_up", help: "Branches whose trunk is registered", value: trunksUp },
      {
        name: "mss_plan_refused",
        help: "1 while the shared store has a revision that this hub does not route by",
        value: () => Number(parts.feed.refused !== undefined),
      },
      {
        name: "mss_plan_revision",
        help: "Revision of the dial plan in force",
        value: () => parts.feed.plan?.revision ?? 0,
      },
    ],
  });
}

interface ControlHooks {
  readonly feed: PlanFeed;
  readonly locations: TrunkLocations;
  readonly onRegistered: (branch: BranchId) => void;
  readonly onRecord: (record: CallRecord) => Promise<void>;
}

function createControl(options: HubNodeOptions, hooks: ControlHooks): CallControl {
  const { settings, log, limits } = options;
  const guard = createDigestGuard({ realm: settings.federation, log, status: 407 });
  const plan = planCall({
    settings,
    plan: () => hooks.feed.plan,
    trunks: hooks.locations,
    activeCalls: () => control.activeCalls(),
    log,
    branchFirstResponseTimeoutMs: options.branchFirstResponseTimeoutMs ?? BRANCH_FIRST_RESPONSE_TIMEOUT_MS,
  });
  const identified = identify({ settings, guard, log });
  const register = createTrunkRegistrar(options, hooks.locations, hooks.onRegistered);
  const control: CallControl = createCallControl({
    node: settings.id,
    engine: options.engine,
    log,
    route: chain(identified, plan),
    watch: chain(identified, planWatch(plan)),
    handlers: { register, ...loneHandlers(() => control) },
    onRecord: hooks.onRecord,
    leases: options.leases,
    ...(limits === undefined ? {} : { limits }),
  });
  return control;
}

/** Builds a T-MSS; `start` puts a plan in force, then connects to the engine. */
export function createHubNode(options: HubNodeOptions): HubNode {
  const { settings, log, topology, snapshot } = options;
  const emitter = new TypedEmitter<HubEvents>((error) => log.error({ err: error }, "hub listener failed"));
  const locations = new TrunkLocations(options.trunkBindings, log);
  const feed = new PlanFeed({
    store: topology,
    federation: settings.federation,
    hub: settings.id,
    signingKeys: settings.signingKeys ?? [],
    ...(options.topologyCopy && { copy: options.topologyCopy }),
    onPlan: ({ revision }) => emitter.emit("plan", revision),
    log: log.child({ mod: "topology" }),
    ...(snapshot === undefined ? {} : { snapshot }),
  });
  async function onRecord(record: CallRecord): Promise<void> {
    http?.count(record);
    options.onRecord?.(record);
    await options.callRecords.append(record);
  }
  const onRegistered = (branch: BranchId): void => emitter.emit("trunk", branch);
  const control = createControl(options, { feed, locations, onRegistered, onRecord });
  const parts: HubParts = { control, feed, locations };
  const http = createHttp(options, parts);
  const lifecycle = compose(
    [
      { name: "plan feed", part: feed },
      { name: "call control", part: control },
      ...(http === undefined ? [] : [{ name: "http", part: http.server }]),
    ],
    { onStopFailure: (part, error) => log.error({ err: error, part }, "part failed to stop") },
  );
  return {
    start: () => lifecycle.start(),
    stop: () => lifecycle.stop(),
    drain: (limitMs) => control.drain(limitMs),
    activeCalls: () => control.activeCalls(),
    on: (event, listener) => emitter.on(event, listener),
    status: () => hubStatus(options, parts),
  };
}
