import type { PlainDocument } from "../load.ts";
import type { Topology, TopologyBranch, TopologyHub } from "../topology.ts";
import { mappingOf, omit, pick, sectionEntry } from "./mapping.ts";
import type { Mapping } from "./mapping.ts";
import { variableName } from "./secret-names.ts";
import type { SecretNames } from "./secret-names.ts";

interface HubPartOptions {
  readonly topology: Topology;
  readonly documents: readonly PlainDocument[];
  readonly names: SecretNames;
  readonly dataDirectory: string | undefined;
}

/** What concerns the phones and the machine of a branch, and no hub. */
const OF_BRANCHES_ALONE = ["extensions", "registration", "limits", "digest", "data", "logLevel", "http"];
const OF_FILES = ["certificate", "key", "authority"];

/** The whole federation but for its phones: every hub must come to the same snapshot. */
export function hubPart(hub: TopologyHub, options: HubPartOptions): Mapping {
  const { topology, documents } = options;
  const rules = ["calendars", "routes", "blocked"].map((section) => {
    const entries = documents.flatMap(({ plain }) => Object.entries(mappingOf(mappingOf(plain)[section])));
    return [section, Object.fromEntries(entries)] as const;
  });
  return {
    hubs: Object.fromEntries(topology.hubs.map(({ id }) => [id, hubEntry(id, hub, options)])),
    branches: Object.fromEntries(topology.branches.map((branch) => [branch.id, branchEntry(branch, hub, options)])),
    ...Object.fromEntries(rules.filter(([, entries]) => Object.keys(entries).length > 0)),
  };
}

function hubEntry(id: string, own: TopologyHub, { documents, dataDirectory }: HubPartOptions): Mapping {
  const written = sectionEntry(documents, "hubs", id);
  const data = dataDirectory === undefined ? {} : { data: dataDirectory };
  return id === own.id
    ? { ...omit(written, ["data"]), ...tlsWithoutFiles(written), ...data }
    : pick(written, ["sip", "externalAddress", "localNetworks"]);
}

function branchEntry(branch: TopologyBranch, hub: TopologyHub, { documents, names }: HubPartOptions): Mapping {
  const written = sectionEntry(documents, "branches", branch.id);
  const { secret } = branch.trunk;
  const isOurs = branch.trunk.hubs.includes(hub.id);
  return {
    ...omit(written, [...OF_BRANCHES_ALONE, "carrier"]),
    ...tlsWithoutFiles(written),
    ...carrierWithoutAccounts(written),
    trunk: {
      ...mappingOf(written["trunk"]),
      // The format asks for a password; that of a trunk to other hubs is never looked up here.
      secret: isOurs
        ? names.refer(secret, { owner: branch.id, what: "trunk" })
        : { env: variableName(`${branch.id}-trunk-of-another-hub`) },
      hubs: branch.trunk.hubs,
    },
  };
}

/** Names and order of the lines: a snapshot has no more of them. */
function carrierWithoutAccounts(written: Mapping): Mapping {
  const section = mappingOf(written["carrier"]);
  const lines = Object.entries(mappingOf(section["lines"])).map(
    ([id, line]) => [id, pick(mappingOf(line), ["server", "priority"])] as const,
  );
  return "carrier" in written ? { carrier: { ...section, lines: Object.fromEntries(lines) } } : {};
}

function tlsWithoutFiles(written: Mapping): Mapping {
  const tls = omit(mappingOf(written["tls"]), OF_FILES);
  return "tls" in written ? { tls } : {};
}
