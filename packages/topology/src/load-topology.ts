import { readFile, stat } from "node:fs/promises";
import { checkAddresses } from "./checks/check-addresses.ts";
import { checkExtensions } from "./checks/check-extensions.ts";
import { checkFederation, checkNodes } from "./checks/check-nodes.ts";
import { checkNumbers, planOf } from "./checks/check-numbers.ts";
import { checkPlainSecrets } from "./checks/check-secrets.ts";
import { checkTrunks } from "./checks/check-trunks.ts";
import { buildTopology } from "./document/build-topology.ts";
import type { ReadDocument } from "./document/build-topology.ts";
import { readFacts } from "./document/facts.ts";
import type { NodeFacts } from "./document/facts.ts";
import { topologyDocumentSchema } from "./document/schema.ts";
import { reportShape } from "./document/shape-faults.ts";
import { readSourceTree } from "./document/source-tree.ts";
import type { SourceNode } from "./document/source-tree.ts";
import { FaultCollector } from "./fault.ts";
import type { Fault } from "./fault.ts";
import type { Topology } from "./topology.ts";

/** All that is wrong is told at once. Warnings do not stop anything. */
export type LoadedTopology =
  | { readonly kind: "ok"; readonly topology: Topology; readonly warnings: readonly Fault[] }
  | { readonly kind: "faulty"; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] };

const MAX_FILE_BYTES = 1_000_000;

/** Reads, checks and joins the files of one federation. Whatever is wrong with them is a fault, never a rejection. */
export async function loadTopology(files: readonly string[]): Promise<LoadedTopology> {
  const collector = new FaultCollector();
  const sources: TopologySource[] = [];
  for (const file of files) {
    const text = await readText(file, collector);
    if (text !== undefined) {
      sources.push({ file, text });
    }
  }
  return checkSources(sources, collector);
}

/** The text of one file; `file` is what faults call it, and what relative paths in it start from. */
export interface TopologySource {
  readonly file: string;
  readonly text: string;
}

/** As `loadTopology`, for texts that are in memory. */
export function parseTopology(sources: readonly TopologySource[]): LoadedTopology {
  return checkSources(sources, new FaultCollector());
}

function checkSources(sources: readonly TopologySource[], collector: FaultCollector): LoadedTopology {
  const trees: SourceNode[] = [];
  const facts: NodeFacts[] = [];
  const documents: ReadDocument[] = [];
  for (const { file, text } of sources) {
    collector.addSource(file, text);
    const tree = readSourceTree(file, text, collector);
    if (tree === undefined) {
      continue;
    }
    const ownFacts = readFacts(file, tree, collector);
    trees.push(tree);
    facts.push(...ownFacts);
    const parsed = topologyDocumentSchema.safeParse(tree.plain);
    if (parsed.success) {
      documents.push({ document: parsed.data, facts: ownFacts });
    } else {
      reportShape(tree, parsed.error.issues, collector);
    }
  }
  checkTogether(facts, trees, collector);
  const { faults, warnings } = collector;
  return faults.length > 0
    ? { kind: "faulty", faults, warnings }
    : { kind: "ok", topology: buildTopology(documents), warnings };
}

function checkTogether(facts: readonly NodeFacts[], trees: readonly SourceNode[], collector: FaultCollector): void {
  const hubs = facts.filter(({ role }) => role === "hub");
  const branches = facts.filter(({ role }) => role === "branch");
  checkFederation(trees, collector);
  checkNodes(facts, trees, collector);
  checkAddresses(facts, collector);
  checkTrunks({ hubs, branches }, collector);
  checkNumbers(branches, collector);
  const plan = planOf(branches);
  for (const branch of branches) {
    checkExtensions(branch, plan, collector);
    checkPlainSecrets(branch, collector);
  }
}

async function readText(file: string, collector: FaultCollector): Promise<string | undefined> {
  const place = { file, line: 1, column: 1 };
  const unreadable = (message: string, advice: string): undefined => {
    collector.addSource(file, "");
    collector.fault(place, { code: "unreadable-file", path: "", message, advice });
    return undefined;
  };
  try {
    const status = await stat(file);
    if (!status.isFile()) {
      return unreadable("this is not a file", "name a YAML file");
    }
    if (status.size > MAX_FILE_BYTES) {
      collector.addSource(file, "");
      const advice = "divide it into several files and name them all";
      collector.fault(place, { code: "too-large", path: "", message: "the file is larger than 1 MB", advice });
      return undefined;
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
  } catch (error) {
    if (error instanceof TypeError) {
      return unreadable("the file is not UTF-8", "save it as UTF-8");
    }
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
    const message = reason === "ENOENT" ? "there is no such file" : `the file cannot be read (${reason})`;
    return unreadable(message, "check the path and the permissions");
  }
}
