import { rollbackTopology } from "@mss/topology";
import { EXIT } from "../output.ts";
import type { ExitStatus } from "../output.ts";
import { withFederationStore } from "../topology/federation-store.ts";
import { findFederation } from "../topology/find-federation.ts";
import type { FederationFlags } from "../topology/find-federation.ts";
import { publicationOf, signingKeyOf } from "../topology/publication-flags.ts";
import type { PublicationCommand } from "../topology/publication-flags.ts";
import { reportPublication } from "../topology/report-publication.ts";

export interface TopologyRollbackOptions extends PublicationCommand, FederationFlags {
  readonly revision: number;
}

/** `mss topology rollback`: publishes an old snapshot as a new revision. */
export async function topologyRollback(options: TopologyRollbackOptions): Promise<ExitStatus> {
  const { revision, output } = options;
  const federation = await findFederation(options, output);
  if (federation === undefined) {
    return EXIT.usage;
  }
  const message = options.message ?? `back to revision ${revision}`;
  const read = await signingKeyOf(options);
  if (read.kind === "unusable") {
    return EXIT.usage;
  }
  return withFederationStore({ ...options, federation }, async (store) => {
    const publication = publicationOf({ ...options, message }, { store, signer: read.signer });
    const outcome = await rollbackTopology({ ...publication, revision, federation });
    return reportPublication(outcome, { ...options, federation });
  });
}
