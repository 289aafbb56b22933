import type { TopologyDocument } from "../document/schema.ts";
import type { SourceNode } from "../document/source-tree.ts";
import type { FaultCode, FaultCollector } from "../fault.ts";
import { formatPlace } from "../place.ts";

/** The part of a file that rules are read from; the shape is known to be right. */
export interface RuleFile {
  readonly file: string;
  readonly tree: SourceNode;
  readonly document: TopologyDocument;
}

export type RuleSection = "calendars" | "routes" | "blocked";

/** A rule of a file, and where it stands. */
export interface RuleSource {
  readonly id: string;
  readonly node: SourceNode;
}

/** The rules of one section in all files; a second one of a name is a fault. */
export function ruleSources(
  files: readonly RuleFile[],
  section: RuleSection,
  collector: FaultCollector,
): readonly RuleSource[] {
  const found = new Map<string, RuleSource>();
  for (const { tree } of files) {
    for (const [id, node] of tree.entries.get(section)?.entries ?? []) {
      const earlier = found.get(id)?.node.keyPlace;
      if (earlier === undefined) {
        found.set(id, { id, node });
        continue;
      }
      const message = `${section}.${id} stands here a second time, after ${formatPlace(earlier)}`;
      const advice = "join the two, or give one of them another name";
      collector.fault(node.keyPlace, { code: "duplicate-id", path: node.path, message, advice, other: earlier });
    }
  }
  return [...found.values()];
}

/** Says what is wrong with one value of a rule, at its place. */
export function faultAt(
  node: SourceNode | undefined,
  { code, message, advice }: { readonly code: FaultCode; readonly message: string; readonly advice: string },
  collector: FaultCollector,
): void {
  if (node !== undefined) {
    collector.fault(node.place, { code, path: node.path, message, advice });
  }
}
