import type { CallRecord } from "@mss/model";
import type { Logger, WorkerGroup } from "@mss/runtime";
import { compose } from "@mss/runtime";
import {
  Counter,
  Gauge,
  Histogram,
  createHttpServer,
  createMetrics,
  createWorkerPages,
  eventLoopDelay,
} from "@mss/runtime/http";
import type { HttpServer, HttpServerOptions, Registry } from "@mss/runtime/http";
import type { CallControl } from "../call-control-types.ts";
import type { ShippingStatus } from "../record/record-shipper.ts";
import { addEngineMetrics } from "./engine-metrics.ts";
import type { EngineReport } from "./engine-metrics.ts";
import type { CertificateStatus } from "./node-tls.ts";

export interface NodeHttpOptions {
  readonly node: string;
  readonly role: "hub" | "branch";
  readonly listen: { readonly host: string; readonly port: number };
  readonly control: CallControl;
  /** The other processes of the node; with them nobody listens here, and the metrics have the label `worker`. */
  readonly group?: WorkerGroup | undefined;
  readonly log: Logger;
  /** When the node's certificate expires; absent without TLS. */
  readonly certificate?: () => CertificateStatus | undefined;
  /** What the embedded engine counts, for the metrics and for `/sip`; absent with a drachtio-server. */
  readonly engineReport?: () => EngineReport;
  /** Call records on their way to the hubs' store; for `/health` and the metrics. */
  readonly records: () => ShippingStatus;
  /** More of the health report; the engine link and the drain are told anyway. */
  readonly health: () => Readonly<Record<string, unknown>>;
  /** JSON by path, beside `/calls`. */
  readonly views: Readonly<Record<string, () => unknown>>;
  /** Answers that depend on the request. */
  readonly answers?: HttpServerOptions["answers"];
  /** Gauges of this kind of node. */
  readonly gauges: readonly NodeGauge[];
}

/** Name, what it counts, and its value now; or with a label its values now, by those of the label. */
export type NodeGauge = { readonly name: string; readonly help: string } & (
  { readonly value: () => number } | { readonly label: string; readonly values: () => ReadonlyMap<string, number> }
);

export interface NodeHttp {
  readonly server: HttpServer;
  /** Counts a call that is over. */
  count(record: CallRecord): void;
}

const SETUP_BUCKETS_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60];

function addGauge(registry: Registry, { name, help, ...told }: NodeGauge): void {
  if ("value" in told) {
    const gauge: Gauge = new Gauge({ name, help, registers: [registry], collect: () => gauge.set(told.value()) });
    return;
  }
  const { label, values } = told;
  const labelled: Gauge = new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      labelled.reset(); // what it was told of before may be gone
      for (const [which, value] of values()) {
        labelled.set({ [label]: which }, value);
      }
    },
  });
}

function certificateGauges({ certificate }: NodeHttpOptions): NodeHttpOptions["gauges"] {
  const help = "Whole days until the certificate of TLS, or its authority's, expires; negative afterwards";
  const value = (): number => certificate?.()?.daysLeft ?? 0;
  return certificate?.() === undefined ? [] : [{ name: "mss_certificate_days_left", help, value }];
}

function recordGauges({ records }: NodeHttpOptions): NodeHttpOptions["gauges"] {
  return [
    { name: "mss_call_records_unsent", help: "Not yet in the hubs' store", value: () => records().unsent },
    { name: "mss_call_records_waiting", help: "In memory, not yet on the disk", value: () => records().waiting },
    { name: "mss_call_records_lost", help: "Since the start: no room was left for them", value: () => records().lost },
    {
      name: "mss_call_records_disk_failing",
      help: "1 while the disk does not take call records",
      value: () => Number(records().diskProblem !== undefined),
    },
    {
      name: "mss_call_records_held_up",
      help: "1 while call records cannot be sent to the hubs' store",
      value: () => Number(records().problem !== undefined),
    },
  ];
}

function certificateHealth({ certificate }: NodeHttpOptions): Readonly<Record<string, unknown>> {
  const status = certificate?.();
  return status === undefined ? {} : { certificate: status };
}

/** The HTTP side that every node has: `/health`, `/metrics`, `/calls`, `/sip` and views of its own. A node in drain is not healthy. */
export function createNodeHttp(options: NodeHttpOptions): NodeHttp {
  const { control, group } = options;
  const worker = group === undefined ? {} : { worker: String(group.worker) };
  const registry = createMetrics({ node: options.node, role: options.role, ...worker });
  const calls = new Counter({
    name: "mss_calls_total",
    help: "Calls that are over, by result",
    labelNames: ["result"],
    registers: [registry],
  });
  const setup = new Histogram({
    name: "mss_call_setup_seconds",
    help: "From INVITE to answer, answered calls",
    buckets: SETUP_BUCKETS_SECONDS,
    registers: [registry],
  });
  const common = [
    { name: "mss_calls_active", help: "Calls being set up or up", value: () => control.activeCalls().length },
    {
      name: "mss_calls_shed",
      help: "New calls refused since the start because the node had too much to do",
      value: () => control.callsShed,
    },
    {
      name: "mss_engine_link_up",
      help: "1 while the SIP engine answers",
      value: () => Number(control.linkState === "up"),
    },
  ];
  for (const gauge of [...common, ...certificateGauges(options), ...recordGauges(options), ...options.gauges]) {
    addGauge(registry, gauge);
  }
  if (options.engineReport !== undefined) {
    addEngineMetrics(registry, options.engineReport);
  }
  const health = () => ({
    ok: control.linkState === "up" && !control.draining,
    node: options.node,
    engineLink: control.linkState,
    draining: control.draining,
    ...certificateHealth(options),
    callRecords: options.records(),
    ...options.health(),
  });
  const sip = options.engineReport;
  const views = {
    "/calls": () => control.activeCalls(),
    ...(sip === undefined ? {} : { "/sip": () => sip() }),
    ...options.views,
  };
  const { listen, log, answers = {} } = options;
  const pages = { registry, health, views, answers };
  const server = group === undefined ? createHttpServer({ listen, log, ...pages }) : createWorkerPages(pages, group);
  const both = compose([
    { name: "event loop delay", part: eventLoopDelay(registry) },
    { name: "http server", part: server },
  ]);
  return {
    server: { ...both, address: () => server.address() },
    count(record) {
      calls.inc({ result: record.result });
      if (record.result === "answered") {
        setup.observe(record.setupMs / 1000);
      }
    },
  };
}
