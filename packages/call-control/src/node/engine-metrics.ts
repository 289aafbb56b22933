import { Counter, Gauge } from "@mss/runtime/http";
import type { Registry } from "@mss/runtime/http";

type Counts = Readonly<Record<string, number>>;

/** Of the embedded engine, what an administrator asks for at night; `stats()` of it fits. */
export interface EngineReport {
  readonly transactions: { readonly client: number; readonly server: number };
  readonly dialogs: number;
  readonly openRequests: number;
  readonly connections: number;
  readonly refused: Counts;
  readonly transport: {
    readonly received: number;
    readonly sent: number;
    readonly droppedMalformed: number;
    readonly droppedStale: number;
    readonly handshakesRefused: number;
    readonly connectionsRefused: number;
    readonly connectionsSlow: number;
    readonly connectionsClogged: number;
    readonly connectionsIdle: number;
    readonly connectionsDead: number;
  };
  readonly flood: {
    readonly dropped: number;
    readonly refused: number;
    readonly closed: number;
    readonly reasons: Counts;
    readonly sources: number;
    readonly known: number;
    readonly bans: number;
    readonly banned: number;
  };
}

/** One family of metrics: its values by the one label that it has; `""` where it has none. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  readonly values: (report: EngineReport) => Counts;
}

const COUNTERS: readonly Family[] = [
  {
    name: "mss_sip_messages_total",
    help: "SIP messages that were taken from and given to the network",
    label: "direction",
    values: ({ transport: { received, sent } }) => ({ received, sent }),
  },
  {
    name: "mss_sip_refused_total",
    help: "Requests that the SIP engine refused by itself, by status",
    label: "status",
    values: ({ refused }) => refused,
  },
  {
    name: "mss_sip_malformed_total",
    help: "Messages that could be neither read nor answered",
    values: ({ transport }) => ({ "": transport.droppedMalformed }),
  },
  {
    name: "mss_sip_stale_total",
    help: "INVITEs left out because they had waited while the process stood still",
    values: ({ transport }) => ({ "": transport.droppedStale }),
  },
  {
    name: "mss_sip_connections_ended_total",
    help: "Connections refused or ended by a limit: refused, handshake, slow, clogged, idle, dead",
    label: "reason",
    values: ({ transport }) => ({
      refused: transport.connectionsRefused,
      handshake: transport.handshakesRefused,
      slow: transport.connectionsSlow,
      clogged: transport.connectionsClogged,
      idle: transport.connectionsIdle,
      dead: transport.connectionsDead,
    }),
  },
  {
    name: "mss_flood_total",
    help: "Messages and connections beyond the limit of their source, by what was done: dropped, refused with 503, closed",
    label: "action",
    values: ({ flood: { dropped, refused, closed } }) => ({ dropped, refused, closed }),
  },
  {
    name: "mss_flood_reasons_total",
    help: "The same by the limit that was reached, or banned",
    label: "reason",
    values: ({ flood }) => flood.reasons,
  },
  {
    name: "mss_flood_bans_total",
    help: "Sources banned for wrong passwords",
    values: ({ flood }) => ({ "": flood.bans }),
  },
];

const GAUGES: readonly Family[] = [
  {
    name: "mss_flood_sources",
    help: "Sources that are remembered, known (right password) and banned now",
    label: "kind",
    values: ({ flood: { sources, known, banned } }) => ({ seen: sources, known, banned }),
  },
  {
    name: "mss_sip_connections",
    help: "TCP and TLS connections that are open",
    values: ({ connections }) => ({ "": connections }),
  },
  {
    name: "mss_sip_transactions",
    help: "SIP transactions that are kept",
    label: "side",
    values: ({ transactions: { client, server } }) => ({ client, server }),
  },
  {
    name: "mss_sip_dialogs",
    help: "SIP dialogs, two for each bridged call",
    values: ({ dialogs }) => ({ "": dialogs }),
  },
  {
    name: "mss_sip_open_requests",
    help: "Requests that wait for an answer of the node",
    values: ({ openRequests }) => ({ "": openRequests }),
  },
];

function labelsOf({ label }: Family, value: string): Record<string, string> {
  return label === undefined ? {} : { [label]: value };
}

/** Puts what the engine counts into the metrics of a node, asked anew for each scrape. */
export function addEngineMetrics(registry: Registry, report: () => EngineReport): void {
  for (const family of COUNTERS) {
    const { name, help, label, values } = family;
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [registry],
      collect() {
        counter.reset();
        for (const [value, count] of Object.entries(values(report()))) {
          counter.inc(labelsOf(family, value), count);
        }
      },
    });
  }
  for (const family of GAUGES) {
    const { name, help, label, values } = family;
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [registry],
      collect() {
        for (const [value, count] of Object.entries(values(report()))) {
          gauge.set(labelsOf(family, value), count);
        }
      },
    });
  }
}
