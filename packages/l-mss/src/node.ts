import { chain, createCallControl, createDigestGuard } from "@mss/call-control";
import type {
  ActiveCall,
  CallControl,
  CallLimits,
  DigestGuard,
  EngineAddress,
  IncomingRequest,
  LinkState,
} from "@mss/call-control";
import { createNodeHttp, loneHandlers } from "@mss/call-control/node";
import type { CertificateStatus, EngineReport, NodeHttp } from "@mss/call-control/node";
import { Registrar, createRegisterHandler } from "@mss/call-control/registrar";
import type { BindingStore, BranchId, BranchSettings, CallRecord, CallRecordStore, HubId } from "@mss/model";
import { compose } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";
import { compileCallPlan } from "./call-plan.ts";
import { extensionLabel } from "./caller.ts";
import type { HubLinkState, HubLinkTiming } from "./hub-link.ts";
import { findExtension, identify } from "./identify.ts";
import type { HubProbeTiming } from "./hub-probe.ts";
import { planCall } from "./plan.ts";
import type { PlanOptions } from "./plan.ts";
import { takeOver } from "./take-over.ts";
import { planWatch } from "./watch.ts";
import { transferPolicy } from "./transfer.ts";
import { Uplink } from "./uplink.ts";

export interface BranchNodeOptions {
  readonly settings: BranchSettings;
  readonly store: { readonly bindings: BindingStore; readonly callRecords: CallRecordStore };
  /** When the branch's certificate expires; for `/health` and the metrics. No TLS when absent. */
  readonly certificate?: () => CertificateStatus | undefined;
  /** What the embedded engine counts; absent with a drachtio-server. */
  readonly engineReport?: () => EngineReport;
  /** Where the drachtio wire protocol is spoken. */
  readonly engine: EngineAddress;
  readonly log: Logger;
  readonly limits?: CallLimits;
  /** Told each call record once, beside the store. */
  readonly onRecord?: (record: CallRecord) => void;
  /** How the trunk is kept registered at the hubs. */
  readonly trunkTiming?: Partial<HubLinkTiming>;
  /** How the hubs are asked whether they take calls. */
  readonly hubProbe?: Partial<HubProbeTiming>;
  /** A hub that says nothing for so long is taken for dead and the next one is tried. 2,000 ms when absent. */
  readonly hubFirstResponseTimeoutMs?: number;
}

export interface BranchStatus {
  readonly node: BranchId;
  readonly engineLink: LinkState;
  readonly draining: boolean;
  readonly calls: number;
  readonly hubs: readonly { readonly hub: HubId; readonly state: HubLinkState }[];
}

/** An L-MSS: the registrar and call control of one branch. */
export interface BranchNode extends Part {
  status(): BranchStatus;
  activeCalls(): readonly ActiveCall[];
  /** Takes no new calls (503 with Retry-After) and waits for the others up to `limitMs`, then ends them. */
  drain(limitMs: number): Promise<void>;
  /** A hub began or ceased to take our calls. Returns the function that takes the listener off. */
  on(event: "hub", listener: (hub: HubId, state: HubLinkState) => void): () => void;
}

const HUB_FIRST_RESPONSE_TIMEOUT_MS = 2_000;

/** Errors after which the hub itself, not the callee, is in doubt. */
const HUB_IN_DOUBT: readonly (string | undefined)[] = ["TARGET_SILENT", "TARGET_UNREACHABLE"];

function createGuard({ settings, log }: BranchNodeOptions, status: 401 | 407): DigestGuard {
  return createDigestGuard({ realm: settings.id, log, status, algorithms: settings.digestAlgorithms });
}

function registerHandler(
  options: BranchNodeOptions,
  onRegistered: (number: string) => void,
): (request: IncomingRequest) => Promise<void> {
  const { settings, store, log } = options;
  const limits = { ...settings.registration, maxContacts: settings.maxContacts };
  return createRegisterHandler({
    guard: createGuard(options, 401),
    findSecret: (username) => findExtension(settings, username)?.settings.secret,
    registrar: new Registrar({ store: store.bindings, limits, node: settings.id, log }),
    log: log.child({ mod: "registrar" }),
    onRegistered,
  });
}

function createUplink({ settings, log, trunkTiming, hubProbe }: BranchNodeOptions, control: CallControl): Uplink {
  return new Uplink({
    settings,
    request: (request) => control.request(request),
    log: log.child({ mod: "uplink" }),
    ...(trunkTiming === undefined ? {} : { timing: trunkTiming }),
    ...(hubProbe === undefined ? {} : { probe: hubProbe }),
  });
}

/** Health and metrics, when the settings ask for them. */
function createHttp(
  { settings, log, certificate, engineReport }: BranchNodeOptions,
  control: CallControl,
  uplink: Uplink,
): NodeHttp | undefined {
  if (settings.http === undefined) {
    return undefined;
  }
  return createNodeHttp({
    node: settings.id,
    role: "branch",
    listen: settings.http,
    control,
    log: log.child({ mod: "http" }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(engineReport === undefined ? {} : { engineReport }),
    health: () => ({ hubs: uplink.states() }),
    views: { "/hubs": () => uplink.states() },
    gauges: [{ name: "mss_hubs_up", help: "Hubs that take our calls", value: () => uplink.hubsUp().length }],
  });
}

interface ControlHooks {
  readonly uplink: () => Uplink;
  readonly onRecord: (record: CallRecord) => Promise<void>;
}

function createControl(options: BranchNodeOptions, hooks: ControlHooks): CallControl {
  const { settings, store, log, limits } = options;
  const guard = createGuard(options, 407);
  const planOptions: PlanOptions = {
    settings,
    bindings: store.bindings,
    calls: compileCallPlan(settings),
    log,
    hubsUp: () => hooks.uplink().hubsUp(),
    onHubDown: (hub, listener) => hooks.uplink().onDown(hub, listener),
    hubFirstResponseTimeoutMs: options.hubFirstResponseTimeoutMs ?? HUB_FIRST_RESPONSE_TIMEOUT_MS,
  };
  const plan = planCall(planOptions);
  const identified = identify({ settings, guard, log });
  const control: CallControl = createCallControl({
    node: settings.id,
    engine: options.engine,
    log,
    route: chain(identified, takeOver({ calls: () => control, log }), plan),
    watch: chain(identified, planWatch(planOptions)),
    transfer: transferPolicy({ settings, plan }),
    handlers: {
      register: registerHandler(options, (number) => control.registrationChanged(extensionLabel(number))),
      ...loneHandlers(() => control),
    },
    onRecord: hooks.onRecord,
    ...(limits === undefined ? {} : { limits }),
  });
  return control;
}

/** Builds an L-MSS; `start` connects to the engine, then begins to register the trunk without waiting for a hub. */
export function createBranchNode(options: BranchNodeOptions): BranchNode {
  const { settings, log } = options;
  async function onRecord(record: CallRecord): Promise<void> {
    http?.count(record);
    options.onRecord?.(record);
    const hub = settings.trunk.hubs.find(({ id }) => record.target === `hub:${id}`);
    if (hub !== undefined && HUB_IN_DOUBT.includes(record.code)) {
      uplink.refresh(hub.id);
    }
    await options.store.callRecords.append(record);
  }
  const control = createControl(options, { uplink: () => uplink, onRecord });
  const uplink = createUplink(options, control);
  const http = createHttp(options, control, uplink);
  control.onLink((state) => {
    if (state === "up") {
      uplink.refresh();
    }
  });
  const parts = compose(
    [
      { name: "call control", part: control },
      { name: "uplink", part: uplink },
      ...(http === undefined ? [] : [{ name: "http", part: http.server }]),
    ],
    { onStopFailure: (part, error) => log.error({ err: error, part }, "part failed to stop") },
  );
  return {
    start: () => parts.start(),
    stop: () => parts.stop(),
    drain: (limitMs) => control.drain(limitMs),
    activeCalls: () => control.activeCalls(),
    on: (_event, listener) => uplink.on("state", listener),
    status: () => ({
      node: settings.id,
      engineLink: control.linkState,
      draining: control.draining,
      calls: control.activeCalls().length,
      hubs: uplink.states(),
    }),
  };
}
