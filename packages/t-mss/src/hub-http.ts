import { createNodeHttp } from "@mss/call-control/node";
import type { CertificateStatus, EngineReport, NodeHttp } from "@mss/call-control/node";
import { branchIdSchema } from "@mss/model";
import type { BranchId, HubSettings, LeaseStore } from "@mss/model";
import type { Logger, NamedPart, WorkerGroup } from "@mss/runtime";
import { ExplainDesk } from "./explain/explain-desk.ts";
import { OperatorToken } from "./explain/operator-token.ts";
import { callsAt, missingTrunks, planProblem, trunkStatuses } from "./hub-status.ts";
import type { HubParts, StoreHealth } from "./hub-status.ts";

/** What `HubNodeOptions` says of them. */
export interface HubHttpOptions {
  readonly settings: HubSettings;
  readonly leases: LeaseStore;
  readonly storeHealth?: () => StoreHealth;
  readonly storeReason?: () => string | undefined;
  readonly certificate?: () => CertificateStatus | undefined;
  readonly engineReport?: () => EngineReport;
  readonly group?: WorkerGroup;
  readonly log: Logger;
}

export interface HubHttp extends Pick<NodeHttp, "count"> {
  /** In the order in which they start. */
  readonly parts: readonly NamedPart[];
}

const CALLS_TOPIC = "calls at a trunk";

/** The calls at the trunk of a branch, of all processes of the hub. */
function callsOfHub(parts: HubParts, group: WorkerGroup | undefined): (branch: BranchId) => Promise<number> {
  group?.onAsked(CALLS_TOPIC, (value) => {
    const branch = branchIdSchema.safeParse(value);
    return branch.success ? callsAt(parts, branch.data) : 0;
  });
  return async (branch) => {
    const others = (await group?.ask(CALLS_TOPIC, branch)) ?? [];
    return others.reduce<number>((sum, calls) => sum + Number(calls), callsAt(parts, branch));
  };
}

/** Health, metrics and views, when the settings ask for them. */
export function createHubHttp(options: HubHttpOptions, parts: HubParts): HubHttp | undefined {
  const { settings, log } = options;
  if (settings.http === undefined) {
    return undefined;
  }
  const storeHealth = (): StoreHealth => options.storeHealth?.() ?? "up";
  const trunksUp = () => trunkStatuses(parts).filter(({ state }) => state === "up").length;
  const { id: hub, dataDirectory: directory } = settings;
  const isFirst = (options.group?.worker ?? 1) === 1; // it alone explains, for all workers
  const token = directory === undefined || !isFirst ? undefined : new OperatorToken({ directory, hub, log });
  const desk = new ExplainDesk({
    settings: () => parts.routing.settings,
    feed: parts.feed,
    locations: parts.locations,
    isLost: (branch) => parts.reach.isDown(branch),
    leases: options.leases,
    callsHere: callsOfHub(parts, options.group),
    token,
    thread: parts.thread,
  });
  const http = createNodeHttp({
    node: settings.id,
    role: "hub",
    listen: settings.http,
    control: parts.control,
    group: options.group,
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
    answers: { "/explain": (question) => desk.answer(question) },
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
  const tokenPart = token === undefined ? [] : [{ name: "operator token", part: token }];
  return { parts: [...tokenPart, { name: "http", part: http.server }], count: (record) => http.count(record) };
}
