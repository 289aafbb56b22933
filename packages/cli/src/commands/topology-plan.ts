import { readFile } from "node:fs/promises";
import { z } from "zod";
import { callRecordSchema } from "@mss/model";
import type { CallRecord, Snapshot } from "@mss/model";
import {
  diffSnapshots,
  formatDiff,
  formatReplay,
  keyId,
  loadTopology,
  openRevision,
  replayCalls,
  toSnapshot,
} from "@mss/topology";
import { faultText } from "../fault-text.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import { UNSIGNED } from "../topology/report-publication.ts";
import { failed, withFederationStore } from "../topology/federation-store.ts";
import type { OpenStore } from "../topology/federation-store.ts";

export interface TopologyPlanOptions {
  readonly files: readonly string[];
  /** Files to compare with, instead of what is in force. */
  readonly against?: readonly string[];
  /** File with past calls, as `mss cdr --format json` writes them. */
  readonly replay?: string;
  readonly json: boolean;
  readonly openStore: OpenStore;
  readonly output: Output;
}

/** `mss topology plan`: what `apply` would change. Status as `apply` would have it: refused when it needs force. */
export async function topologyPlan(options: TopologyPlanOptions): Promise<ExitStatus> {
  const { files, against, output } = options;
  const after = await candidateOf(files, output);
  if (after === undefined) {
    return EXIT.usage;
  }
  if (against !== undefined) {
    const before = await candidateOf(against, output);
    return before === undefined ? EXIT.usage : report(before, after, options);
  }
  const { federation } = after.snapshot;
  return withFederationStore({ ...options, federation }, async (store) => {
    const current = await store.current();
    const opened = current && openRevision(current, { federation, trustedKeys: [] });
    if (opened?.kind === "refused") {
      const text = `${federation}: what is in force cannot be read: ${opened.reason}`;
      return failed(options, { outcome: "unreadable", text }, EXIT.failed);
    }
    const before = opened && {
      snapshot: opened.revision.snapshot,
      signingKeys: opened.revision.header.signingKeys ?? [],
    };
    return report(before, after, options);
  });
}

interface Candidate {
  readonly snapshot: Snapshot;
  readonly signingKeys: readonly string[];
}

async function candidateOf(files: readonly string[], output: Output): Promise<Candidate | undefined> {
  const loaded = await loadTopology(files);
  if (loaded.kind === "faulty") {
    output.err(faultText(loaded.faults));
    return undefined;
  }
  output.err(faultText(loaded.warnings));
  return { snapshot: toSnapshot(loaded.topology), signingKeys: loaded.topology.signingKeys };
}

async function report(
  before: Candidate | undefined,
  after: Candidate,
  { replay: file, json, output }: TopologyPlanOptions,
): Promise<ExitStatus> {
  const diff = diffSnapshots(before?.snapshot, after.snapshot);
  const records = file === undefined ? [] : await readRecords(file);
  if (typeof records === "string") {
    output.err(`${records}\n`);
    return EXIT.usage;
  }
  const replay =
    file === undefined || before === undefined ? undefined : replayCalls(before.snapshot, after.snapshot, records);
  if (json) {
    output.out(
      `${JSON.stringify({ ...diff, ...(replay && { replay }), signing: signingOf(before, after) }, undefined, 2)}\n`,
    );
  } else {
    output.out(formatDiff(diff));
    output.out(signingText(signingOf(before, after)));
    output.err(signingOf(before, after).now.length === 0 ? UNSIGNED : "");
    output.out(replay === undefined ? "" : `\n${formatReplay(replay)}`);
  }
  return diff.needsForce === undefined ? EXIT.ok : EXIT.refused;
}

interface SigningChange {
  /** Who must sign what is published next: one of these; empty: nobody. */
  readonly now: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

function signingOf(before: Candidate | undefined, after: Candidate): SigningChange {
  const [old, next] = [before?.signingKeys ?? [], after.signingKeys];
  return {
    now: old.length > 0 ? old : next,
    added: next.filter((key) => !old.includes(key)),
    removed: old.filter((key) => !next.includes(key)),
  };
}

function signingText({ now, added, removed }: SigningChange): string {
  const changes = [...added.map((key) => `+ key ${key}\n`), ...removed.map((key) => `- key ${key}\n`)].join("");
  return now.length === 0 ? "" : `${changes}apply must be signed by ${now.map(keyId).join(" or ")}\n`;
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
    const found = recordsIn(parseJson(line));
    if (found === undefined) {
      return `${file}:${index + 1}: this line is no call record`;
    }
    records.push(...found);
  }
  return records;
}

/** One record, or the records of one call: what `mss cdr --format json` writes, with or without `--joined`. */
function recordsIn(value: unknown): readonly CallRecord[] | undefined {
  const legs: unknown = typeof value === "object" && value !== null && "legs" in value ? value.legs : [value];
  const records = z.array(callRecordSchema).safeParse(legs);
  return records.success ? records.data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
