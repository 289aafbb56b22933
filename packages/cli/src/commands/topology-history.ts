import type { RevisionHeader } from "@mss/model";
import { keyId } from "@mss/topology";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import { withFederationStore } from "../topology/federation-store.ts";
import type { OpenStore } from "../topology/federation-store.ts";
import { findFederation } from "../topology/find-federation.ts";
import type { FederationFlags } from "../topology/find-federation.ts";

export interface TopologyHistoryOptions extends FederationFlags {
  readonly limit: number;
  readonly json: boolean;
  readonly openStore: OpenStore;
  readonly output: Output;
}

const SHORT_HASH = 12;

/** `mss topology history`: who changed what when, newest first; the first line is what is in force. */
export async function topologyHistory(options: TopologyHistoryOptions): Promise<ExitStatus> {
  const { limit, json, output } = options;
  const federation = await findFederation(options, output);
  if (federation === undefined) {
    return EXIT.usage;
  }
  return withFederationStore({ ...options, federation }, async (store) => {
    const headers = await store.history({ limit });
    if (json) {
      output.out(`${JSON.stringify(headers, undefined, 2)}\n`);
      return EXIT.ok;
    }
    output.out(headers.map((header) => `${historyLine(header)}\n`).join(""));
    output.err(headers.length === 0 ? `${federation}: no topology has been published yet\n` : "");
    return EXIT.ok;
  });
}

export function historyLine(header: RevisionHeader): string {
  const { revision, publishedAt, hash, author, message, rollbackOf, forced, signedBy } = header;
  const marks = [
    rollbackOf === undefined ? "" : `rollback of ${rollbackOf}`,
    forced === true ? "forced" : "",
    signedBy === undefined ? "" : `signed by ${keyId(signedBy)}`,
  ].filter((mark) => mark !== "");
  const shown = marks.length === 0 ? "" : ` [${marks.join(", ")}]`;
  return `${String(revision).padStart(5)}  ${publishedAt}  ${hash.slice(0, SHORT_HASH)}  ${author}  ${message}${shown}`.trimEnd();
}
