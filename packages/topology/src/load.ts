import { readFile, stat } from "node:fs/promises";
import { buildTopology } from "./build-topology.ts";
import type { CheckedFile } from "./build-topology.ts";
import { checkAddresses } from "./checks/check-addresses.ts";
import { checkCarriers } from "./checks/check-carriers.ts";
import { checkExternalAddresses } from "./checks/check-external-address.ts";
import { checkExtensions } from "./checks/check-extensions.ts";
import { checkFederation, checkNodes, checkPresence } from "./checks/check-nodes.ts";
import { checkNumbers, planOf } from "./checks/check-numbers.ts";
import { checkRules } from "./checks/check-rules.ts";
import { checkPlainSecrets } from "./checks/check-secrets.ts";
import { checkTls } from "./checks/check-tls.ts";
import { checkTrunks } from "./checks/check-trunks.ts";
import { proveTopology, warnWithoutEmergency } from "./checks/prove-rules.ts";
import { readFacts } from "./document/facts.ts";
import type { NodeFacts } from "./document/facts.ts";
import { topologyDocumentSchema } from "./document/schema.ts";
import type { TopologyDocument } from "./document/schema.ts";
import { reportShape } from "./document/shape-faults.ts";
import { readSourceTree } from "./document/source-tree.ts";
import type { SourceNode } from "./document/source-tree.ts";
import { FaultCollector } from "./fault.ts";
import type { Fault, FaultCode } from "./fault.ts";
import { toSnapshot } from "./snapshot.ts";
import type { Topology } from "./topology.ts";

/** The outcome of a check. There are all faults of all files, in order of file and line; warnings come with both. */
export type CheckedTopology =
  | {
      readonly kind: "ok";
      readonly topology: Topology;
      /** The files as they are written, without the defaults. */
      readonly documents: readonly PlainDocument[];
      readonly warnings: readonly Fault[];
    }
  | { readonly kind: "faulty"; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] };

/** A file without places: mappings, lists and values. */
export interface PlainDocument {
  readonly file: string;
  readonly plain: unknown;
}

export interface TopologySource {
  /** As it appears in faults; relative paths inside are taken from its directory. */
  readonly file: string;
  readonly text: string;
}

export interface LoadOptions {
  /** Rejects for a file that cannot be read; the code of a system error is shown. Default: the file system. */
  readonly readFile?: (file: string) => Promise<string>;
}

const MAX_FILE_BYTES = 1_000_000;

/** Reads and checks files of one federation. What is wrong is a value, also a file that is not there. */
export async function loadTopology(files: readonly string[], options: LoadOptions = {}): Promise<CheckedTopology> {
  const collector = new FaultCollector();
  const sources: TopologySource[] = [];
  if (files.length === 0) {
    const advice = "name at least one YAML file";
    const place = { file: "topology", line: 1, column: 1 };
    collector.fault(place, { code: "unreadable-file", path: "", message: "there is no file to read", advice });
  }
  for (const file of files) {
    collector.remember(file);
    try {
      sources.push({ file, text: await (options.readFile ?? readTopologyFile)(file) });
    } catch (error) {
      collector.fault({ file, line: 1, column: 1 }, { ...unreadable(error), path: "" });
    }
  }
  return check(sources, collector);
}

/** As `loadTopology`, for texts that are already there. */
export function checkTopology(sources: readonly TopologySource[]): CheckedTopology {
  return check(sources, new FaultCollector());
}

class TooLargeError extends Error {}
class NoRegularFileError extends Error {}

/** UTF-8 strictly, and never more than the limit: a device or a pipe is no topology. */
async function readTopologyFile(file: string): Promise<string> {
  const status = await stat(file);
  if (!status.isFile()) {
    throw new NoRegularFileError();
  }
  if (status.size > MAX_FILE_BYTES) {
    throw new TooLargeError();
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
}

function unreadable(error: unknown): Pick<Fault, "code" | "message" | "advice"> {
  if (error instanceof TooLargeError) {
    return TOO_LARGE;
  }
  if (error instanceof NoRegularFileError) {
    return { code: "unreadable-file", message: "this is no regular file", advice: "give the path of a YAML file" };
  }
  const systemCode = error instanceof Error && "code" in error ? String(error.code) : "";
  const [message, advice] = READ_FAILURES[systemCode] ?? ["the file cannot be read", "check the path and the disk"];
  return { code: "unreadable-file", message, advice };
}

const TOO_LARGE = {
  code: "too-large",
  message: `the file is above ${MAX_FILE_BYTES / 1_000_000} MB`,
  advice: "give several smaller files, and ranges instead of single numbers",
} as const;

const READ_FAILURES: Readonly<Record<string, readonly [message: string, advice: string]>> = {
  ENOENT: ["there is no such file", "check the path"],
  EACCES: ["the file may not be read", "give the user of this process the right to read it"],
  ERR_ENCODING_INVALID_ENCODED_DATA: ["the file is not UTF-8", "save it in UTF-8"],
};

/** After these, what the other files refer to may well be in the file that was not read. */
const UNREAD: ReadonlySet<FaultCode> = new Set(["unreadable-file", "too-large", "yaml-syntax"]);

interface ReadFile {
  readonly file: string;
  readonly tree: SourceNode;
  /** Undefined when the shape is wrong. */
  readonly document: TopologyDocument | undefined;
  readonly facts: readonly NodeFacts[];
}

function check(sources: readonly TopologySource[], collector: FaultCollector): CheckedTopology {
  const files = sources.flatMap((source) => readSource(source, collector) ?? []);
  const isComplete = files.length === sources.length && collector.faults.every(({ code }) => !UNREAD.has(code));
  checkTogether({ files, isComplete }, collector);
  const checked = files.flatMap(({ document, ...rest }): CheckedFile[] =>
    document === undefined ? [] : [{ ...rest, document }],
  );
  if (checked.length === files.length && isComplete) {
    checkCarriers(checked, collector);
    checkRules(checked, collector); // a rule may name what is in a file that could not be read
  }
  const topology = collector.faults.length > 0 ? undefined : proven(checked, collector);
  const { faults, warnings } = collector;
  return topology === undefined || faults.length > 0
    ? { kind: "faulty", faults, warnings }
    : { kind: "ok", topology, documents: checked.map(({ file, tree: { plain } }) => ({ file, plain })), warnings };
}

/** What follows from all rules together can be said of files that have no other fault. */
function proven(checked: readonly CheckedFile[], collector: FaultCollector): Topology {
  const topology = buildTopology(checked);
  proveTopology(toSnapshot(topology), checked, collector);
  warnWithoutEmergency(topology, checked, collector);
  return topology;
}

function readSource(source: TopologySource, collector: FaultCollector): ReadFile | undefined {
  const { file } = source;
  const text = source.text.replace(/^\uFEFF/, ""); // the byte order mark of some editors is no column
  if (text.length > MAX_FILE_BYTES) {
    collector.fault({ file, line: 1, column: 1 }, { ...TOO_LARGE, path: "" });
    return undefined;
  }
  collector.addSource(file, text);
  const tree = readSourceTree(file, text, collector);
  if (tree === undefined) {
    return undefined;
  }
  if (tree.plain === null) {
    const advice = "describe a federation: federation, hubs and branches, as in topology/demo.yaml";
    collector.fault(tree.place, { code: "missing-key", path: "", message: "the file is empty", advice });
    return undefined;
  }
  const parsed = topologyDocumentSchema.safeParse(tree.plain);
  if (!parsed.success) {
    reportShape(tree, parsed.error.issues, collector);
  }
  return { file, tree, document: parsed.data, facts: readFacts(file, tree, collector) };
}

interface FileSet {
  readonly files: readonly ReadFile[];
  /** False: a file could not be read, so that nothing can be said of what is missing. */
  readonly isComplete: boolean;
}

function checkTogether({ files, isComplete }: FileSet, collector: FaultCollector): void {
  const trees = files.map(({ tree }) => tree);
  const nodes = files.flatMap(({ facts }) => facts);
  const hubs = nodes.filter(({ role }) => role === "hub");
  const branches = nodes.filter(({ role }) => role === "branch");
  checkFederation(trees, collector);
  checkNodes(nodes, collector);
  if (isComplete) {
    checkPresence(nodes, trees, collector);
  }
  checkNumbers(branches, collector);
  const plan = planOf(branches);
  for (const branch of branches) {
    checkExtensions(branch, plan, collector);
    checkPlainSecrets(branch, collector);
  }
  checkAddresses(nodes, collector);
  checkExternalAddresses(nodes, collector);
  checkTls(nodes, collector);
  checkTrunks({ hubs, branches, isComplete }, collector);
}
