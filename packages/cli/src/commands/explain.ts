import { explainRoute, formatExplanation, loadTopology } from "@mss/topology";
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
  const explanation = explainRoute({ topology: loaded.topology, from, to });
  output.out(json ? `${JSON.stringify(explanation, undefined, 2)}\n` : formatExplanation(explanation));
  const { outcome } = explanation;
  return outcome.kind !== "refused" && outcome.isExtension ? EXIT.ok : EXIT.failed;
}
