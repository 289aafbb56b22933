import type { CallControl } from "@mss/call-control";
import { createNodeHttp } from "@mss/call-control/node";
import type { NodeHttp, NodeHttpOptions, RecordShipper } from "@mss/call-control/node";
import type { BranchSettings } from "@mss/model";
import type { CarrierLines } from "./carrier/carrier-lines.ts";
import type { TopologyPull } from "./topology/topology-pull.ts";
import type { Uplink } from "./uplink.ts";

export interface BranchHttpOptions extends Pick<NodeHttpOptions, "log" | "certificate" | "engineReport"> {
  readonly settings: BranchSettings;
}

/** What it tells of. */
export interface BranchHttpParts {
  readonly control: CallControl;
  readonly uplink: Uplink;
  readonly carriers: CarrierLines;
  readonly pull: TopologyPull;
  readonly shipper: RecordShipper;
}

/** Health and metrics, when the settings ask for them. */
export function createBranchHttp(
  { settings, log, certificate, engineReport }: BranchHttpOptions,
  parts: BranchHttpParts,
): NodeHttp | undefined {
  if (settings.http === undefined) {
    return undefined;
  }
  const { control, uplink, carriers, pull, shipper } = parts;
  return createNodeHttp({
    node: settings.id,
    role: "branch",
    listen: settings.http,
    control,
    log: log.child({ mod: "http" }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(engineReport === undefined ? {} : { engineReport }),
    records: () => shipper.status(),
    health: () => ({
      degraded: shipper.status().diskProblem !== undefined || carriers.states().some(({ state }) => state === "down"),
      hubs: uplink.states(),
      ...(carriers.states().length === 0 ? {} : { carrierLines: carriers.states() }),
      topology: pull.status(),
    }),
    views: { "/hubs": () => uplink.states(), "/carriers": () => carriers.states() },
    gauges: [
      {
        name: "mss_carrier_line_up",
        help: "1 while the carrier line takes calls",
        label: "line",
        values: () => new Map(carriers.states().map(({ line, state }) => [line, Number(state === "up")])),
      },
      { name: "mss_hubs_up", help: "Hubs that take our calls", value: () => uplink.hubsUp().length },
      {
        name: "mss_topology_revision",
        help: "Revision of the topology in force; 0: the branch's own file",
        value: () => pull.status().revision ?? 0,
      },
      {
        name: "mss_topology_age_seconds",
        help: "Since a hub said that this revision is the present one, or since the start",
        value: () => pull.status().ageSeconds,
      },
      {
        name: "mss_topology_refused",
        help: "1 while no hub can be asked, or what they offer is left out",
        value: () => Number(pull.status().problem !== undefined),
      },
    ],
  });
}
