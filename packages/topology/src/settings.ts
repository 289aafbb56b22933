import { formatPattern, overlapOf } from "@mss/dial-plan";
import { MAX_CONTACTS_PER_EXTENSION, extensionNumberSchema } from "@mss/model";
import type {
  BranchSettings,
  ExtensionNumber,
  ExtensionSettings,
  HubSettings,
  HubTrunkSettings,
  TrunkHubSettings,
} from "@mss/model";
import { numbersFromTo } from "./numbers-from-to.ts";
import type { Secrets } from "./secrets.ts";
import type { Topology, TopologyBranch, TopologyHub } from "./topology.ts";

/** A hub lets the branch decide that nobody answers: its own limit is above that of every branch. */
const HUB_RING_MARGIN_MS = 5_000;

/** What a hub needs to run. `secrets` must have been resolved for it. */
export function hubSettings(topology: Topology, hub: TopologyHub, secrets: Secrets): HubSettings {
  const branches = topology.branches.filter(({ trunk }) => trunk.hubs.includes(hub.id));
  const longestRingMs = Math.max(0, ...branches.map(({ ringTimeoutSeconds }) => ringTimeoutSeconds * 1000));
  return {
    id: hub.id,
    federation: topology.federation,
    listen: hub.listen,
    ...(hub.http === undefined ? {} : { http: hub.http }),
    trunks: new Map(branches.map((branch) => [branch.id, hubTrunk(branch, secrets)])),
    registration: hub.registration,
    ringTimeoutMs: longestRingMs + HUB_RING_MARGIN_MS,
    logLevel: hub.logLevel,
  };
}

function hubTrunk({ trunk }: TopologyBranch, secrets: Secrets): HubTrunkSettings {
  return {
    secret: secrets.valueOf(trunk.secret),
    ...(trunk.address === undefined ? {} : { address: trunk.address }),
    ...(trunk.maxCalls === undefined ? {} : { maxCalls: trunk.maxCalls }),
  };
}

/** What a branch needs to run. `secrets` must have been resolved for it. */
export function branchSettings(topology: Topology, branch: TopologyBranch, secrets: Secrets): BranchSettings {
  const { id, name, listen, http, trunk, registration, ringTimeoutSeconds, dataDirectory, logLevel } = branch;
  return {
    id,
    name,
    federation: topology.federation,
    listen,
    numbers: branch.numbers.map(formatPattern),
    numbersElsewhere: numbersElsewhere(topology, branch),
    extensions: extensionsOf(branch, secrets),
    trunk: {
      secret: secrets.valueOf(trunk.secret),
      ...(trunk.maxCalls === undefined ? {} : { maxCalls: trunk.maxCalls }),
      hubs: trunk.hubs.flatMap((hub) => trunkHub(topology, hub) ?? []),
    },
    registration,
    maxContacts: MAX_CONTACTS_PER_EXTENSION,
    ringTimeoutMs: ringTimeoutSeconds * 1000,
    dataDirectory,
    ...(http === undefined ? {} : { http }),
    logLevel,
  };
}

function trunkHub(topology: Topology, id: string): TrunkHubSettings | undefined {
  const hub = topology.hubs.find((candidate) => candidate.id === id);
  return hub === undefined ? undefined : { id: hub.id, addresses: hub.listen };
}

function numbersElsewhere(topology: Topology, branch: TopologyBranch): readonly string[] {
  const others = topology.branches.filter(({ id }) => id !== branch.id).flatMap(({ numbers }) => numbers);
  const isInsideOwn = (pattern: (typeof others)[number]): boolean =>
    branch.numbers.some((own) => overlapOf(own, pattern)?.relation === "secondInsideFirst");
  return others.filter(isInsideOwn).map(formatPattern);
}

function extensionsOf(branch: TopologyBranch, secrets: Secrets): ReadonlyMap<ExtensionNumber, ExtensionSettings> {
  const extensions = new Map<ExtensionNumber, ExtensionSettings>();
  for (const { low, high, name, secret } of branch.extensions) {
    const settings = { ...(name === undefined ? {} : { name }), secret: secrets.valueOf(secret) };
    for (const number of numbersFromTo(low, high)) {
      extensions.set(extensionNumberSchema.parse(number), settings);
    }
  }
  return extensions;
}
