import { directoryOf, explainCall, formatExplanation, loadTopology, toSnapshot } from "@mss/topology";
import { faultText } from "../fault-text.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";

export interface ExplainOptions {
  readonly from: string;
  readonly to: string;
  readonly files: readonly string[];
  readonly json: boolean;
  readonly output: Output;
}

/** `mss explain`: failed status when the call would not reach a phone's number. */
export async function explain({ from, to, files, json, output }: ExplainOptions): Promise<ExitStatus> {
  const loaded = await loadTopology(files);
  if (loaded.kind === "faulty") {
    output.err(faultText(loaded.faults));
    return EXIT.usage;
  }
  const { topology } = loaded;
  const explanation = explainCall({
    snapshot: toSnapshot(topology),
    directory: directoryOf(topology),
    from,
    to,
    atMs: Date.now(),
  });
  output.out(json ? `${JSON.stringify(explanation, undefined, 2)}\n` : formatExplanation(explanation));
  const { outcome } = explanation;
  const arrives = outcome.kind === "emergency" || (outcome.kind !== "refused" && outcome.isExtension !== false);
  return arrives ? EXIT.ok : EXIT.failed;
}
