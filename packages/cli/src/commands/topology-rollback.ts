import { rollbackTopology } from "@mss/topology";
import { EXIT } from "../output.ts";
import type { ExitStatus } from "../output.ts";
import { withFederationStore } from "../topology/federation-store.ts";
import { findFederation } from "../topology/find-federation.ts";
import type { FederationFlags } from "../topology/find-federation.ts";
import { publicationOf } from "../topology/publication-flags.ts";
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
  return withFederationStore({ ...options, federation }, async (store) => {
    const outcome = await rollbackTopology({ ...publicationOf({ ...options, message }, store), revision, federation });
    return reportPublication(outcome, { ...options, federation });
  });
}
