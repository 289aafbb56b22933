import { readFile } from "node:fs/promises";
import { callRecordSchema } from "@mss/model";
import type { CallRecord, Snapshot } from "@mss/model";
import {
  diffSnapshots,
  formatDiff,
  formatReplay,
  loadTopology,
  openRevision,
  replayCalls,
  toSnapshot,
} from "@mss/topology";
import { faultText } from "../fault-text.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import { failed, withFederationStore } from "../topology/federation-store.ts";
import type { OpenStore } from "../topology/federation-store.ts";

export interface TopologyPlanOptions {
  readonly files: readonly string[];
  /** Files to compare with, instead of what is in force. */
  readonly against?: readonly string[];
  /** File with past calls, one record as JSON a line. */
  readonly replay?: string;
  readonly json: boolean;
  readonly openStore: OpenStore;
  readonly output: Output;
}

/** `mss topology plan`: what `apply` would change. Status as `apply` would have it: refused when it needs force. */
export async function topologyPlan(options: TopologyPlanOptions): Promise<ExitStatus> {
  const { files, against, output } = options;
  const after = await snapshotOf(files, output);
  if (after === undefined) {
    return EXIT.usage;
  }
  if (against !== undefined) {
    const before = await snapshotOf(against, output);
    return before === undefined ? EXIT.usage : report(before, after, options);
  }
  const { federation } = after;
  return withFederationStore({ ...options, federation }, async (store) => {
    const current = await store.current();
    const opened = current && openRevision(current, { federation, trustedKeys: [] });
    if (opened?.kind === "refused") {
      const text = `${federation}: what is in force cannot be read: ${opened.reason}`;
      return failed(options, { outcome: "unreadable", text }, EXIT.failed);
    }
    return report(opened?.revision.snapshot, after, options);
  });
}

async function snapshotOf(files: readonly string[], output: Output): Promise<Snapshot | undefined> {
  const loaded = await loadTopology(files);
  if (loaded.kind === "faulty") {
    output.err(faultText(loaded.faults));
    return undefined;
  }
  output.err(faultText(loaded.warnings));
  return toSnapshot(loaded.topology);
}

async function report(
  before: Snapshot | undefined,
  after: Snapshot,
  { replay: file, json, output }: TopologyPlanOptions,
): Promise<ExitStatus> {
  const diff = diffSnapshots(before, after);
  const records = file === undefined ? [] : await readRecords(file);
  if (typeof records === "string") {
    output.err(`${records}\n`);
    return EXIT.usage;
  }
  const replay = file === undefined || before === undefined ? undefined : replayCalls(before, after, records);
  if (json) {
    output.out(`${JSON.stringify({ ...diff, ...(replay && { replay }) }, undefined, 2)}\n`);
  } else {
    output.out(formatDiff(diff));
    output.out(replay === undefined ? "" : `\n${formatReplay(replay)}`);
  }
  return diff.needsForce === undefined ? EXIT.ok : EXIT.refused;
}

/** The records of a file, or what is wrong with it, with its line. */
async function readRecords(file: string): Promise<readonly CallRecord[] | string> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    return `${file}: cannot be read${error instanceof Error && "code" in error ? ` (${String(error.code)})` : ""}`;
  }
  const records: CallRecord[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") {
      continue;
    }
    const record = callRecordSchema.safeParse(parseJson(line));
    if (!record.success) {
      return `${file}:${index + 1}: this line is no call record`;
    }
    records.push(record.data);
  }
  return records;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
