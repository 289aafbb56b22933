import { isIPv6 } from "node:net";
import { branchRules } from "@mss/dial-plan";
import type { BranchRules } from "@mss/dial-plan";
import type { BranchId, Endpoint } from "@mss/model";
import { hubAddressesFor, hubApiFor } from "../hub-addresses.ts";
import type { PlainDocument } from "../load.ts";
import { overflowNumbers } from "../settings-carrier.ts";
import { toSnapshot } from "../snapshot.ts";
import type { Topology, TopologyBranch, TopologyExtension, TopologyHub } from "../topology.ts";
import { mappingOf, omit, pick, sectionEntry } from "./mapping.ts";
import type { Mapping } from "./mapping.ts";
import type { SecretNames } from "./secret-names.ts";

interface BranchPartOptions {
  readonly topology: Topology;
  readonly documents: readonly PlainDocument[];
  readonly names: SecretNames;
  readonly dataDirectory: string | undefined;
}

/** Hubs, this branch and the rules for its calls. */
export function branchPart(branch: TopologyBranch, options: BranchPartOptions): Mapping {
  const { topology } = options;
  const rules = branchRules(toSnapshot(topology), branch.id);
  const hubs = branch.trunk.hubs.flatMap((wanted) => topology.hubs.filter(({ id }) => id === wanted));
  return {
    hubs: Object.fromEntries(hubs.map((hub) => [hub.id, hubAsSeenBy(branch, hub)])),
    branches: { [branch.id]: ownEntry(branch, rules?.numbersElsewhere ?? [], options) },
    ...rulesOf(branch, rules),
  };
}

/** The addresses that this branch calls: on which side of a router both stand is decided by now. */
function hubAsSeenBy(branch: TopologyBranch, hub: TopologyHub): Mapping {
  const named = hubAddressesFor(hub, branch).slice(0, hub.listen.length); // TLS by default follows from these
  const speaksTls = hub.tls.defaultListen.length > 0 || named.some(({ transport }) => transport === "tls");
  const api = hubApiFor(hub, branch);
  return {
    sip: { listen: named.map((address) => `${address.transport}://${endpointText(address)}`) },
    ...(speaksTls ? {} : { tls: { listen: false } }),
    ...(api === undefined ? {} : { api: { listen: endpointText(api) } }),
  };
}

function endpointText({ host, port }: Endpoint): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

function ownEntry(branch: TopologyBranch, numbersElsewhere: readonly string[], options: BranchPartOptions): Mapping {
  const { documents, names, dataDirectory } = options;
  const written = sectionEntry(documents, "branches", branch.id);
  const tls = pick(mappingOf(written["tls"]), ["names", "listen"]);
  const owner = branch.id;
  const elsewhere = [...new Set([...numbersElsewhere, ...branch.numbersElsewhere])];
  return {
    ...omit(written, ["tls", "trunk", "extensions", "data", "numbersElsewhere", "carrier", "publicNumbersElsewhere"]),
    ...(elsewhere.length === 0 ? {} : { numbersElsewhere: elsewhere }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    trunk: {
      ...mappingOf(written["trunk"]),
      hubs: branch.trunk.hubs,
      secret: names.refer(branch.trunk.secret, { owner, what: "trunk" }),
    },
    ...carrierEntry(branch, written, options),
    extensions: new Map(branch.extensions.map((extension) => extensionEntry(extension, owner, names))), // in their order
    ...(dataDirectory === undefined ? {} : { data: dataDirectory }),
  };
}

/** Its lines, and whom of the other branches it reaches over them. */
function carrierEntry(branch: TopologyBranch, written: Mapping, { topology, names }: BranchPartOptions): Mapping {
  const { carrier, id: owner } = branch;
  if (carrier === undefined) {
    return {};
  }
  const section = mappingOf(written["carrier"]);
  const lines = Object.entries(mappingOf(section["lines"])).map(([id, line]) => {
    const secret = carrier.lines.find((each) => each.id === id)?.account?.secret;
    const entry = mappingOf(line);
    const account = {
      ...mappingOf(entry["account"]),
      ...(secret && { secret: names.refer(secret, { owner, what: id }) }),
    };
    return [id, secret === undefined ? entry : { ...entry, account }] as const;
  });
  const elsewhere = overflowNumbers(topology, branch).map(
    ({ numbers, public: publicNumbers }) => [`+${publicNumbers}`, numbers] as const,
  );
  return {
    carrier: { ...section, lines: Object.fromEntries(lines) },
    ...(elsewhere.length === 0 ? {} : { publicNumbersElsewhere: Object.fromEntries(elsewhere) }),
  };
}

function extensionEntry(
  { low, high, name, secret, maxCalls, callRate }: TopologyExtension,
  owner: string,
  names: SecretNames,
): readonly [string, Mapping] {
  const what = low === high ? low : `${low}-${high}`;
  const limits = {
    ...(maxCalls === undefined ? {} : { maxCalls }),
    ...(callRate === undefined ? {} : { callRate }),
  };
  return [what, { ...(name === undefined ? {} : { name }), secret: names.refer(secret, { owner, what }), ...limits }];
}

const STANDARD_TIME_ZONE = "UTC";

/** A rule for this branch's calls needs no `from`, and a calendar of another site no more than its time zone. */
function rulesOf(branch: TopologyBranch, rules: BranchRules<BranchId> | undefined): Mapping {
  const { blocked = [], calendars = [], siteTimeZones = {} } = rules ?? {};
  const clockOf = (site: string | undefined): Mapping => {
    if (site === undefined) {
      return {};
    }
    return site === branch.id ? { site } : { timeZone: siteTimeZones[site] ?? STANDARD_TIME_ZONE };
  };
  return {
    ...(calendars.length === 0
      ? {}
      : {
          calendars: Object.fromEntries(
            calendars.map(({ id, site, timeZone, ...hours }) => [
              id,
              { ...(timeZone === undefined ? clockOf(site) : { timeZone }), ...hours },
            ]),
          ),
        }),
    ...(blocked.length === 0
      ? {}
      : { blocked: Object.fromEntries(blocked.map(({ id, from: _from, ...rule }) => [id, rule])) }),
  };
}
