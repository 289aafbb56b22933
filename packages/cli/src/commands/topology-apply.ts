import { applyTopology, branchParts, loadTopology, toSnapshot } from "@mss/topology";
import { faultText } from "../fault-text.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus } from "../output.ts";
import { withFederationStore } from "../topology/federation-store.ts";
import { publicationOf, signingKeyOf } from "../topology/publication-flags.ts";
import type { PublicationCommand } from "../topology/publication-flags.ts";
import { reportPublication } from "../topology/report-publication.ts";

export interface TopologyApplyOptions extends PublicationCommand {
  readonly files: readonly string[];
}

/** `mss topology apply`: publishes what the files say, if they have no fault and nobody else was faster. */
export async function topologyApply(options: TopologyApplyOptions): Promise<ExitStatus> {
  const { files, output } = options;
  const loaded = await loadTopology(files);
  if (loaded.kind === "faulty") {
    output.err(faultText(loaded.faults));
    return EXIT.usage;
  }
  output.err(faultText(loaded.warnings));
  const snapshot = toSnapshot(loaded.topology);
  const { federation } = snapshot;
  const { signingKeys } = loaded.topology;
  const parts = branchParts(loaded.topology);
  const read = await signingKeyOf(options);
  if (read.kind === "unusable") {
    return EXIT.usage;
  }
  const { signer } = read;
  if (signer !== undefined && signingKeys.length === 0) {
    const advice = `add signing: { keys: [${signer.publicKey}] }`;
    output.err(
      `${files.join(" ")}: there is no signing key here, so that no node would look at the signature: ${advice}\n`,
    );
    return EXIT.usage;
  }
  return withFederationStore({ ...options, federation }, async (store) => {
    const outcome = await applyTopology({ ...publicationOf(options, { store, signer }), snapshot, signingKeys, parts });
    return reportPublication(outcome, { ...options, federation });
  });
}
