import { instantOf } from "@mss/dial-plan";
import { callerTimeZone, directoryOf, explainCall, formatExplanation, loadTopology, toSnapshot } from "@mss/topology";
import { faultText } from "../fault-text.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import { explainAtHub } from "./explain-at-hub.ts";

export interface ExplainOptions {
  readonly from: string;
  readonly to: string;
  readonly files: readonly string[];
  /** A local time at the caller's branch, or ISO 8601 with a zone; now when absent. */
  readonly at?: string;
  /** Branch of the caller, where its number alone does not say it. */
  readonly branch?: string;
  /** The running hub to ask; absent: the files alone answer. */
  readonly hub?: string;
  readonly json: boolean;
  readonly output: Output;
}

/** `mss explain`: failed status when the call would not reach a phone's number. */
export async function explain({ from, to, files, at, branch, hub, json, output }: ExplainOptions): Promise<ExitStatus> {
  const loaded = await loadTopology(files);
  if (loaded.kind === "faulty") {
    output.err(faultText(loaded.faults));
    return EXIT.usage;
  }
  const { topology } = loaded;
  if (hub !== undefined) {
    const query = { from, to, ...(at === undefined ? {} : { at }), ...(branch === undefined ? {} : { branch }) };
    return explainAtHub({ topology, hub, query, json, output });
  }
  const snapshot = toSnapshot(topology);
  const call = { snapshot, from, to, ...(branch === undefined ? {} : { branch }) };
  const nowMs = Date.now();
  const atMs = at === undefined ? nowMs : instantOf(at, callerTimeZone(call) ?? "UTC", nowMs);
  if (atMs === undefined) {
    output.err(`error: --at ${at ?? ""} is no time: write "sat 23:00", "2026-11-28 23:00" or 2026-11-28T23:00:00Z\n`);
    return EXIT.usage;
  }
  const explanation = explainCall({ ...call, directory: directoryOf(topology), atMs });
  output.out(json ? `${JSON.stringify(explanation, undefined, 2)}\n` : formatExplanation(explanation));
  const { outcome } = explanation;
  const arrives =
    outcome.kind === "emergency" ||
    outcome.kind === "outside" ||
    (outcome.kind !== "refused" && outcome.isExtension !== false);
  return arrives ? EXIT.ok : EXIT.failed;
}
