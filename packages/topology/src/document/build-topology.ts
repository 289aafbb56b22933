import path from "node:path";
import { branchIdSchema, hubIdSchema } from "@mss/model";
import type { HubId, RegistrationSettings } from "@mss/model";
import { CodedError } from "@mss/runtime";
import type { SecretReference, Topology, TopologyBranch, TopologyExtension, TopologyHub } from "../topology.ts";
import type { ExtensionFact, NodeFacts, Statement } from "./facts.ts";
import type { BranchDocument, HubDocument, TopologyDocument } from "./schema.ts";

/** One file that passed the schema, with the statements that were read from it. */
export interface ReadDocument {
  readonly document: TopologyDocument;
  readonly facts: readonly NodeFacts[];
}

/** Joins the files of a federation. Only for documents without a fault: whatever is missing then is a fault of ours. */
export function buildTopology(documents: readonly ReadDocument[]): Topology {
  const facts = documents.flatMap((read) => read.facts);
  const find = (role: NodeFacts["role"], id: string): NodeFacts =>
    required(facts.find((node) => node.role === role && node.id === id));
  const hubs = documents.flatMap(({ document }) =>
    Object.entries(document.hubs).map(([id, hub]) => buildHub(find("hub", id), hub)),
  );
  const hubIds = hubs.map(({ id }) => id);
  const branches = documents.flatMap(({ document }) =>
    Object.entries(document.branches).map(([id, branch]) => buildBranch(find("branch", id), branch, hubIds)),
  );
  return { federation: required(documents[0]).document.federation, hubs, branches };
}

function buildHub(facts: NodeFacts, document: HubDocument): TopologyHub {
  return {
    id: hubIdSchema.parse(facts.id),
    listen: values(facts.listen),
    ...(facts.http === undefined ? {} : { http: facts.http.value }),
    registration: registrationOf(document),
    logLevel: document.logLevel,
  };
}

function buildBranch(facts: NodeFacts, document: BranchDocument, allHubs: readonly HubId[]): TopologyBranch {
  const { name, trunk, ringTimeoutSeconds, data, logLevel } = document;
  const named = facts.trunkHubs.map(({ value }) => hubIdSchema.parse(value));
  return {
    id: branchIdSchema.parse(facts.id),
    name: name ?? facts.id,
    numbers: values(facts.numbers),
    listen: values(facts.listen),
    ...(facts.http === undefined ? {} : { http: facts.http.value }),
    trunk: {
      secret: required(facts.trunkSecret),
      ...(trunk.maxCalls === undefined ? {} : { maxCalls: trunk.maxCalls }),
      ...(facts.trunkAddress === undefined ? {} : { address: facts.trunkAddress.value }),
      hubs: named.length === 0 ? allHubs : named,
    },
    extensions: facts.extensions.map((extension) => buildExtension(extension, document)),
    registration: registrationOf(document),
    ringTimeoutSeconds,
    dataDirectory: path.resolve(path.dirname(facts.file), data ?? path.join("data", facts.id)),
    logLevel,
  };
}

function buildExtension({ value }: Statement<ExtensionFact>, document: BranchDocument): TopologyExtension {
  const name = document.extensions[value.key]?.name;
  const secret: SecretReference = required(value.secret);
  return { low: value.pattern.low, high: value.pattern.high, ...(name === undefined ? {} : { name }), secret };
}

function registrationOf({ registration }: HubDocument | BranchDocument): RegistrationSettings {
  return {
    ...registration,
    defaultExpiresSeconds: registration.defaultExpiresSeconds ?? registration.maxExpiresSeconds,
  };
}

function values<Value>(statements: readonly Statement<Value>[]): readonly Value[] {
  return statements.map(({ value }) => value);
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) {
    throw new CodedError("TOPOLOGY_INCONSISTENT", "a checked document lacks what the checks should have asked for");
  }
  return value;
}
