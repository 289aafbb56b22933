import { branchRules } from "@mss/dial-plan";
import type { BranchRules } from "@mss/dial-plan";
import { MAX_CONTACTS_PER_EXTENSION, extensionNumberSchema } from "@mss/model";
import type {
  BranchId,
  BranchPartBody,
  BranchSettings,
  DirectSettings,
  EmergencySettings,
  ExtensionNumber,
  ExtensionSettings,
  HubSettings,
  HubTrunkSettings,
  TlsSettings,
  TrunkHubSettings,
} from "@mss/model";
import { TopologyError } from "./errors.ts";
import { directAddressesFor, hubAddressesFor, hubApiFor } from "./hub-addresses.ts";
import { numbersFromTo } from "./numbers-from-to.ts";
import type { Secrets } from "./secrets.ts";
import { carrierLines, publicNetworkRules } from "./settings-carrier.ts";
import { toSnapshot } from "./snapshot.ts";
import type { Topology, TopologyBranch, TopologyTls } from "./topology.ts";

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
    largeRequestBytes: hub.largeRequestBytes,
    ...(hub.external === undefined ? {} : { external: hub.external }),
    tls: tlsSettings(hub.tls),
    signingKeys: topology.signingKeys,
    dataDirectory: hub.dataDirectory,
    ...(hub.http === undefined ? {} : { http: hub.http }),
    ...(hub.api === undefined ? {} : { api: hub.api }),
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
    ...(trunk.requireCertificate ? { requireCertificate: true } : {}),
  };
}

function tlsSettings({ certificate, key, authority, defaultListen }: TopologyTls): TlsSettings {
  return { certificate, key, authority, defaultListen };
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
    largeRequestBytes: branch.largeRequestBytes,
    ...(external === undefined ? {} : { external }),
    tls: tlsSettings(branch.tls),
    ...callRules(topology, branch),
    ...carrierLines(branch, secrets),
    extensions: extensionMap(branch, secrets),
    trunk: {
      secret: secrets.valueOf(trunk.secret),
      ...(trunk.maxCalls === undefined ? {} : { maxCalls: trunk.maxCalls }),
      ...(trunk.requireCertificate ? { requireCertificate: true } : {}),
      probe: trunk.probe,
      hubs: trunkHubs(topology, branch),
    },
    ...directPart(topology, branch),
    registration,
    limits,
    signingKeys: topology.signingKeys,
    digestAlgorithms: branch.digestAlgorithms,
    maxContacts: MAX_CONTACTS_PER_EXTENSION,
    ringTimeoutMs: branch.ringTimeoutSeconds * 1000,
    dataDirectory,
    ...(http === undefined ? {} : { http }),
    logLevel,
  };
}

type CallRules = Pick<
  BranchSettings,
  | "numbers"
  | "numbersElsewhere"
  | "siteCode"
  | "timeZone"
  | "emergency"
  | "outside"
  | "publicNumbers"
  | "overflow"
  | "blocked"
  | "calendars"
  | "siteTimeZones"
>;

/** Its part of the federation's rules, and where its emergency calls go. */
function callRules(topology: Topology, branch: TopologyBranch): CallRules {
  const { id, numbersElsewhere, emergency } = branch;
  const { id: _id, emergency: _numbers, ...rules } = branchRules(toSnapshot(topology), id) ?? NO_RULES;
  const to = (emergency?.to ?? []).flatMap((name) => emergencyWay(name, branch));
  return {
    ...withoutUndefined(rules),
    numbersElsewhere: [...new Set([...rules.numbersElsewhere, ...numbersElsewhere])],
    ...(emergency === undefined ? {} : { emergency: { numbers: emergency.numbers, to } }),
    ...publicNetworkRules(topology, branch),
  };
}

function withoutUndefined({
  siteCode,
  timeZone,
  blocked,
  calendars,
  siteTimeZones,
  outside,
  ...numbers
}: Omit<BranchRules<BranchId>, "id" | "emergency">): CallRules {
  return {
    ...numbers,
    ...(outside === undefined ? {} : { outside }),
    ...(siteCode === undefined ? {} : { siteCode }),
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(blocked === undefined ? {} : { blocked }),
    ...(calendars === undefined ? {} : { calendars }),
    ...(siteTimeZones === undefined ? {} : { siteTimeZones }),
  };
}

const NO_RULES: BranchRules<BranchId> = { id: "", numbers: [], numbersElsewhere: [] };

type EmergencyWays = EmergencySettings["to"];

function emergencyWay(name: string, { gateways, carrier }: TopologyBranch): EmergencyWays {
  const gateway = gateways.find(({ id }) => id === name);
  if (gateway !== undefined) {
    return [{ kind: "gateway", gateway }];
  }
  if (carrier?.lines.some(({ id }) => id === name) === true) {
    return [{ kind: "carrier", line: name }];
  }
  const number = extensionNumberSchema.safeParse(name);
  return number.success ? [{ kind: "extension", number: number.data }] : [];
}

function extensionMap(branch: TopologyBranch, secrets: Secrets): ReadonlyMap<ExtensionNumber, ExtensionSettings> {
  const extensions = new Map<ExtensionNumber, ExtensionSettings>();
  for (const { low, high, name, secret, maxCalls, callRate } of branch.extensions) {
    const settings = {
      ...(name === undefined ? {} : { name }),
      secret: secrets.valueOf(secret),
      ...(maxCalls === undefined ? {} : { maxCalls }),
      ...(callRate === undefined ? {} : { callRate }),
    };
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
      .map((hub) => {
        const api = hubApiFor(hub, branch);
        return { id: hub.id, addresses: hubAddressesFor(hub, branch), ...(api === undefined ? {} : { api }) };
      }),
  );
}

/** The rules of the federation and the other branches, for one that calls them straight. */
function directPart(topology: Topology, branch: TopologyBranch): { readonly direct?: DirectSettings } {
  if (!branch.direct) {
    return {};
  }
  const { branches, calendars, routes, blocked } = toSnapshot(topology);
  const peers = topology.branches.flatMap((peer) => {
    const addresses = peer.direct && peer.id !== branch.id ? directAddressesFor(peer, branch) : [];
    return addresses.length === 0 ? [] : [{ id: peer.id, addresses }];
  });
  const rules = {
    branches: branches.map(({ id, numbers, siteCode, timeZone, emergency }) => ({
      id,
      numbers,
      ...(siteCode === undefined ? {} : { siteCode }),
      ...(timeZone === undefined ? {} : { timeZone }),
      ...(emergency === undefined ? {} : { emergency }),
    })),
    ...(calendars === undefined ? {} : { calendars }),
    ...(routes === undefined ? {} : { routes }),
    ...(blocked === undefined ? {} : { blocked }),
  };
  return { direct: { rules, peers } };
}

/** What a branch goes by of the topology, without a secret. */
export function branchPartBodyOf(topology: Topology, branch: TopologyBranch): BranchPartBody {
  const { maxCalls } = branch.trunk;
  return {
    branch: branch.id,
    rules: callRules(topology, branch),
    trunk: { ...(maxCalls === undefined ? {} : { maxCalls }), hubs: trunkHubs(topology, branch) },
    ...directPart(topology, branch),
  };
}

/** Settings of a branch with the rules, hubs and other branches of its part of a topology in place of those of its own file. */
export function settingsWithPart(settings: BranchSettings, { rules, trunk, direct }: BranchPartBody): BranchSettings {
  const { maxCalls: _maxCalls, ...ownTrunk } = settings.trunk;
  const {
    siteCode: _siteCode,
    timeZone: _timeZone,
    emergency: _emergency,
    blocked: _blocked,
    calendars: _calendars,
    siteTimeZones: _siteTimeZones,
    outside: _outside,
    publicNumbers: _publicNumbers,
    overflow: _overflow,
    direct: _direct,
    ...own
  } = settings;
  return { ...own, ...rules, trunk: { ...ownTrunk, ...trunk }, ...(direct && { direct }) };
}
