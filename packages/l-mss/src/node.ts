import { createCallControl } from "@mss/call-control";
import type { ActiveCall, CallControl, CallLimits, EngineAddress, LinkState, LocalEngine } from "@mss/call-control";
import { RecordLedger, RecordShipper, loneHandlers } from "@mss/call-control/node";
import type { CertificateStatus, EngineReport, NodeHttp, ShippingTiming } from "@mss/call-control/node";
import type { BindingStore, BranchId, BranchSettings, CallJournal, CallRecord, CopyStore, HubId } from "@mss/model";
import { TypedEmitter, compose } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";
import { createBranchHttp } from "./branch-http.ts";
import { BranchRouting } from "./branch-routing.ts";
import { carrierLabel, extensionLabel } from "./caller.ts";
import type { CarrierLineState, CarrierLineStatus } from "./carrier/carrier-line.ts";
import { CarrierLines } from "./carrier/carrier-lines.ts";
import type { CarrierLinesOptions } from "./carrier/carrier-lines.ts";
import { ExpiredBindings } from "./expired-bindings.ts";
import type { HubLinkState, HubLinkTiming } from "./hub-link.ts";
import type { HubProbeTiming } from "./hub-probe.ts";
import { OrphanWatch } from "./orphan-watch.ts";
import type { OrphanTiming } from "./orphan-watch.ts";
import { RecordDelivery, postRecords } from "./records/record-delivery.ts";
import { askForPart } from "./topology/part-client.ts";
import { TopologyPull } from "./topology/topology-pull.ts";
import type { PullTiming, TopologyStatus } from "./topology/topology-pull.ts";
import { Uplink } from "./uplink.ts";

export interface BranchNodeOptions {
  readonly settings: BranchSettings;
  readonly store: {
    readonly bindings: BindingStore;
    readonly callRecords: CallJournal;
    readonly topologyCopy: CopyStore;
  };
  /** When the branch's certificate expires; for `/health` and the metrics. No TLS when absent. */
  readonly certificate?: () => CertificateStatus | undefined;
  /** What the embedded engine counts; absent with a drachtio-server. */
  readonly engineReport?: () => EngineReport;
  /** Where the drachtio wire protocol is spoken. */
  readonly engine: EngineAddress | LocalEngine;
  readonly log: Logger;
  readonly limits?: CallLimits;
  /** Told each call record once, beside the store. */
  readonly onRecord?: (record: CallRecord) => void;
  /** How the trunk is kept registered at the hubs. */
  readonly trunkTiming?: Partial<HubLinkTiming>;
  /** How the hubs are asked whether they take calls. */
  readonly hubProbe?: Partial<HubProbeTiming>;
  /** How the carrier lines are kept registered, and asked whether they are there. */
  readonly carrierTiming?: CarrierLinesOptions["timing"];
  /** How the branch asks its hubs for the topology. */
  readonly pullTiming?: Partial<PullTiming>;
  /** How long calls stay whose hub is lost. */
  readonly orphanTiming?: Partial<OrphanTiming>;
  /** How call records are sent to the hubs. */
  readonly shippingTiming?: Partial<ShippingTiming>;
  /** A hub that says nothing for so long is taken for dead and the next one is tried. 2,000 ms when absent. */
  readonly hubFirstResponseTimeoutMs?: number;
}

export interface BranchStatus {
  readonly node: BranchId;
  readonly engineLink: LinkState;
  readonly draining: boolean;
  readonly calls: number;
  readonly hubs: readonly { readonly hub: HubId; readonly state: HubLinkState }[];
  readonly topology: TopologyStatus;
  /** In the order in which they are tried. */
  readonly carrierLines: readonly CarrierLineStatus[];
}

/** An L-MSS: the registrar and call control of one branch. */
export interface BranchNode extends Part {
  status(): BranchStatus;
  activeCalls(): readonly ActiveCall[];
  /** Takes no new calls (503 with Retry-After) and waits for the others up to `limitMs`, then ends them. */
  drain(limitMs: number): Promise<void>;
  /**
   * `hub`, `carrier`: it began or ceased to take our calls. `topology`: the branch goes by another revision. Returns the function that takes
   * the listener off.
   */
  on<Name extends keyof BranchEvents>(event: Name, listener: (...args: BranchEvents[Name]) => void): () => void;
  /**
   * Goes by other secrets, extensions, rules and keys from now on; calls and registrations stay. Throws `NUMBERS_REFUSED`, and
   * nothing changes then. What it listens on, `http`, TLS, digest algorithms and the data directory change with a restart only.
   */
  update(settings: BranchSettings): void;
}

const HUB_FIRST_RESPONSE_TIMEOUT_MS = 2_000;

/** Errors after which the hub or the carrier itself, not the callee, is in doubt. */
const PEER_IN_DOUBT: readonly (string | undefined)[] = ["TARGET_SILENT", "TARGET_UNREACHABLE"];

function createUplink({ settings, log, trunkTiming, hubProbe }: BranchNodeOptions, control: CallControl): Uplink {
  return new Uplink({
    settings,
    request: (request) => control.request(request),
    log: log.child({ mod: "uplink" }),
    ...(trunkTiming === undefined ? {} : { timing: trunkTiming }),
    probe: { ...settings.trunk.probe, ...hubProbe },
  });
}

function createCarriers(
  { settings, log, carrierTiming: timing }: BranchNodeOptions,
  control: CallControl,
  onState: CarrierLinesOptions["onState"],
): CarrierLines {
  return new CarrierLines({
    settings,
    request: (request) => control.request(request),
    log: log.child({ mod: "carrier" }),
    onState,
    ...(timing && { timing }),
  });
}

/** Whether the hub or the carrier that a call failed at is still there is asked now, and not when it would be its turn. */
function askAgain({ target, code, tried = [] }: CallRecord, { routing, uplink, carriers }: BranchParts): void {
  const doubtful = new Set(
    [...tried, { route: target, code }].flatMap((way) => (PEER_IN_DOUBT.includes(way.code) ? [way.route] : [])),
  );
  for (const { id } of routing.settings.trunk.hubs.filter((hub) => doubtful.has(`hub:${hub.id}`))) {
    uplink.refresh(id);
  }
  for (const { id } of carriers.linesUp().filter((line) => doubtful.has(carrierLabel(line)))) {
    carriers.refresh(id);
  }
}

/** Calls of the branch: in its journal, and from there to a hub. */
function createRecords({ store, shippingTiming, log: parentLog }: BranchNodeOptions, routing: BranchRouting) {
  const log = parentLog.child({ mod: "records" });
  const ledger = new RecordLedger({ journal: store.callRecords, log });
  const delivery = new RecordDelivery({ settings: () => routing.settings, post: postRecords });
  const shipper = new RecordShipper({
    ledger,
    send: (records, signal) => delivery.send(records, signal),
    hasDestination: () => delivery.hasDestination,
    log,
    ...(shippingTiming && { timing: shippingTiming }),
  });
  return { ledger, shipper };
}

interface PullHooks {
  readonly routing: BranchRouting;
  readonly uplink: Uplink;
  readonly onRevision: (revision: number) => void;
}

function createPull(options: BranchNodeOptions, { routing, uplink, onRevision }: PullHooks): TopologyPull {
  return new TopologyPull({
    settings: () => routing.settings,
    ask: askForPart,
    copy: options.store.topologyCopy,
    use(body) {
      routing.usePart(body);
      uplink.update(routing.settings);
    },
    onRevision,
    log: options.log.child({ mod: "topology" }),
    ...(options.pullTiming && { timing: options.pullTiming }),
  });
}

interface BranchParts {
  readonly control: CallControl;
  readonly uplink: Uplink;
  readonly carriers: CarrierLines;
  readonly pull: TopologyPull;
  readonly routing: BranchRouting;
  readonly ledger: RecordLedger;
  readonly shipper: RecordShipper;
}

function branchStatus({ control, uplink, carriers, pull, routing }: BranchParts): BranchStatus {
  return {
    node: routing.settings.id,
    engineLink: control.linkState,
    draining: control.draining,
    calls: control.activeCalls().length,
    hubs: uplink.states(),
    topology: pull.status(),
    carrierLines: carriers.states(),
  };
}

interface LifecycleParts {
  readonly orphans: OrphanWatch;
  readonly expired: ExpiredBindings;
  readonly http: NodeHttp | undefined;
  readonly log: Logger;
}

/** Records are written and sent when no call is left to make one. */
function lifecycleOf(parts: BranchParts, { orphans, expired, http, log }: LifecycleParts): Part {
  return compose(
    [
      { name: "call records", part: parts.ledger },
      { name: "topology", part: parts.pull },
      { name: "sending of call records", part: parts.shipper },
      { name: "expired registrations", part: expired },
      { name: "call control", part: parts.control },
      { name: "orphan watch", part: orphans },
      { name: "uplink", part: parts.uplink },
      { name: "carrier lines", part: parts.carriers },
      ...(http === undefined ? [] : [{ name: "http", part: http.server }]),
    ],
    { onStopFailure: (part, error) => log.error({ err: error, part }, "part failed to stop") },
  );
}

type BranchEvents = {
  topology: [revision: number];
  hub: [hub: HubId, state: HubLinkState];
  carrier: [line: string, state: CarrierLineState];
};

/**
 * Builds an L-MSS; `start` goes by the topology on its disk, connects to the engine, then begins to register the trunk and
 * to ask for a newer topology without waiting for a hub.
 */
export function createBranchNode(options: BranchNodeOptions): BranchNode {
  const { settings, log, store, limits } = options;
  const emitter = new TypedEmitter<BranchEvents>((error) => log.error({ err: error }, "branch listener failed"));
  const routing = new BranchRouting({
    settings,
    bindings: store.bindings,
    hubsUp: () => uplink.hubsUp(),
    onHubDown: (hub, listener) => uplink.onDown(hub, listener),
    carriers: () => carriers,
    calls: () => control,
    knowsPeers: options.engine.tellsPeerNames === true,
    onRegistered: (number) => control.registrationChanged(extensionLabel(number)),
    hubFirstResponseTimeoutMs: options.hubFirstResponseTimeoutMs ?? HUB_FIRST_RESPONSE_TIMEOUT_MS,
    log,
  });
  function onRecord(record: CallRecord): void {
    ledger.closed(record);
    http?.count(record);
    options.onRecord?.(record);
    askAgain(record, parts);
  }
  const control: CallControl = createCallControl({
    node: settings.id,
    engine: options.engine,
    log,
    route: routing.route,
    transfer: routing.transfer,
    watch: routing.watch,
    isEmergency: (invite) => routing.isEmergency(invite),
    handlers: { register: routing.register, ...loneHandlers(() => control) },
    onOpen: (call) => ledger.opened(call),
    onRecord,
    ...(limits === undefined ? {} : { limits }),
  });
  const { ledger, shipper } = createRecords(options, routing);
  const uplink = createUplink(options, control);
  const carriers = createCarriers(options, control, (line, state) => emitter.emit("carrier", line, state));
  const pull = createPull(options, {
    routing,
    uplink,
    onRevision(revision) {
      emitter.emit("topology", revision);
      shipper.retryNow(); // it may name other hubs
    },
  });
  const parts: BranchParts = { control, uplink, carriers, pull, routing, ledger, shipper };
  const http = createBranchHttp(options, parts);
  const orphans = new OrphanWatch({ calls: () => control, log, timing: options.orphanTiming });
  uplink.on("state", (hub, state) => {
    emitter.emit("hub", hub, state);
    orphans.onHub(hub, state);
    if (state === "up") {
      pull.retryNow();
      shipper.retryNow();
    }
  });
  control.onLink((state) => {
    if (state === "up") {
      uplink.refresh();
    }
  });
  const expired = new ExpiredBindings({ bindings: store.bindings, log });
  const lifecycle = lifecycleOf(parts, { orphans, expired, http, log });
  return {
    start: () => lifecycle.start(),
    stop: () => lifecycle.stop(),
    drain: (limitMs) => control.drain(limitMs),
    activeCalls: () => control.activeCalls(),
    on: (event, listener) => emitter.on(event, listener),
    status: () => branchStatus(parts),
    update(changed) {
      routing.useFile({ ...changed, listen: settings.listen });
      uplink.update(routing.settings);
      carriers.update(routing.settings);
      pull.refresh();
      shipper.retryNow();
    },
  };
}
