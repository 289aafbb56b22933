import path from "node:path";
import { branchIdSchema, hubIdSchema } from "@mss/model";
import type { GatewaySettings, HubId, RegistrationSettings, TransportAddress } from "@mss/model";
import { carrierOf } from "./carrier-of.ts";
import { defaultTls } from "./default-tls.ts";
import { parseListen } from "./document/address.ts";
import { present, rulesOf } from "./rules-of.ts";
import type { BranchDocument, HubDocument, TopologyDocument } from "./document/schema.ts";
import type { ExtensionFact, NodeFacts, Statement } from "./document/facts.ts";
import type { SourceNode } from "./document/source-tree.ts";
import type {
  SecretReference,
  Topology,
  TopologyBranch,
  TopologyExtension,
  TopologyHub,
  TopologyTls,
} from "./topology.ts";

/** A file that has passed the schema, with the statements that were read from it. */
export interface CheckedFile {
  readonly file: string;
  readonly tree: SourceNode;
  readonly document: TopologyDocument;
  readonly facts: readonly NodeFacts[];
}

/** Puts files without faults together. */
export function buildTopology(files: readonly CheckedFile[]): Topology {
  const defaults = defaultTls(files.flatMap(({ facts }) => facts));
  const nodes = files.flatMap((file) =>
    file.facts.map((facts) => ({ ...file, facts, defaultListen: defaults.get(facts)?.listen ?? [] })),
  );
  const hubs = nodes.flatMap((node) => {
    const { document, facts } = node;
    const hub = facts.role === "hub" ? document.hubs[facts.id] : undefined;
    return hub === undefined ? [] : [{ ...buildHub(hub, facts), tls: tlsOf(node, hub.tls) }];
  });
  const allHubs = hubs.map(({ id }) => id);
  const branches = nodes.flatMap((node) => {
    const { document, facts } = node;
    const branch = facts.role === "branch" ? document.branches[facts.id] : undefined;
    const built = branch && buildBranch(branch, facts, allHubs);
    return branch === undefined || built === undefined ? [] : [{ ...built, tls: tlsOf(node, branch.tls) }];
  });
  const first = files[0];
  const certificates = path.resolve(path.dirname(first?.file ?? ""), first?.document.certificates ?? "");
  const signingKeys = [...new Set(files.flatMap(({ document }) => document.signing?.keys ?? []))];
  const federation = first?.document.federation ?? "";
  return { federation, signingKeys, certificates, hubs, branches, rules: rulesOf(files) };
}

interface NodeOfFile {
  readonly document: TopologyDocument;
  readonly facts: NodeFacts;
  readonly defaultListen: readonly TransportAddress[];
}

function tlsOf({ document, facts, defaultListen }: NodeOfFile, tls: HubDocument["tls"]): TopologyTls {
  const { file, id, node } = facts;
  const resolve = (...parts: readonly string[]): string => path.resolve(path.dirname(file), ...parts);
  const asked = facts.listen.find(({ value }) => value.transport === "tls");
  return {
    certificate: resolve(tls.certificate ?? path.join(document.certificates, `${id}.crt`)),
    key: resolve(tls.key ?? path.join(document.certificates, `${id}.key`)),
    authority: resolve(tls.authority ?? path.join(document.certificates, "authority.crt")),
    names: facts.tlsNames.map(({ value }) => value),
    defaultListen,
    path: asked?.path ?? node.path,
    place: asked?.place ?? node.keyPlace,
  };
}

function buildHub(hub: HubDocument, facts: NodeFacts): Omit<TopologyHub, "tls"> {
  return {
    id: hubIdSchema.parse(facts.id),
    listen: facts.listen.map(({ value }) => value),
    largeRequestBytes: hub.sip.largeRequestBytes,
    ...externalOf(facts),
    ...(facts.http === undefined ? {} : { http: facts.http.value }),
    ...(facts.api === undefined ? {} : { api: facts.api.value }),
    registration: registrationOf(hub.registration),
    dataDirectory: dataDirectoryOf(facts, hub.data),
    limits: hub.limits,
    logLevel: hub.logLevel,
  };
}

function buildBranch(
  branch: BranchDocument,
  facts: NodeFacts,
  allHubs: readonly HubId[],
): Omit<TopologyBranch, "tls"> | undefined {
  const secret = facts.trunkSecret;
  if (secret === undefined) {
    return undefined; // cannot be: the schema asks for it
  }
  const { maxCalls, callRate, probe, hubs, requireCertificate } = branch.trunk;
  const address = facts.trunkAddress?.value;
  return {
    id: branchIdSchema.parse(facts.id),
    name: branch.name ?? facts.id,
    numbers: facts.numbers.map(({ value }) => value),
    numbersElsewhere: branch.numbersElsewhere ?? [],
    ...(branch.siteCode === undefined ? {} : { siteCode: branch.siteCode }),
    timeZone: branch.timeZone,
    ...(branch.emergency === undefined ? {} : { emergency: branch.emergency }),
    gateways: gatewaysOf(branch),
    ...carrierOf(branch, facts),
    listen: facts.listen.map(({ value }) => value),
    largeRequestBytes: branch.sip.largeRequestBytes,
    ...externalOf(facts),
    ...(facts.http === undefined ? {} : { http: facts.http.value }),
    trunk: {
      secret,
      ...(maxCalls === undefined ? {} : { maxCalls }),
      ...(callRate === undefined ? {} : { callRate }),
      probe,
      ...(address === undefined ? {} : { address }),
      hubs: hubs === undefined ? allHubs : hubs.map((hub) => hubIdSchema.parse(hub)),
      requireCertificate,
    },
    direct: branch.direct,
    extensions: facts.extensions.flatMap((extension) => buildExtension(branch, extension) ?? []),
    registration: registrationOf(branch.registration),
    limits: branch.limits,
    digestAlgorithms: [...new Set(branch.digest)],
    ringTimeoutSeconds: branch.ringTimeoutSeconds,
    dataDirectory: dataDirectoryOf(facts, branch.data),
    logLevel: branch.logLevel,
  };
}

function dataDirectoryOf({ file, id }: NodeFacts, data: string | undefined): string {
  return path.resolve(path.dirname(file), data ?? path.join("data", id));
}

function externalOf({ externalAddress, localNetworks }: NodeFacts): Pick<TopologyHub, "external"> {
  return externalAddress === undefined
    ? {}
    : { external: { address: externalAddress.value, localNetworks: localNetworks.map(({ value }) => value) } };
}

function gatewaysOf({ gateways }: BranchDocument): readonly GatewaySettings[] {
  return Object.entries(gateways).flatMap(([id, { address, caller }]) => {
    const parsed = parseListen(address);
    const rewrite = caller === undefined ? {} : { caller: present(caller) };
    return parsed.kind === "address" ? [{ id, address: parsed.address, ...rewrite }] : [];
  });
}

function buildExtension(branch: BranchDocument, { value }: Statement<ExtensionFact>): TopologyExtension | undefined {
  const secret: SecretReference | undefined = value.secret;
  const { name, maxCalls, callRate } = branch.extensions[value.key] ?? {};
  const { low, high } = value.pattern;
  return (
    secret && {
      low,
      high,
      ...(name === undefined ? {} : { name }),
      secret,
      ...(maxCalls === undefined ? {} : { maxCalls }),
      ...(callRate === undefined ? {} : { callRate }),
    }
  );
}

function registrationOf(registration: HubDocument["registration"]): RegistrationSettings {
  const { minExpiresSeconds, maxExpiresSeconds, defaultExpiresSeconds = maxExpiresSeconds } = registration;
  return { minExpiresSeconds, maxExpiresSeconds, defaultExpiresSeconds };
}
