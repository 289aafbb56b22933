import { findOverlaps, formatPattern } from "@mss/dial-plan";
import type { NumberPattern } from "@mss/dial-plan";
import { MAX_CONTACTS_PER_EXTENSION, extensionNumberSchema } from "@mss/model";
import type {
  BranchSettings,
  ExtensionNumber,
  ExtensionSettings,
  HubSettings,
  HubTrunkSettings,
  TrunkHubSettings,
} from "@mss/model";
import { TopologyError } from "./errors.ts";
import { hubAddressesFor } from "./hub-addresses.ts";
import { numbersFromTo } from "./numbers-from-to.ts";
import type { Secrets } from "./secrets.ts";
import type { Topology, TopologyBranch } from "./topology.ts";

/** A hub waits longer than any branch lets its phones ring, so that the branch's own answer comes first. */
const HUB_RING_MARGIN_SECONDS = 10;

/** Throws UNKNOWN_NODE, and SECRET_NOT_RESOLVED when `secrets` was resolved for another node. */
export function hubSettings(topology: Topology, hubId: string, secrets: Secrets): HubSettings {
  const hub = topology.hubs.find(({ id }) => id === hubId);
  if (hub === undefined) {
    throw new TopologyError("UNKNOWN_NODE", { role: "hub", id: hubId });
  }
  const branches = topology.branches.filter(({ trunk }) => trunk.hubs.includes(hub.id));
  const ringTimeoutSeconds = Math.max(0, ...branches.map((branch) => branch.ringTimeoutSeconds));
  return {
    id: hub.id,
    federation: topology.federation,
    listen: hub.listen,
    ...(hub.external === undefined ? {} : { external: hub.external }),
    ...(hub.http === undefined ? {} : { http: hub.http }),
    trunks: new Map(branches.map((branch) => [branch.id, hubTrunk(branch, secrets)])),
    registration: hub.registration,
    limits: hub.limits,
    ringTimeoutMs: (ringTimeoutSeconds + HUB_RING_MARGIN_SECONDS) * 1000,
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

/** Throws UNKNOWN_NODE, and SECRET_NOT_RESOLVED when `secrets` was resolved for another node. */
export function branchSettings(topology: Topology, branchId: string, secrets: Secrets): BranchSettings {
  const branch = topology.branches.find(({ id }) => id === branchId);
  if (branch === undefined) {
    throw new TopologyError("UNKNOWN_NODE", { role: "branch", id: branchId });
  }
  const { id, name, listen, external, http, trunk, registration, limits, dataDirectory, logLevel } = branch;
  return {
    id,
    name,
    federation: topology.federation,
    listen,
    ...(external === undefined ? {} : { external }),
    numbers: branch.numbers.map(formatPattern),
    numbersElsewhere: numbersElsewhere(topology, branch).map(formatPattern),
    extensions: extensionMap(branch, secrets),
    trunk: {
      secret: secrets.valueOf(trunk.secret),
      ...(trunk.maxCalls === undefined ? {} : { maxCalls: trunk.maxCalls }),
      hubs: trunkHubs(topology, branch),
    },
    registration,
    limits,
    digestAlgorithms: branch.digestAlgorithms,
    maxContacts: MAX_CONTACTS_PER_EXTENSION,
    ringTimeoutMs: branch.ringTimeoutSeconds * 1000,
    dataDirectory,
    ...(http === undefined ? {} : { http }),
    logLevel,
  };
}

/** What lies inside the branch's numbers and belongs to another branch, which is more exact there. */
export function numbersElsewhere(topology: Topology, branch: TopologyBranch): readonly NumberPattern[] {
  const owned = topology.branches.flatMap(({ id, numbers }) => numbers.map((pattern) => ({ id, pattern })));
  const elsewhere = new Set<NumberPattern>();
  for (const { first, second, overlap } of findOverlaps(owned.map(({ pattern }) => pattern))) {
    const [one, other] = [owned[first], owned[second]];
    const inner = overlap.relation === "secondInsideFirst" ? other : one;
    const outer = inner === one ? other : one;
    if (inner !== undefined && inner.id !== branch.id && outer?.id === branch.id) {
      elsewhere.add(inner.pattern);
    }
  }
  return [...elsewhere];
}

function extensionMap(branch: TopologyBranch, secrets: Secrets): ReadonlyMap<ExtensionNumber, ExtensionSettings> {
  const extensions = new Map<ExtensionNumber, ExtensionSettings>();
  for (const { low, high, name, secret } of branch.extensions) {
    const settings = { ...(name === undefined ? {} : { name }), secret: secrets.valueOf(secret) };
    for (const number of numbersFromTo(low, high)) {
      extensions.set(extensionNumberSchema.parse(number), settings);
    }
  }
  return extensions;
}

function trunkHubs(topology: Topology, branch: TopologyBranch): readonly TrunkHubSettings[] {
  return branch.trunk.hubs.flatMap((wanted) =>
    topology.hubs
      .filter(({ id }) => id === wanted)
      .map((hub) => ({ id: hub.id, addresses: hubAddressesFor(hub, branch) })),
  );
}
